//! A login that waits for its user: saved, resumed, and traded once.

use std::sync::atomic::{AtomicU32, Ordering};

use auth_core::error::{Delivery, ErrorCode, NetworkFailure};
use auth_core::testing::CannedTransport;
use auth_core::transport::{self, Transport};
use auth_core::{Error, Result, Secret};
use oauth2_generic::{AuthorizationCode, Client, PendingLogin, Server, Session};

const REDIRECT_URI: &str = "https://app.example.com/callback";
const TOKENS: &str = r#"{"access_token": "abc", "token_type": "Bearer", "refresh_token": "r1"}"#;

fn server(host: &str) -> Server {
    Server::new(format!("https://{host}/token"))
        .authorization_endpoint(format!("https://{host}/authorize"))
}

fn login() -> AuthorizationCode {
    AuthorizationCode::new(
        Client::new(server("login.example.com"), "app"),
        REDIRECT_URI,
    )
}

fn begin(login: &AuthorizationCode) -> PendingLogin {
    login.begin(&CannedTransport::new()).unwrap()
}

/// A login with this state and this verifier, as if it had been begun and saved with them.
pub(crate) fn resumed(
    login: &AuthorizationCode,
    state: &str,
    verifier: &str,
) -> Result<PendingLogin> {
    let saved = login.begin(&CannedTransport::new())?.save();
    let parts: Vec<&str> = saved.expose().split('.').collect();
    let (version, print) = (parts[0], parts[1]);
    login.resume(&Secret::new(format!(
        "{version}.{print}.{state}.{verifier}"
    )))
}

/// The code verifier of a login.
pub(crate) fn verifier(pending: &PendingLogin) -> String {
    let saved = pending.save();
    saved.expose().split('.').nth(3).unwrap().to_owned()
}

fn returned(pending: &PendingLogin) -> String {
    format!("{REDIRECT_URI}?code=c0de&state={}", pending.state())
}

fn tokens() -> CannedTransport {
    CannedTransport::new().json(200, TOKENS)
}

#[test]
fn a_saved_login_continues_in_another_request() {
    let pending = begin(&login());
    let (saved, url) = (pending.save(), returned(&pending));
    let resumed = login().resume(&saved).unwrap();
    assert_eq!(resumed.url(), pending.url());
    assert_eq!(resumed.state(), pending.state());
    assert_eq!(resumed.save().expose(), saved.expose());
    assert!(saved.expose().len() < 128, "it fits a cookie");

    let http = tokens();
    let tokens = resumed.exchange(&url, &http).unwrap();
    let body = String::from_utf8(http.requests()[0].body().clone()).unwrap();
    assert!(body.contains("grant_type=authorization_code"), "{body}");
    assert!(body.contains("code=c0de"), "{body}");
    let verifier = saved.expose().rsplit('.').next().unwrap();
    assert!(
        body.contains(&format!("code_verifier={verifier}")),
        "{body}"
    );

    let grant = login().grant().user("ada");
    let session = Session::builder(grant).tokens(tokens).build().unwrap();
    assert_eq!(session.token().unwrap().expose(), "abc");
    assert_eq!(session.refresh_token().unwrap().expose(), "r1");
}

#[test]
fn a_login_is_not_resumed_where_it_did_not_begin() {
    let saved = begin(&login()).save();
    let client = |host, id| Client::new(server(host), id);
    for other in [
        AuthorizationCode::new(client("evil.example.com", "app"), REDIRECT_URI),
        AuthorizationCode::new(client("login.example.com", "other"), REDIRECT_URI),
        AuthorizationCode::new(
            client("login.example.com", "app"),
            "https://app.example.com/cb",
        ),
    ] {
        let error = other.resume(&saved).unwrap_err();
        assert!(
            error.to_string().contains("began at another server"),
            "{error}"
        );
    }
    // Another scope is the same login.
    let client = client("login.example.com", "app").scope("orders");
    let wider = AuthorizationCode::new(client, REDIRECT_URI);
    assert!(wider.resume(&saved).is_ok());
}

#[test]
fn a_text_that_was_not_saved_is_refused() {
    let saved = begin(&login()).save();
    let saved = saved.expose();
    let cut = &saved[..saved.len() - 20];
    for text in ["", "1", "1...", "2.a.b.c", "state", cut, &saved[2..]] {
        let error = login().resume(&Secret::new(text)).unwrap_err();
        assert!(
            matches!(error, Error::Configuration { .. }),
            "{text}: {error}"
        );
    }
}

#[test]
fn an_announced_login_keeps_its_reference() {
    let server = server("login.example.com")
        .pushed_authorization_request_endpoint("https://login.example.com/par");
    let login = AuthorizationCode::new(Client::new(server, "app"), REDIRECT_URI);
    let reference = r#"{"request_uri": "urn:example:r.1-2", "expires_in": 60}"#;
    let http = CannedTransport::new().json(201, reference);
    let pending = login.begin(&http).unwrap();
    assert_eq!(http.requests().len(), 1);
    let url = "https://login.example.com/authorize?client_id=app&request_uri=urn%3Aexample%3Ar.1-2";
    assert_eq!(pending.url(), url);
    assert_eq!(pending.expires_in().unwrap().as_secs(), 60);
    assert_eq!(login.resume(&pending.save()).unwrap().url(), url);
}

/// Number of requests to a server that fails like this, and the outcome.
fn tries(delivery: Delivery, failures: u32) -> (u32, Result<()>) {
    let count = AtomicU32::new(0);
    let http = transport::from_fn(|request| {
        if count.fetch_add(1, Ordering::Relaxed) < failures {
            return Err(Error::network(NetworkFailure::Timeout, delivery));
        }
        tokens().send(request)
    });
    let pending = begin(&login());
    let url = returned(&pending);
    let outcome = pending.exchange(&url, &http).map(drop);
    (count.load(Ordering::Relaxed), outcome)
}

#[test]
fn a_code_is_repeated_only_if_it_never_left() {
    let (sent, outcome) = tries(Delivery::NotSent, 2);
    outcome.unwrap();
    assert_eq!(sent, 3);
    let (sent, outcome) = tries(Delivery::NotSent, 9);
    outcome.unwrap_err();
    assert_eq!(sent, 3);
    let (sent, outcome) = tries(Delivery::Unknown, 1);
    outcome.unwrap_err();
    assert_eq!(sent, 1);
}

#[test]
fn a_refused_code_is_a_refusal_and_not_sent_again() {
    for status in [400, 429, 503] {
        let http = CannedTransport::new()
            .json(status, r#"{"error": "invalid_grant"}"#)
            .json(200, TOKENS);
        let pending = begin(&login());
        let url = returned(&pending);
        let error = pending.exchange(&url, &http).unwrap_err();
        assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidGrant);
        assert!(matches!(error, Error::Refused(_)), "{error:?}");
        assert_eq!(http.requests().len(), 1);
    }
}

#[test]
fn nothing_is_sent_for_a_redirect_of_another_login() {
    let (one, other) = (begin(&login()), begin(&login()));
    let url = returned(&other);
    let http = tokens();
    let error = one.exchange(&url, &http).unwrap_err();
    assert!(error.to_string().contains("`state` mismatch"), "{error}");
    assert!(http.requests().is_empty());
}

#[test]
fn debug_shows_neither_state_nor_verifier() {
    let pending = begin(&login());
    let saved = pending.save();
    let shown = format!("{pending:?} {saved:?}");
    for part in saved.expose().split('.').skip(2) {
        assert!(!shown.contains(part), "{shown}");
    }
}
