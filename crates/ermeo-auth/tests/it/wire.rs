//! The requests of a login and of a refresh, and the errors that Ermeo documents.

use std::time::{Duration, SystemTime};

use auth_core::clock::Clock as _;
use auth_core::error::ErrorCode;
use auth_core::testing::{CannedTransport, ManualClock};
use auth_sim::{Received, Simulator, Vendor};
use ermeo_auth::{Ermeo, Grant, Secret, Session};
use serde_json::{Value, json};

/// A server that gives these responses, on 2026-01-01.
fn answering<'a>(responses: impl IntoIterator<Item = (u16, &'a str)>) -> Simulator {
    let server = Simulator::builder(Vendor::Ermeo).now(new_year).start();
    let server = server.unwrap();
    for (status, body) in responses {
        server.respond(status, body);
    }
    server
}

fn camille(password: &str) -> Ermeo {
    Ermeo::new("7_4hzk", Secret::new("2vhq"))
        .password("camille@acme.example", Secret::new(password))
}

fn log_in(server: &Simulator) -> (Session, ManualClock) {
    let clock = ManualClock::new();
    let grant = camille("secret").base(server.url());
    let session = Session::builder(grant).clock(clock.clone()).build();
    (session.unwrap(), clock)
}

fn sent(server: &Simulator) -> Vec<String> {
    server.requests().iter().map(Received::exact).collect()
}

fn post(body: &str) -> String {
    format!("POST /oauth/v2/token\ncontent-type: application/json\n\n{body}")
}

#[test]
fn a_login_and_a_refresh_are_these_requests() {
    let second = r#"{"access_token":"a2","expires_in":"7200","token_type":"bearer","scope":null,"refresh_token":"r2"}"#;
    let server = answering([(200, FIRST), (200, second)]);
    let (session, clock) = log_in(&server);

    let token = session.token().unwrap();
    assert_eq!(token.expose(), "YzI1NDc3");
    assert_eq!(token.authorization(), "Bearer YzI1NDc3");
    assert_eq!(token.expires_at(), Some(new_year() + 2 * HOUR));
    assert_eq!(token.scope(), Some("user"));
    assert_eq!(session.refresh_token().unwrap().expose(), "NjcyNGY3");
    clock.advance(2 * HOUR);
    let token = session.token().unwrap();
    assert_eq!(token.expose(), "a2");
    assert_eq!(token.scope(), Some("user"), "not repeated, so unchanged");
    assert_eq!(session.refresh_token().unwrap().expose(), "r2");

    let refresh = post(
        r#"{"grant_type":"refresh_token","client_id":"7_4hzk","client_secret":"2vhq","refresh_token":"NjcyNGY3"}"#,
    );
    assert_eq!(sent(&server), [post(LOGIN), refresh]);
}

#[test]
fn a_session_lives_on_a_refresh_token_alone() {
    let server = answering([(200, FIRST)]);
    let grant = Ermeo::new("7_4hzk", Secret::new("2vhq")).base(format!("{}/", server.url()));
    let session = Session::builder(grant).refresh_token(Secret::new("kept"));
    let session = session.build().unwrap();
    assert_eq!(session.token().unwrap().expose(), "YzI1NDc3");
    assert_eq!(session.refresh_token().unwrap().expose(), "NjcyNGY3");
    let refresh = post(
        r#"{"grant_type":"refresh_token","client_id":"7_4hzk","client_secret":"2vhq","refresh_token":"kept"}"#,
    );
    assert_eq!(sent(&server), [refresh]);
}

#[test]
fn a_refresh_token_is_not_sent_after_two_weeks() {
    let server = answering([(200, FIRST), (200, FIRST)]);
    let (session, clock) = log_in(&server);
    session.token().unwrap();
    clock.advance(14 * 24 * HOUR);
    session.token().unwrap();
    assert_eq!(sent(&server), [post(LOGIN), post(LOGIN)]);
}

#[test]
fn odd_characters_arrive_as_json() {
    let odd = "Été \"2026\" \\ + 100% & </script> \u{202e}\u{1f512}\t";
    let server = answering([(200, FIRST)]);
    let session = Session::new(camille(odd).base(server.url()));
    session.token().unwrap();
    let body = "{\"grant_type\":\"password\",\"client_id\":\"7_4hzk\",\"client_secret\":\"2vhq\",\
        \"username\":\"camille@acme.example\",\"password\":\"Été \\\"2026\\\" \\\\ + 100% & </script> \u{202e}\u{1f512}\\t\"}";
    let read: Value = serde_json::from_str(body).unwrap();
    assert_eq!(read["password"], odd);
    assert_eq!(sent(&server), [post(body)]);
}

#[test]
fn the_default_host_is_the_documented_one() {
    let http = CannedTransport::new().json(200, FIRST);
    camille("secret")
        .login_request()
        .unwrap()
        .send(&http)
        .unwrap();
    let url = http.requests()[0].uri().to_string();
    assert_eq!(url, "https://api.ermeo.com/oauth/v2/token");
    assert_eq!(camille("secret").policy().apis(), ["https://api.ermeo.com"]);
}

#[test]
fn errors_are_refusals_with_their_text() {
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
        let error = log_in(&answering([(400, body.as_str())]))
            .0
            .token()
            .unwrap_err();
        let refusal = error.refusal().unwrap();
        assert_eq!((refusal.status, &refusal.code), (Some(400), &expected));
        let text = refusal.to_string();
        assert!(
            text.starts_with(&format!("{code} ({description}")),
            "{text}"
        );
    }
}

#[test]
fn a_description_may_be_null() {
    let body = r#"{"error":"unsupported_grant_type","error_description":null}"#;
    let error = log_in(&answering([(400, body)])).0.token().unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.code, ErrorCode::UnsupportedGrantType);
    assert_eq!(refusal.to_string(), "unsupported_grant_type");
}

fn new_year() -> SystemTime {
    ManualClock::new().now().wall.into()
}

const HOUR: Duration = Duration::from_secs(3600);
const FIRST: &str = r#"{"access_token":"YzI1NDc3","expires_in":7200,"token_type":"bearer","scope":"user","refresh_token":"NjcyNGY3"}"#;
const LOGIN: &str = r#"{"grant_type":"password","client_id":"7_4hzk","client_secret":"2vhq","username":"camille@acme.example","password":"secret"}"#;
