//! HTTP Basic, at servers that decode what is in it and at those that do not.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use oauth2_generic::{Client, ClientAuth, ClientCredentials, Encoding, Error};

use crate::asking::Asking as _;
use crate::requests::client;
use crate::script::Script;

use super::ANSWER;

/// What is in the header of a client with this id and secret, and the body of its request.
fn sent(client: Client) -> (String, String) {
    let http = Script::default().then(200, ANSWER);
    ClientCredentials::new(client).obtain(&http).unwrap();
    let headers = http.headers();
    assert!(headers["authorization"].is_sensitive());
    let header = headers["authorization"].to_str().unwrap();
    let pair = header.strip_prefix("Basic ").unwrap();
    let pair = String::from_utf8(BASE64_STANDARD.decode(pair).unwrap()).unwrap();
    let asked = http.asked().remove(0);
    let body = asked.splitn(3, ' ').nth(2).unwrap_or_default();
    (pair, body.to_owned())
}

fn with(client_auth: ClientAuth, id: &str, secret: &str) -> Client {
    Client {
        client_id: id.into(),
        client_secret: secret.into(),
        client_auth,
        scope: String::new(),
        ..client()
    }
}

#[test]
fn only_what_a_decoder_would_misread_is_encoded() {
    for (id, secret, pair) in [
        ("app", "s3cret", "app:s3cret"),
        (
            "app",
            "~!@#$^&*()=/:;,?'\"<>[]{}|\\",
            "app:~!@#$^&*()=/:;,?'\"<>[]{}|\\",
        ),
        ("app", "dGVzdA==", "app:dGVzdA=="),
        ("a@b/c~d", "s", "a@b/c~d:s"),
        ("app", "100%", "app:100%25"),
        ("app", "a+b", "app:a%2Bb"),
        ("a:b c", "d e", "a%3Ab%20c:d%20e"),
    ] {
        assert_eq!(sent(with(ClientAuth::Basic, id, secret)).0, pair);
    }
}

#[test]
fn basic_raw_sends_both_parts_as_they_are() {
    for (id, secret) in [("@!89FB.4D62!0001", "z/t$9+w="), ("app", "100% + more")] {
        let (pair, body) = sent(with(ClientAuth::BasicRaw, id, secret));
        assert_eq!(pair, format!("{id}:{secret}"));
        assert_eq!(body, "grant_type=client_credentials");
    }
}

#[test]
fn an_id_with_a_colon_cannot_go_as_it_is() {
    let client = with(ClientAuth::BasicRaw, "a:b", "s");
    let error = ClientCredentials::new(client)
        .obtain(&Script::default())
        .unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    assert!(error.to_string().contains("`ClientAuth::Basic`"), "{error}");
}

#[test]
fn a_secret_may_be_empty() {
    for client in [
        with(ClientAuth::BasicEmpty, "cf", ""),
        with(ClientAuth::BasicEmpty, "cf", "not shown"),
        with(ClientAuth::BasicRaw, "cf", ""),
    ] {
        let http = Script::default().then(200, ANSWER);
        ClientCredentials::new(client).obtain(&http).unwrap();
        assert_eq!(
            http.headers()["authorization"].to_str().unwrap(),
            "Basic Y2Y6"
        );
        assert!(http.asked()[0].ends_with(" grant_type=client_credentials"));
    }
}

#[test]
fn the_id_goes_into_the_body_too_where_it_is_wanted() {
    for client_auth in [
        ClientAuth::Basic,
        ClientAuth::BasicRaw,
        ClientAuth::BasicEmpty,
    ] {
        let plain = with(client_auth, "batch", "s3cret");
        let wanted = Client {
            client_id_in_body: true,
            ..plain.clone()
        };
        let extra = plain.clone().param("client_id", "batch");
        assert_eq!(sent(plain).1, "grant_type=client_credentials");
        for client in [wanted, extra] {
            assert_eq!(
                sent(client).1,
                "grant_type=client_credentials&client_id=batch"
            );
        }
    }
}

#[test]
fn an_id_in_the_body_stands_there_once() {
    for client_auth in [ClientAuth::Body, ClientAuth::None] {
        let client = Client {
            client_id_in_body: true,
            extra: vec![("client_id".into(), "batch".into())],
            body: Encoding::Form,
            ..with(client_auth, "batch", "")
        };
        let http = Script::default().then(200, ANSWER);
        ClientCredentials::new(client).obtain(&http).unwrap();
        assert!(http.asked()[0].ends_with(" grant_type=client_credentials&client_id=batch"));
    }
}

/// The text of the error of a client that the server does not know.
fn refused(client: Client, status: u16, body: &str) -> String {
    let http = Script::default().then(status, body);
    let error = ClientCredentials::new(client).obtain(&http).unwrap_err();
    assert_eq!(http.asked().len(), 1, "no other way is tried");
    error.to_string()
}

#[test]
fn a_refusal_names_the_other_ways_where_servers_differ() {
    let invalid = r#"{"error":"invalid_client","error_description":"no"}"#;
    for (client_auth, secret, hints) in [
        (
            ClientAuth::Basic,
            "a+b",
            &["`ClientAuth::BasicRaw`", "`ClientAuth::Body`"][..],
        ),
        (
            ClientAuth::Basic,
            "100%",
            &["`ClientAuth::BasicRaw`", "`ClientAuth::Body`"],
        ),
        (ClientAuth::Basic, "a~b", &["`ClientAuth::Body`"]),
        (
            ClientAuth::BasicRaw,
            "a+b",
            &["`ClientAuth::Basic`", "`ClientAuth::Body`"],
        ),
    ] {
        let shown = refused(with(client_auth, "app", secret), 401, invalid);
        for hint in hints {
            assert!(shown.contains(hint), "{shown}");
        }
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn nothing_is_hinted_at_where_all_servers_agree() {
    for (client_auth, secret, status, body) in [
        (
            ClientAuth::Basic,
            "s3cret",
            401,
            r#"{"error":"invalid_client"}"#,
        ),
        (
            ClientAuth::BasicRaw,
            "s3cret",
            401,
            r#"{"error":"invalid_client"}"#,
        ),
        (
            ClientAuth::Body,
            "a+b",
            401,
            r#"{"error":"invalid_client"}"#,
        ),
        (
            ClientAuth::Basic,
            "a+b",
            400,
            r#"{"error":"invalid_scope"}"#,
        ),
    ] {
        let shown = refused(with(client_auth, "app", secret), status, body);
        assert!(!shown.contains("ClientAuth::"), "{shown}");
    }
}

#[test]
fn a_pair_that_the_server_repeats_is_not_shown() {
    for (client_auth, pair) in [
        (ClientAuth::Basic, "app:z/t$9%2Bw="),
        (ClientAuth::BasicRaw, "app:z/t$9+w="),
    ] {
        for repeated in [pair, "z/t$9+w=", &BASE64_STANDARD.encode(pair)] {
            let body =
                format!(r#"{{"error":"invalid_client","error_description":"not {repeated}"}}"#);
            let shown = refused(with(client_auth.clone(), "app", "z/t$9+w="), 401, &body);
            assert!(
                shown.contains("not ") && !shown.contains("z/t$9"),
                "{shown}"
            );
            assert!(!shown.contains(repeated), "{shown}");
        }
    }
}
