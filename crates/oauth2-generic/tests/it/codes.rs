//! A code is sent once, ever.

use std::sync::Mutex;
use std::time::Duration;

use auth_core::error::{Delivery, LoginReason, NetworkFailure};
use auth_core::grant::{RevokedToken, TokenResponse};
use auth_core::http::Response;
use auth_core::store::MemoryStore;
use auth_core::testing::ManualClock;
use auth_core::transport::{self, Transport};
use oauth2_generic::{AuthorizationCode, Error, Grant, RefreshToken, Result, Secret, Session};

use crate::asking::Asking as _;
use crate::pending::resumed;
use crate::requests::{self, client, client_of, sent};
use crate::script::Script;

fn login() -> AuthorizationCode {
    AuthorizationCode::new(client(), "https://app.example/cb")
}

/// The outcome of a login whose user has returned with a code.
fn traded(http: &dyn Transport) -> Result<TokenResponse> {
    let pending = login().begin(&Script::default()).unwrap();
    let url = format!(
        "https://app.example/cb?code=c4nary&state={}",
        pending.state()
    );
    pending.exchange(&url, http)
}

/// Responds to each request with the next of `answers`, and fails the test when none is left.
fn server(answers: Vec<Result<Response<Vec<u8>>>>) -> impl Transport {
    let answers = Mutex::new(answers.into_iter());
    transport::from_fn(move |_| {
        answers
            .lock()
            .unwrap()
            .next()
            .expect("one request too many")
    })
}

fn answer(status: u16, body: &str) -> Result<Response<Vec<u8>>> {
    Ok(Response::builder()
        .status(status)
        .body(body.into())
        .unwrap())
}

fn lost(delivery: Delivery) -> Result<Response<Vec<u8>>> {
    Err(Error::network(NetworkFailure::Closed, delivery))
}

/// Returns `true` if only the user can help.
fn needs_user(error: &Error) -> bool {
    matches!(
        error,
        Error::LoginRequired {
            reason: LoginReason::NoCredentials,
            ..
        }
    )
}

#[test]
fn a_code_goes_with_its_redirect_uri_and_its_verifier() {
    let login = AuthorizationCode::new(client(), "https://app.example/cb");
    let verifier = "v".repeat(43);
    let pending = resumed(&login, "st", &verifier).unwrap();
    let back = "https://app.example/cb?code=a%3Db%2525&state=st";
    assert_eq!(
        sent(|http| pending.exchange(back, http)).unwrap().body,
        format!(
            "grant_type=authorization_code&client_id=app&client_secret=s%26cret&code=a%3Db%2525\
             &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier={verifier}"
        )
    );
}

#[test]
fn a_code_whose_response_is_lost_is_not_sent_again() {
    let error = traded(&server(vec![lost(Delivery::Unknown)])).unwrap_err();
    assert!(matches!(error, Error::Network { .. }), "{error}");
    let shown = error.to_string();
    assert!(shown.contains("may have received"), "{shown}");
}

