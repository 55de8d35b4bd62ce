//! How a client shows who it is: in one way, and in no other.

mod assertions; // `private_key_jwt`
mod basic; // HTTP Basic
mod clocks; // an assertion is read by another clock
mod keys; // which keys are taken

use crate::asking::Asking as _;
use auth_core::transport::Transport;
use oauth2_generic::{Client, ClientAuth, ClientCredentials, Encoding, Error, Result};

use crate::requests::client;
use crate::script::Script;

/// What a client that shows itself so sends, without the endpoint.
fn shown(client_auth: ClientAuth, body: Encoding) -> (String, bool) {
    let http = Script::default().then(200, ANSWER);
    let client = Client {
        client_auth,
        body,
        scope: String::new(),
        ..client()
    };
    ClientCredentials::new(client).obtain(&http).unwrap();
    let asked = http.asked().remove(0);
    let body = asked.splitn(3, ' ').nth(2).unwrap_or_default().to_owned();
    (body, http.headers().contains_key("authorization"))
}

#[test]
fn a_public_client_and_one_with_a_certificate_name_themselves_and_no_secret() {
    for client_auth in [ClientAuth::None, ClientAuth::MutualTls] {
        assert_eq!(
            shown(client_auth.clone(), Encoding::Form),
            ("grant_type=client_credentials&client_id=app".into(), false)
        );
        assert_eq!(
            shown(client_auth, Encoding::Json),
            (
                r#"{"grant_type":"client_credentials","client_id":"app"}"#.into(),
                false
            )
        );
    }
}

#[test]
fn a_secret_goes_where_it_was_registered_for() {
    let (body, basic) = shown(ClientAuth::Body, Encoding::Form);
    assert!(body.ends_with("&client_id=app&client_secret=s%26cret") && !basic);
    let (body, basic) = shown(ClientAuth::Basic, Encoding::Form);
    assert_eq!(
        (body.as_str(), basic),
        ("grant_type=client_credentials", true)
    );
}

#[test]
fn a_client_that_is_refused_does_not_try_another_way() {
    for client_auth in [
        ClientAuth::Body,
        ClientAuth::Basic,
        ClientAuth::None,
        ClientAuth::MutualTls,
    ] {
        let http = Script::default().then(401, r#"{"error":"invalid_client"}"#);
        let client = Client {
            client_auth,
            ..client()
        };
        let answer = ClientCredentials::new(client).obtain(&http as &dyn Transport);
        assert!(matches!(answer, Err(Error::Refused(_))));
        assert_eq!(http.asked().len(), 1);
    }
}

#[test]
fn every_way_has_its_name_in_the_server_s_metadata() -> Result<()> {
    for (announced, client_auth, allowed) in [
        ("client_secret_post", ClientAuth::Body, true),
        ("client_secret_post", ClientAuth::Basic, false),
        ("client_secret_basic", ClientAuth::Basic, true),
        ("tls_client_auth", ClientAuth::MutualTls, true),
        ("self_signed_tls_client_auth", ClientAuth::MutualTls, true),
        ("private_key_jwt", ClientAuth::MutualTls, false),
        ("private_key_jwt", ClientAuth::None, true),
    ] {
        let client = announcing(announced, client_auth)?;
        let http = Script::default().then(200, ANSWER);
        let answer = ClientCredentials::new(client).obtain(&http);
        assert_eq!(answer.is_ok(), allowed, "{announced}: {answer:?}");
        assert_eq!(http.asked().len(), usize::from(allowed));
    }
    Ok(())
}

/// A client of a server that announces one method of authentication.
fn announcing(method: &str, client_auth: ClientAuth) -> Result<Client> {
    let metadata = format!(
        r#"{{"issuer":"{ISSUER}","token_endpoint":"{ISSUER}/token","token_endpoint_auth_methods_supported":["{method}"]}}"#
    );
    let http = Script::default().then(200, &metadata);
    let mut client = oauth2_generic::Metadata::discover(ISSUER, &http)?.client("app");
    client.client_secret = "s&cret".into();
    client.client_auth = client_auth;
    Ok(client)
}

const ISSUER: &str = "https://login.example";
const ANSWER: &str = r#"{"access_token":"t","token_type":"bearer"}"#;
