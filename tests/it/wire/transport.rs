//! Every transport sends the same request.

use auth_core::agent;
use auth_core::grant::TokenRequest;
use auth_core::transport::HttpTransport;

use super::{FORM, JSON, Wire, request};

#[test]
fn a_transport_adds_a_user_agent_and_nothing_else() {
    let allowing = HttpTransport::builder().danger_allow_http();
    for (transport, by_name, user_agent) in [
        (HttpTransport::new(), false, "auth-core/VERSION"),
        (allowing.build().unwrap(), true, "auth-core/VERSION"),
        (agent::transport(with_name("acme/1")), false, "acme/1"),
    ] {
        let wire = Wire::answering("POST", [(200, ANSWER), (200, ANSWER)]);
        let mut url = wire.url() + "/token";
        if by_name {
            url = url.replace("127.0.0.1", "localhost");
        }
        for shape in [TokenRequest::form, TokenRequest::json] {
            let request = shape(&url).param("grant_type", "password");
            request.send(&transport).expect("a token");
        }
        let sent_by = |text: String| {
            text.replace(
                "user-agent: auth-core/VERSION",
                &format!("user-agent: {user_agent}"),
            )
        };
        wire.saw(&[
            sent_by(request("POST /token", &[FORM], "grant_type=password")),
            sent_by(request(
                "POST /token",
                &[JSON],
                r#"{"grant_type":"password"}"#,
            )),
        ]);
    }
}

fn with_name(user_agent: &str) -> ureq::Agent {
    let config = ureq::Agent::config_builder().user_agent(user_agent);
    config.build().new_agent()
}

const ANSWER: &str = r#"{"access_token":"a1","token_type":"bearer"}"#;
