//! The user logs in on another device: polling, by a clock that nobody waits for.

mod places; // where the code is entered, and what is wrong with it
mod words; // what servers say otherwise than RFC 8628

use crate::asking::Asking as _;
use std::time::Duration;

use auth_core::clock::Clock;
use auth_core::error::{ErrorCode, LoginReason};
use auth_core::testing::ManualClock;
use oauth2_generic::{DeviceLogin, Error, Grant, PendingDevice, Result, Secret, Session};

use crate::requests::client;
use crate::script::Script;

fn login() -> DeviceLogin {
    let mut client = client();
    client.device_authorization_endpoint = "https://login.example:8443/device".into();
    DeviceLogin::new(client)
}

/// A login that the server has begun, and what the server says next.
fn begun(answers: impl FnOnce(Script) -> Script) -> (PendingDevice, Script) {
    let http = answers(Script::default().then(200, BEGUN));
    (login().begin(&http).unwrap(), http)
}

/// What came of it, the seconds it took, and how often the server was asked.
fn waited(answers: impl FnOnce(Script) -> Script) -> (Result<Secret>, u64, usize) {
    let (clock, (pending, http)) = (ManualClock::new(), begun(answers));
    let start = clock.now();
    let granted = pending.clock(clock.clone()).wait(&http);
    let token = granted.and_then(|granted| granted.obtain(&http));
    let seconds = clock.now().since(start).as_secs();
    let asked = http.asked().len() - 1;
    (token.map(|token| token.access_token), seconds, asked)
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
    let (pending, http) = begun(|http| http.then(200, TOKEN));
    assert_eq!(pending.user_code(), "WDJB-MJHT");
    assert_eq!(pending.verification_uri(), "https://login.example/d");
    assert_eq!(
        pending.verification_uri_complete(),
        Some("https://login.example/d?user_code=WDJB-MJHT")
    );
    assert_eq!(pending.expires_in(), Duration::from_secs(60));
    assert_eq!(
        pending.to_string(),
        "On another device, open https://login.example/d and enter WDJB-MJHT"
    );
    pending.clock(ManualClock::new()).wait(&http).unwrap();
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
fn the_server_is_asked_as_often_as_it_allows_until_the_user_is_done() {
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
    let pending = login().begin(&http).unwrap();
    pending.clock(clock.clone()).wait(&http).unwrap();
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
    let (clock, pending) = (ManualClock::new(), login().begin(&http).unwrap());
    let start = clock.now();
    pending.clock(clock.clone()).wait(&http).unwrap();
    let waits = 2 + 4 + 8 + 16 + 32 + 60 + 60 + 60 + 60;
    assert_eq!(clock.now().since(start).as_secs(), waits);
}

#[test]
fn a_server_that_says_when_to_come_back_is_listened_to() {
    let (token, seconds, _) = waited(|http| http.then_with(429, "30", "").then(200, TOKEN));
    token.unwrap();
    assert_eq!(seconds, 2 + 30);
}

#[test]
fn a_user_who_says_no_is_a_refusal() {
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
fn a_code_that_expires_while_nobody_does_anything_is_over_without_another_question() {
    let (token, seconds, asked) =
        waited(|http| (0..29).fold(http, |http, _| http.then(400, PENDING)));
    is_over(&token.unwrap_err(), LoginReason::TimedOut);
    assert_eq!((seconds, asked), (60, 29));
}

/// RFC 8628 §3.2: the code lives from when it was given out, whoever is shown it in between.
#[test]
fn the_life_of_a_code_counts_from_the_beginning_and_not_from_the_waiting() {
    let (pending, http) = begun(|http| http.then(400, PENDING));
    let clock = ManualClock::new();
    let pending = pending.clock(clock.clone());
    clock.advance(Duration::from_secs(57));
    let start = clock.now();
    is_over(&pending.wait(&http).unwrap_err(), LoginReason::TimedOut);
    assert_eq!(clock.now().since(start), Duration::from_secs(3));
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
fn what_no_waiting_can_mend_ends_it() {
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
fn a_program_can_call_it_off_while_it_waits() {
    let (pending, http) = begun(|http| http.then(400, PENDING));
    let clock = ManualClock::new();
    let (watch, start) = (clock.clone(), clock.now());
    let error = pending
        .clock(clock.clone())
        .cancel_when(move || watch.now().since(start) >= Duration::from_secs(3))
        .wait(&http)
        .unwrap_err();
    is_over(&error, LoginReason::Cancelled);
    // In the middle of the second wait, and not at the end of it.
    assert_eq!(clock.now().since(start), Duration::from_secs(3));
}

#[test]
fn a_session_goes_on_with_the_refresh_token() {
    let first = TOKEN.replace(r#""access_token""#, r#""refresh_token":"r","access_token""#);
    let (pending, http) = begun(|http| http.then(200, &first).then(200, TOKEN));
    let granted = pending.clock(ManualClock::new()).wait(&http).unwrap();
    assert!(granted.is_new_login());
    let session = Session::builder(granted).transport(http.clone()).build();
    assert_eq!(session.token().unwrap().expose(), "t");
    assert!(session.reject(&session.token().unwrap()));
    session.token().unwrap();
    let last = http.asked().pop().unwrap();
    assert!(last.contains("grant_type=refresh_token") && last.contains("refresh_token=r"));
}

#[test]
fn the_first_token_is_handed_out_once() {
    let (pending, http) = begun(|http| http.then(200, TOKEN));
    let granted = pending.clock(ManualClock::new()).wait(&http).unwrap();
    granted.obtain(&http).unwrap();
    assert!(!granted.is_new_login());
    is_over(&granted.obtain(&http).unwrap_err(), LoginReason::CodeSpent);
}

#[test]
fn a_login_is_kept_for_itself_unless_it_has_a_name() {
    let granted = || {
        let (pending, http) = begun(|http| http.then(200, TOKEN));
        pending.clock(ManualClock::new()).wait(&http).unwrap()
    };
    assert_ne!(granted().identity(), granted().identity());
    let named = |name: &str| granted().resource_owner(name).identity();
    assert_eq!(named("jsmith"), named("jsmith"));
    assert_ne!(named("jsmith"), named("bob"));
}

#[test]
fn what_cannot_be_shown_to_a_person_is_refused() {
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
        let error = login().begin(&http).unwrap_err();
        assert!(matches!(error, Error::Response(_)), "{error}");
    }
}

#[test]
fn the_older_name_of_the_uri_is_read() {
    let http = Script::default().then(
        200,
        &BEGUN.replace("verification_uri\"", "verification_url\""),
    );
    let pending = login().begin(&http).unwrap();
    assert_eq!(pending.verification_uri(), "https://login.example/d");
}

#[test]
fn a_client_without_the_endpoint_is_told_so() {
    for endpoint in ["", "device"] {
        let mut login = login();
        login.client.device_authorization_endpoint = endpoint.into();
        let error = login.begin(&Script::default()).unwrap_err();
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
    let (pending, http) = begun(|http| http.then(200, &TOKEN.replace("\"t\"", "\"t0ken\"")));
    let shown = format!("{pending:?}");
    assert!(
        !shown.contains("d3vice") && !shown.contains("WDJB"),
        "{shown}"
    );
    let shown = format!("{:?}", pending.clock(ManualClock::new()).wait(&http));
    assert!(
        shown.contains("GrantedDevice") && !shown.contains("t0ken"),
        "{shown}"
    );
}

#[cfg(feature = "qr")]
#[test]
fn a_qr_code_is_half_blocks_with_a_margin_and_colours_only_where_asked_for() {
    let (pending, _) = begun(|http| http);
    let plain = pending.qr().unwrap().to_string();
    let widths: Vec<_> = plain.lines().map(|line| line.chars().count()).collect();
    // Version 3 is 29 modules wide; the margin is 4 on each side, and a line is two rows.
    assert_eq!(widths, vec![29 + 8; (29_usize + 8).div_ceil(2)]);
    assert!(plain.chars().all(|c| " \n▀▄█".contains(c)), "{plain}");
    assert!(plain.starts_with(&"█".repeat(37)));

    let coloured = pending.qr().unwrap().coloured();
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
