//! The user logs in on another device: polling, by a clock that a test moves.

mod places; // URLs at which the code is entered, and wrong ones
mod words; // words of servers that differ from RFC 8628

use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::clock::Clock;
use auth_core::error::{ErrorCode, LoginReason};
use auth_core::store::MemoryStore;
use auth_core::testing::ManualClock;
use oauth2_generic::{Client, DeviceLogin, DevicePrompt, Error, Grant, Result, Secret, Session};

use crate::requests::{client_of, server};
use crate::script::Script;

fn client() -> Client {
    let endpoint = "https://login.example:8443/device";
    client_of(server().device_authorization_endpoint(endpoint))
}

/// A login that shows nothing.
fn login() -> DeviceLogin {
    DeviceLogin::new(client()).show(|_| ())
}

/// A server where a login begins, and its further responses.
fn begun(answers: impl FnOnce(Script) -> Script) -> Script {
    answers(Script::default().then(200, BEGUN))
}

/// The prompt that a user is shown, of a login that is cancelled then.
fn prompt(client: Client, http: &Script) -> Result<DevicePrompt> {
    let shown = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&shown);
    let login = DeviceLogin::new(client)
        .clock(ManualClock::new())
        .show(move |prompt| *seen.lock().unwrap() = Some(prompt.clone()))
        .cancel_when(|| true);
    let error = login.exchange(http).unwrap_err();
    let prompt = shown.lock().unwrap().take();
    prompt.ok_or(error)
}

/// The outcome, the seconds it took, and the number of polls.
fn waited(answers: impl FnOnce(Script) -> Script) -> (Result<Secret>, u64, usize) {
    let (clock, http) = (ManualClock::new(), begun(answers));
    let start = clock.now();
    let tokens = login().clock(clock.clone()).exchange(&http);
    let seconds = clock.now().since(start).as_secs();
    let asked = http.asked().len() - 1;
    (tokens.map(|tokens| tokens.access_token), seconds, asked)
}

#[track_caller]
fn is_over(error: &Error, why: LoginReason) {
    assert!(
        matches!(error, Error::LoginRequired { reason, .. } if *reason == why),
        "{error}"
    );
}

#[test]
fn a_device_asks_for_a_code_and_then_for_the_token() {
    let http = begun(|http| http.then(200, TOKEN));
    let (shown, clock) = (Arc::new(Mutex::new(None)), ManualClock::new());
    let seen = Arc::clone(&shown);
    let show = move |prompt: &DevicePrompt| *seen.lock().unwrap() = Some(prompt.clone());
    login().clock(clock).show(show).exchange(&http).unwrap();
    let prompt = shown.lock().unwrap().take().unwrap();
    assert_eq!(prompt.user_code, "WDJB-MJHT");
    assert_eq!(prompt.verification_uri, "https://login.example/d");
    assert_eq!(
        prompt.verification_uri_complete.as_deref(),
        Some("https://login.example/d?user_code=WDJB-MJHT")
    );
    assert_eq!(prompt.expires_in, Duration::from_secs(60));
    assert_eq!(
        prompt.to_string(),
        "On another device, open https://login.example/d and enter WDJB-MJHT"
    );
    assert_eq!(
        http.asked(),
        [
            "POST https://login.example:8443/device \
             client_id=app&client_secret=s%26cret&scope=read%20write",
            "POST https://login.example:8443/token \
             grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code\
             &client_id=app&client_secret=s%26cret&device_code=d3vice%26code",
        ]
    );
}

#[test]
fn the_server_is_asked_as_often_as_it_allows() {
    let (token, seconds, asked) =
        waited(|http| http.then(400, PENDING).then(400, PENDING).then(200, TOKEN));
    assert_eq!(token.unwrap().expose(), "t");
    assert_eq!((seconds, asked), (2 + 2 + 2, 3));
}

