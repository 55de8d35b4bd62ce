//! The authorization code: used once, with the verifier of its challenge.

use std::time::Duration;

use auth_sim::Simulator;
use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID, REDIRECT_URI, USERNAME};

use crate::client::{JSON, form, json, send, with, without};
use crate::generic::{refresh, token, whoami};

/// From RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Logs in at the authorization endpoint, and returns the code, decoded.
fn code(generic: &Simulator, client: &str, challenge: Option<&str>) -> String {
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", REDIRECT_URI),
    ];
    if let Some(challenge) = challenge {
        fields.extend([
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ]);
    }
    let reply = send(
        generic,
        &format!("GET /authorize?{}", form(&fields)),
        &[],
        "",
    );
    let location = reply.header("location").unwrap().to_owned();
    let (_, rest) = location.split_once("code=").unwrap();
    rest.split('&').next().unwrap().replace("%3D", "=")
}

fn exchange(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ]
}

#[test]
fn a_code_works_once_and_its_replay_revokes_the_tokens() {
    let generic = Simulator::generic();
    let code = code(&generic, CLIENT_ID, None);
    assert!(code.ends_with('='), "the code must need encoding");
    let reply = token(&generic, &exchange(&code));
    assert_eq!(
        whoami(&generic, &reply.text("access_token")).text("sub"),
        USERNAME
    );
    assert_eq!(
        token(&generic, &exchange(&code)).text("error"),
        "invalid_grant"
    );
    assert_eq!(whoami(&generic, &reply.text("access_token")).status, 401);
    assert_eq!(refresh(&generic, &reply.text("refresh_token")).status, 400);
}

/// The client, the redirect URI and the verifier must match; the code expires after a minute.
#[test]
fn a_code_is_bound_to_its_request_and_expires() {
    let generic = Simulator::generic();
    let refused = |fields: &[(&str, &str)]| token(&generic, fields).text("error");
    let plain = code(&generic, CLIENT_ID, None);
    let other = with(
        &exchange(&plain),
        "redirect_uri",
        "http://127.0.0.1:9/other",
    );
    assert_eq!(refused(&other), "invalid_grant");
    assert_eq!(
        refused(&without(&exchange(&plain), "redirect_uri")),
        "invalid_grant"
    );
    assert_eq!(
        refused(&with(&exchange(&plain), "code_verifier", VERIFIER)),
        "invalid_grant"
    );
    let public = without(&exchange(&plain), "client_secret");
    assert_eq!(
        refused(&with(&public, "client_id", PUBLIC_CLIENT_ID)),
        "invalid_grant"
    );
    generic.advance(Duration::from_secs(60));
    assert_eq!(refused(&exchange(&plain)), "invalid_grant");

    let proved = code(&generic, PUBLIC_CLIENT_ID, Some(CHALLENGE));
    let public = without(&exchange(&proved), "client_secret");
    let public = with(&public, "client_id", PUBLIC_CLIENT_ID);
    assert_eq!(refused(&public), "invalid_grant");
    assert_eq!(
        refused(&with(&public, "code_verifier", "wrong")),
        "invalid_grant"
    );
    assert_eq!(
        token(&generic, &with(&public, "code_verifier", VERIFIER)).status,
        200
    );
}

#[test]
fn in_json_the_redirect_uri_may_be_left_out() {
    let generic = Simulator::generic();
    let code = code(&generic, CLIENT_ID, None);
    let body = json(&without(&exchange(&code), "redirect_uri"));
    assert_eq!(send(&generic, "POST /token", &[JSON], &body).status, 200);
}
