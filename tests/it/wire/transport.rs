//! The same request, whichever way it is sent.

use auth_core::agent;
use auth_core::grant::TokenRequest;
use auth_core::transport::HttpTransport;

use super::{FORM, JSON, Wire, request};

#[test]
fn a_transport_adds_a_user_agent_and_nothing_else() {
    let allowing = HttpTransport::builder().danger_allow_http();
    for (transport, by_name, user_agent) in [
        (HttpTransport::new(), false, None),
        (allowing.build().unwrap(), true, None),
        (agent::transport(with_name("acme/1")), false, Some("acme/1")),
    ] {
        let wire = Wire::answering([(200, ANSWER), (200, ANSWER)]);
        let mut url = wire.url() + "/token";
        if by_name {
            url = url.replace("127.0.0.1", "localhost");
        }
        for shape in [TokenRequest::form, TokenRequest::json] {
            let request = shape(&url).param("grant_type", "password");
            request.send(&transport).expect("a token");
        }
        let with = |kind| [Some(kind), user_agent.map(|it| ("user-agent", it))];
        let headers = |kind| with(kind).into_iter().flatten().collect::<Vec<_>>();
        wire.saw(&[
            request("POST /token", &headers(FORM), "grant_type=password"),
            request(
                "POST /token",
                &headers(JSON),
                r#"{"grant_type":"password"}"#,
            ),
        ]);
    }
}

fn with_name(user_agent: &str) -> ureq::Agent {
    let config = ureq::Agent::config_builder().user_agent(user_agent);
    config.build().new_agent()
}

const ANSWER: &str = r#"{"access_token":"a1","token_type":"bearer"}"#;
