//! HTTP Basic, at servers that decode what is in it and at those that do not.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use oauth2_generic::{Client, ClientAuth, ClientCredentials, Error, Secret};

use crate::asking::Asking as _;
use crate::requests::server;
use crate::script::Script;

use super::{ANSWER, Way};

/// The pair in the header of a client, and the body of its request.
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

const BASIC: Way = ClientAuth::basic;
const BASIC_RAW: Way = ClientAuth::basic_raw;
const POST: Way = ClientAuth::post;

fn with(way: Way, id: &str, secret: &str) -> Client {
    Client::new(server(), id).auth(way(Secret::new(secret)))
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
        assert_eq!(sent(with(BASIC, id, secret)).0, pair);
    }
}

#[test]
fn basic_raw_sends_both_parts_as_they_are() {
    for (id, secret) in [("@!89FB.4D62!0001", "z/t$9+w="), ("app", "100% + more")] {
        let (pair, body) = sent(with(BASIC_RAW, id, secret));
        assert_eq!(pair, format!("{id}:{secret}"));
        assert_eq!(body, "grant_type=client_credentials");
    }
}

#[test]
fn an_id_with_a_colon_cannot_go_as_it_is() {
    let client = with(BASIC_RAW, "a:b", "s");
    let error = ClientCredentials::new(client)
        .obtain(&Script::default())
        .unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    assert!(error.to_string().contains("`ClientAuth::basic`"), "{error}");
}

#[test]
fn a_secret_may_be_empty() {
    for client in [with(BASIC, "cf", ""), with(BASIC_RAW, "cf", "")] {
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
    for way in [BASIC, BASIC_RAW] {
        let plain = with(way, "batch", "s3cret");
        let wanted = plain.clone().client_id_in_body();
        let param = plain.clone().param("client_id", "batch");
        assert_eq!(sent(plain).1, "grant_type=client_credentials");
        for client in [wanted, param] {
            assert_eq!(
                sent(client).1,
                "grant_type=client_credentials&client_id=batch"
            );
        }
    }
}

#[test]
fn an_id_in_the_body_is_sent_once() {
    for auth in [ClientAuth::none(), ClientAuth::mutual_tls()] {
        let client = Client::new(server(), "batch")
            .auth(auth)
            .client_id_in_body()
            .param("client_id", "batch");
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
    for (way, secret, hints) in [
        (
            BASIC,
            "a+b",
            &["`ClientAuth::basic_raw`", "`ClientAuth::post`"][..],
        ),
        (
            BASIC,
            "100%",
            &["`ClientAuth::basic_raw`", "`ClientAuth::post`"],
        ),
        (BASIC, "a~b", &["`ClientAuth::post`"]),
        (
            BASIC_RAW,
            "a+b",
            &["`ClientAuth::basic`", "`ClientAuth::post`"],
        ),
    ] {
        let shown = refused(with(way, "app", secret), 401, invalid);
        for hint in hints {
            assert!(shown.contains(hint), "{shown}");
        }
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn nothing_is_hinted_at_where_all_servers_agree() {
    for (way, secret, status, body) in [
        (BASIC, "s3cret", 401, r#"{"error":"invalid_client"}"#),
        (BASIC_RAW, "s3cret", 401, r#"{"error":"invalid_client"}"#),
        (POST, "a+b", 401, r#"{"error":"invalid_client"}"#),
        (BASIC, "a+b", 400, r#"{"error":"invalid_scope"}"#),
    ] {
        let shown = refused(with(way, "app", secret), status, body);
        assert!(!shown.contains("ClientAuth::"), "{shown}");
    }
}

#[test]
fn a_pair_that_the_server_repeats_is_not_shown() {
    for (way, pair) in [(BASIC, "app:z/t$9%2Bw="), (BASIC_RAW, "app:z/t$9+w=")] {
        for repeated in [pair, "z/t$9+w=", &BASE64_STANDARD.encode(pair)] {
            let body =
                format!(r#"{{"error":"invalid_client","error_description":"not {repeated}"}}"#);
            let shown = refused(with(way, "app", "z/t$9+w="), 401, &body);
            assert!(
                shown.contains("not ") && !shown.contains("z/t$9"),
                "{shown}"
            );
            assert!(!shown.contains(repeated), "{shown}");
        }
    }
}
