//! Ermeo: JSON bodies, password and refresh.

use crate::support::asking::Asking as _;
use auth_all::Secret;
use std::time::Duration;

use auth_core::error::ErrorCode;
use auth_core::{Grant, Session};
use ermeo_auth::Ermeo;
use serde_json::{Value, json};

use crate::support::Script;

use super::{JSON, Wire, assert_refused, assert_token, request, session};

fn camille(base: String) -> Ermeo {
    Ermeo {
        client_id: "7_4hzk".into(),
        client_secret: "2vhq".into(),
        username: "camille@acme.example".into(),
        password: "secret".into(),
        base,
    }
}

fn post(body: &str) -> String {
    request("POST /oauth/v2/token", &[JSON], body)
}

#[test]
fn a_password_login_and_a_refresh_are_these_requests() {
    let second = r#"{"access_token":"a2","expires_in":"7200","token_type":"bearer","scope":null,"refresh_token":"r2"}"#;
    let wire = Wire::answering("POST", [(200, FIRST), (200, second)]);
    let (session, clock) = session(camille(wire.url()));

    let token = session.token();
    assert_token(&token, "YzI1NDc3", Some(7200));
    assert_eq!(token.unwrap().scope(), Some("user"));
    assert_eq!(session.refresh_token().unwrap().expose(), "NjcyNGY3");
    clock.advance(Duration::from_secs(7200));
    let token = session.token();
    assert_token(&token, "a2", Some(14_400));
    assert_eq!(
        token.unwrap().scope(),
        Some("user"),
        "one that is not repeated is unchanged"
    );
    assert_eq!(session.refresh_token().unwrap().expose(), "r2");

    wire.saw(&[
        post(r#"{"grant_type":"password","client_id":"7_4hzk","client_secret":"2vhq","username":"camille@acme.example","password":"secret"}"#),
        post(r#"{"grant_type":"refresh_token","client_id":"7_4hzk","client_secret":"2vhq","refresh_token":"NjcyNGY3"}"#),
    ]);
}

#[test]
fn a_session_lives_on_a_refresh_token_alone() {
    let wire = Wire::answering("POST", [(200, FIRST)]);
    let grant = Ermeo::new("7_4hzk", Secret::new("2vhq")).base(wire.url() + "/");
    let session = Session::builder(grant)
        .refresh_token(Secret::new("kept"))
        .build()
        .unwrap();
    assert_eq!(session.token().unwrap().expose(), "YzI1NDc3");
    assert_eq!(session.refresh_token().unwrap().expose(), "NjcyNGY3");
    wire.saw(&[post(
        r#"{"grant_type":"refresh_token","client_id":"7_4hzk","client_secret":"2vhq","refresh_token":"kept"}"#,
    )]);
}

#[test]
fn a_refresh_token_older_than_two_weeks_is_not_sent_any_more() {
    let wire = Wire::answering("POST", [(200, FIRST), (200, FIRST)]);
    let (session, clock) = session(camille(wire.url()));
    session.token().unwrap();
    clock.advance(Duration::from_secs(14 * 24 * 3600));
    session.token().unwrap();
    let login = post(
        r#"{"grant_type":"password","client_id":"7_4hzk","client_secret":"2vhq","username":"camille@acme.example","password":"secret"}"#,
    );
    wire.saw(&[login.clone(), login]);
}

#[test]
fn odd_characters_arrive_as_the_json_that_they_are() {
    let odd = "Été \"2026\" \\ + 100% & </script> \u{202e}\u{1f512}\t";
    let wire = Wire::answering("POST", [(200, FIRST)]);
    let grant = camille(wire.url()).password("", Secret::new(odd));
    Session::new(grant).token().unwrap();
    let body = "{\"grant_type\":\"password\",\"client_id\":\"7_4hzk\",\"client_secret\":\"2vhq\",\
        \"username\":\"camille@acme.example\",\"password\":\"Été \\\"2026\\\" \\\\ + 100% & </script> \u{202e}\u{1f512}\\t\"}";
    assert_eq!(
        serde_json::from_str::<Value>(body).unwrap()["password"],
        odd
    );
    wire.saw(&[post(body)]);
}

#[test]
fn the_default_host_is_the_documented_one() {
    let script = Script::bodies([FIRST]);
    camille(Ermeo::default().base).obtain(&script).unwrap();
    assert_eq!(script.urls(), ["https://api.ermeo.com/oauth/v2/token"]);
    assert_eq!(
        camille(Ermeo::default().base).policy().apis(),
        ["https://api.ermeo.com"]
    );
}

#[test]
fn the_errors_of_ermeo_are_refusals_with_their_text() {
    for (code, description, expected) in [
        (
            "invalid_grant",
            "Invalid username and password combination",
            ErrorCode::InvalidGrant,
        ),
        (
            "invalid_client",
            "The client credentials are invalid",
            ErrorCode::InvalidClient,
        ),
        (
            "invalid_grant",
            "Invalid refresh token",
            ErrorCode::InvalidGrant,
        ),
        (
            "invalid_grant",
            "Refresh token has expired",
            ErrorCode::InvalidGrant,
        ),
        (
            "invalid_request",
            "Invalid grant_type parameter or parameter missing",
            ErrorCode::InvalidRequest,
        ),
    ] {
        let body = json!({"error": code, "error_description": description}).to_string();
        let wire = Wire::answering("POST", [(400, body.as_str())]);
        let outcome = Session::new(camille(wire.url())).token();
        assert_refused(outcome, 400, &expected, &format!("{code} ({description})"));
    }
}

#[test]
fn a_description_that_is_null_is_no_description() {
    let body = r#"{"error":"unsupported_grant_type","error_description":null}"#;
    let wire = Wire::answering("POST", [(400, body)]);
    let outcome = Session::new(camille(wire.url())).token();
    assert_refused(
        outcome,
        400,
        &ErrorCode::UnsupportedGrantType,
        "unsupported_grant_type",
    );
}

const FIRST: &str = r#"{"access_token":"YzI1NDc3","expires_in":7200,"token_type":"bearer","scope":"user","refresh_token":"NjcyNGY3"}"#;