#[test]
fn a_code_that_was_refused_or_answered_badly_is_not_sent_again() {
    for bad in [
        answer(400, r#"{"error":"invalid_grant"}"#),
        answer(502, ""),
        answer(200, "<html>"),
    ] {
        traded(&server(vec![bad])).unwrap_err();
    }
}

/// Whatever the words are: wrong are the code or the client, and the user has no part in either.
#[test]
fn a_refused_code_is_the_refusal_of_the_server() {
    for (status, body) in [
        (400, r#"{"error":"invalid_grant"}"#),
        (401, r#"{"error":"invalid_client"}"#),
        (401, r#"{"error":"unauthorized_client"}"#),
        (
            403,
            r#"{"error":"E_FORBIDDEN","status":403,"summary":"Forbidden"}"#,
        ),
        (200, r#"{"error":"bad_verification_code"}"#),
        (400, r#"{"message":"c4nary"}"#),
        (401, ""),
        (403, "<html>"),
    ] {
        let store = MemoryStore::new();
        let clock = ManualClock::new();
        let session = Session::builder(login().grant().user("jsmith"))
            .store(store)
            .clock(clock.clone())
            .transport(server(vec![answer(status, body)]))
            .build()
            .unwrap();
        let error = session.log_in(traded).unwrap_err();
        assert!(
            matches!(error, Error::Refused(_) | Error::Status { .. }),
            "{status} {body}: {error}"
        );
        assert!(error.to_string().contains("server"), "{error}");
        assert!(!format!("{error:?}").contains("c4nary"), "{error:?}");
        for _ in 0..3 {
            let error = session.token().unwrap_err();
            assert!(needs_user(&error), "{status} {body}: {error}");
            clock.advance(Duration::from_secs(24 * 3600));
        }
    }
}

#[test]
fn a_code_that_never_left_this_machine_is_sent_again() {
    let http = server(vec![lost(Delivery::NotSent), answer(200, TOKEN)]);
    assert_eq!(traded(&http).unwrap().access_token.expose(), "t");
}

#[test]
fn a_session_continues_with_the_refresh_token() {
    let first = r#"{"access_token":"a","token_type":"bearer","refresh_token":"r"}"#;
    let tokens = traded(&server(vec![answer(200, first)])).unwrap();
    let session = Session::builder(login().grant())
        .tokens(tokens)
        .transport(server(vec![answer(200, TOKEN)]))
        .build()
        .unwrap();
    assert_eq!(session.token().unwrap().expose(), "a");
    assert!(session.reject(&session.token().unwrap()));
    assert_eq!(session.token().unwrap().expose(), "t");

    let tokens = traded(&server(vec![answer(200, TOKEN)])).unwrap();
    let session = Session::builder(login().grant())
        .tokens(tokens)
        .transport(server(Vec::new()))
        .build()
        .unwrap();
    assert!(session.reject(&session.token().unwrap()));
    assert!(needs_user(&session.token().unwrap_err()));
}

#[test]
fn a_store_needs_the_name_of_the_user() {
    let nameless = Session::builder(login().grant()).store(MemoryStore::new());
    let error = nameless.build().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    assert!(error.to_string().contains("name the user"), "{error}");

    let named = |name: &str| login().grant().user(name).identity();
    assert_eq!(named("jsmith"), named("jsmith"));
    assert_ne!(named("jsmith"), named("bob"));
}

/// A program that starts without credentials stores that failure and sends the user to the server. If the code then
/// brought no token, the error was once the stored one, that there are no credentials.
#[test]
fn a_code_that_brings_no_token_fails_with_its_own_reason() {
    for (bad, reason) in [
        (answer(503, ""), "answered 503"),
        (lost(Delivery::Unknown), "may have received"),
        (lost(Delivery::NotSent), "nothing was sent"),
    ] {
        let (store, clock) = (MemoryStore::new(), ManualClock::new());
        let session = Session::builder(RefreshToken::new(client()).user("jsmith"))
            .store(store)
            .clock(clock.clone())
            .transport(server(vec![bad, answer(200, TOKEN)]))
            .build()
            .unwrap();
        let nothing = session.token().unwrap_err();
        assert!(needs_user(&nothing), "{nothing}");

        if reason == "nothing was sent" {
            // Within the login.
            session.log_in(traded).unwrap();
            session.token().unwrap();
            continue;
        }
        let error = session.log_in(traded).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        clock.advance(Duration::from_secs(60));
        assert!(needs_user(&session.token().unwrap_err()), "{reason}");
    }
}

/// The store holds a dead login before, and the next call works anyway.
#[test]
fn a_new_login_is_shown_as_one_until_it_is_stored() {
    let store = MemoryStore::new();
    let session = || {
        let tokens = traded(&server(vec![answer(200, TOKEN)])).unwrap();
        Session::builder(login().grant().user("jsmith"))
            .store(store.clone())
            .tokens(tokens)
            .transport(server(Vec::new()))
            .build()
            .unwrap()
    };
    let first = session();
    first.token().unwrap();
    first.log_out().unwrap();

    let again = session();
    let words = format!("{:#}", again.status());
    assert!(words.contains("the tokens of a new login"), "{words}");
    assert_eq!(again.token().unwrap().expose(), "t");
    let words = format!("{:#}", again.status());
    assert!(!words.contains("new login"), "{words}");
}

/// Those who know the state of a login that waits can complete it.
#[test]
fn a_waiting_login_shows_no_state_and_no_url() {
    let pending = resumed(&login(), "st4te", &"v".repeat(43)).unwrap();
    let shown = format!("{pending:?}");
    for never in ["st4te", "vvv", "response_type"] {
        assert!(!shown.contains(never), "{shown}");
    }
    for name in ["PendingLogin", "\"app\""] {
        assert!(shown.contains(name), "{shown}");
    }
}

#[test]
fn its_grant_can_be_revoked() {
    let client = client_of(requests::server().revocation_endpoint("https://login.example/revoke"));
    let grant = AuthorizationCode::new(client, "https://app.example/cb").grant();
    let (token, http) = (Secret::new("r"), Script::default().then(200, ""));
    grant.revoke(RevokedToken::Refresh(&token), &http).unwrap();
    assert!(http.asked()[0].starts_with("POST https://login.example/revoke token=r&"));
}

const TOKEN: &str = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