#[test]
fn a_server_that_names_no_interval_is_asked_every_five_seconds() {
    let http = Script::default()
        .then(200, &BEGUN.replace(r#","interval":2"#, ""))
        .then(400, PENDING)
        .then(200, TOKEN);
    let clock = ManualClock::new();
    let start = clock.now();
    login().clock(clock.clone()).exchange(&http).unwrap();
    assert_eq!(clock.now().since(start).as_secs(), 10);
}

#[test]
fn slow_down_adds_five_seconds_for_good() {
    let slow_down = r#"{"error":"slow_down"}"#;
    let (token, seconds, _) = waited(|http| {
        http.then(400, slow_down)
            .then(429, slow_down)
            .then(400, PENDING)
            .then(200, TOKEN)
    });
    token.unwrap();
    assert_eq!(seconds, 2 + 7 + 12 + 12);
}

#[test]
fn failures_double_the_wait_until_there_is_an_answer() {
    let (token, seconds, _) = waited(|http| {
        http.then_lose()
            .then(503, "")
            .then(400, PENDING)
            .then(500, r#"{"error":"server_error"}"#)
            .then(200, TOKEN)
    });
    token.unwrap();
    assert_eq!(seconds, 2 + 4 + 8 + 2 + 4);
}

#[test]
fn however_often_it_fails_the_server_is_asked_every_minute() {
    let begun = BEGUN.replace(r#""expires_in":60"#, r#""expires_in":3600"#);
    assert_ne!(begun, BEGUN);
    let http = (0..8).fold(Script::default().then(200, &begun), |http, _| {
        http.then_lose()
    });
    let http = http.then(200, TOKEN);
    let clock = ManualClock::new();
    let start = clock.now();
    login().clock(clock.clone()).exchange(&http).unwrap();
    let waits = 2 + 4 + 8 + 16 + 32 + 60 + 60 + 60 + 60;
    assert_eq!(clock.now().since(start).as_secs(), waits);
}

#[test]
fn retry_after_is_observed_while_polling() {
    let (token, seconds, _) = waited(|http| http.then_with(429, "30", "").then(200, TOKEN));
    token.unwrap();
    assert_eq!(seconds, 2 + 30);
}

#[test]
fn a_user_who_declines_is_a_refusal() {
    let (token, _, _) = waited(|http| http.then(400, r#"{"error":"access_denied"}"#));
    let error = token.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.code, ErrorCode::AccessDenied);
    assert!(matches!(error, Error::Refused(_)), "{error}");
}

#[test]
fn a_code_that_the_server_lets_expire_is_over() {
    let (token, _, asked) = waited(|http| http.then(400, r#"{"error":"expired_token"}"#));
    let error = token.unwrap_err();
    is_over(&error, LoginReason::TimedOut);
    assert_eq!(error.refusal().unwrap().code.to_string(), "expired_token");
    assert_eq!(asked, 1);
}

#[test]
fn a_code_that_expires_unused_is_over_without_another_request() {
    let (token, seconds, asked) =
        waited(|http| (0..29).fold(http, |http, _| http.then(400, PENDING)));
    is_over(&token.unwrap_err(), LoginReason::TimedOut);
    assert_eq!((seconds, asked), (60, 29));
}

/// RFC 8628 §3.2: the code lives from its issue, however long a program takes to show it.
#[test]
fn the_life_of_a_code_counts_from_its_issue() {
    let http = begun(|http| http.then(400, PENDING));
    let clock = ManualClock::new();
    let (watch, start) = (clock.clone(), clock.now());
    let slow = login().show(move |_| watch.advance(Duration::from_secs(57)));
    let error = slow.clock(clock.clone()).exchange(&http).unwrap_err();
    is_over(&error, LoginReason::TimedOut);
    assert_eq!(clock.now().since(start), Duration::from_secs(57 + 3));
    assert_eq!(http.asked().len(), 2);
}

#[test]
fn a_network_that_fails_to_the_end_is_the_cause() {
    let (token, seconds, asked) = waited(|http| (0..4).fold(http, |http, _| http.then_lose()));
    let error = token.unwrap_err();
    is_over(&error, LoginReason::TimedOut);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("took too long"), "{cause}");
    assert_eq!((seconds, asked), (60, 4));
}

#[test]
fn a_final_failure_ends_the_waiting() {
    for (status, body) in [
        (401, r#"{"error":"invalid_client"}"#),
        (400, r#"{"error":"invalid_grant"}"#),
        (404, ""),
        (200, "<html>"),
        (200, r#"{"access_token":"","token_type":"bearer"}"#),
    ] {
        let (token, _, asked) = waited(|http| http.then(status, body));
        token.unwrap_err();
        assert_eq!(asked, 1);
    }
}

#[test]
fn a_program_can_cancel_the_login_while_it_waits() {
    let http = begun(|http| http.then(400, PENDING));
    let clock = ManualClock::new();
    let (watch, start) = (clock.clone(), clock.now());
    let error = login()
        .clock(clock.clone())
        .cancel_when(move || watch.now().since(start) >= Duration::from_secs(3))
        .exchange(&http)
        .unwrap_err();
    is_over(&error, LoginReason::Cancelled);
    // In the middle of the second wait, and not at the end of it.
    assert_eq!(clock.now().since(start), Duration::from_secs(3));
}

#[test]
fn a_session_continues_with_the_refresh_token() {
    let first = TOKEN.replace(r#""access_token""#, r#""refresh_token":"r","access_token""#);
    let http = begun(|http| http.then(200, &first).then(200, TOKEN));
    let tokens = login().clock(ManualClock::new()).exchange(&http).unwrap();
    let session = Session::builder(login().grant()).tokens(tokens);
    let session = session.transport(http.clone()).build().unwrap();
    assert_eq!(session.token().unwrap().expose(), "t");
    assert!(session.reject(&session.token().unwrap()));
    session.token().unwrap();
    let last = http.asked().pop().unwrap();
    assert!(last.contains("grant_type=refresh_token") && last.contains("refresh_token=r"));
}

#[test]
fn a_store_needs_the_name_of_the_user() {
    let error = login().session(MemoryStore::new()).unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    assert!(error.to_string().contains("name the user"), "{error}");

    let named = |name: &str| login().user(name).grant().identity();
    assert_eq!(named("jsmith"), named("jsmith"));
    assert_ne!(named("jsmith"), named("bob"));
}

#[test]
fn a_code_that_cannot_be_shown_is_refused() {
    for (right, wrong) in [
        ("WDJB-MJHT\",", "\\u001b[2JWDJB\","),
        ("WDJB-MJHT\",", "\","),
        ("https://login.example/d\"", "http://login.example/d\""),
        (
            "https://login.example/d\"",
            "https://login.example/\\u202e\"",
        ),
        ("https://login.example/d\"", "javascript:alert(1)\""),
        ("\"device_code\"", "\"x\""),
        ("\"expires_in\":60", "\"expires_in\":0"),
        ("\"expires_in\"", "\"x\""),
    ] {
        let body = BEGUN.replacen(right, wrong, 1);
        assert_ne!(body, BEGUN);
        let http = Script::default().then(200, &body);
        let error = prompt(client(), &http).unwrap_err();
        assert!(matches!(error, Error::Response(_)), "{error}");
    }
}

#[test]
fn the_older_name_of_the_uri_is_read() {
    let http = Script::default().then(
        200,
        &BEGUN.replace("verification_uri\"", "verification_url\""),
    );
    let prompt = prompt(client(), &http).unwrap();
    assert_eq!(prompt.verification_uri, "https://login.example/d");
}

#[test]
fn a_client_without_the_endpoint_gets_an_error() {
    let with = |endpoint| server().device_authorization_endpoint(endpoint);
    for server in [server(), with(""), with("device")] {
        let login = DeviceLogin::new(client_of(server));
        let error = login.exchange(&Script::default()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("`device_authorization_endpoint`"),
            "{error}"
        );
    }
}

#[test]
fn neither_device_code_nor_token_is_shown_by_debug() {
    let http = begun(|http| http.then(200, &TOKEN.replace("\"t\"", "\"t0ken\"")));
    let shown = format!("{:?}", prompt(client(), &begun(|http| http)));
    assert!(
        shown.contains("DevicePrompt") && !shown.contains("d3vice") && !shown.contains("WDJB"),
        "{shown}"
    );
    let login = login().clock(ManualClock::new());
    let shown = format!("{login:?} {:?}", login.exchange(&http));
    assert!(
        shown.contains("DeviceLogin") && !shown.contains("d3vice") && !shown.contains("t0ken"),
        "{shown}"
    );
}

#[cfg(feature = "qr")]
#[test]
fn a_qr_code_is_half_blocks_with_a_margin() {
    let prompt = prompt(client(), &begun(|http| http)).unwrap();
    let plain = prompt.qr().unwrap().to_string();
    let widths: Vec<_> = plain.lines().map(|line| line.chars().count()).collect();
    // Version 3 is 29 modules wide; the margin is 4 on each side, and a line is two rows.
    assert_eq!(widths, vec![29 + 8; (29_usize + 8).div_ceil(2)]);
    assert!(plain.chars().all(|c| " \n▀▄█".contains(c)), "{plain}");
    assert!(plain.starts_with(&"█".repeat(37)));

    let coloured = prompt.qr().unwrap().coloured();
    for line in coloured.lines() {
        assert!(line.starts_with("\x1b[38;5;16;48;5;231m") && line.ends_with("\x1b[0m"));
    }
    assert_eq!(coloured.lines().count(), widths.len());
}

const BEGUN: &str = r#"{"device_code":"d3vice&code","user_code":"WDJB-MJHT",
    "verification_uri":"https://login.example/d",
    "verification_uri_complete":"https://login.example/d?user_code=WDJB-MJHT",
    "expires_in":60,"interval":2}"#;
const PENDING: &str = r#"{"error":"authorization_pending"}"#;
const TOKEN: &str = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
