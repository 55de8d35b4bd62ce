//! A code is sent once, ever.

use crate::asking::Asking as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use auth_core::store::MemoryStore;
use auth_core::testing::ManualClock;
use oauth2_generic::auth_core::error::{Delivery, LoginReason, NetworkFailure};
use oauth2_generic::auth_core::transport::Transport;
use oauth2_generic::http::{Request, Response};
use oauth2_generic::{
    AuthorizationCode, Error, Grant, Granted, Implicit, RefreshToken, Result, Session,
};

use crate::requests::client;

fn granted() -> Granted {
    let login = AuthorizationCode {
        client: client(),
        redirect_uri: "https://app.example/cb".into(),
        ..AuthorizationCode::default()
    };
    let pending = login.begin().unwrap();
    let url = format!(
        "https://app.example/cb?code=c4nary&state={}",
        pending.state()
    );
    pending.redirected(&url).unwrap()
}

/// Answers each request with the next of `answers`, and fails the test when there is none left.
fn server(answers: Vec<Result<Response<Vec<u8>>>>) -> impl Transport {
    let answers = Mutex::new(answers.into_iter());
    move |_: Request<Vec<u8>>| {
        answers
            .lock()
            .unwrap()
            .next()
            .expect("one request too many")
    }
}

fn answer(status: u16, body: &str) -> Result<Response<Vec<u8>>> {
    Ok(Response::builder()
        .status(status)
        .body(body.into())
        .unwrap())
}

fn lost(sent: Sent) -> Result<Response<Vec<u8>>> {
    Err(Error::Network {
        failure: NetworkFailure::Closed,
        delivery,
    })
}

fn is_spent(error: &Error) -> bool {
    matches!(
        error,
        Error::LoginRequired {
            reason: LoginReason::CodeSpent,
            ..
        }
    )
}

#[test]
fn a_code_that_was_traded_is_not_sent_again() {
    let (granted, http) = (granted(), server(vec![answer(200, TOKEN)]));
    granted.obtain(&http).unwrap();
    assert!(is_spent(&granted.obtain(&http).unwrap_err()));
}

#[test]
fn a_code_whose_answer_was_lost_is_not_sent_again_and_the_loss_is_the_cause() {
    let (granted, http) = (granted(), server(vec![lost(Delivery::Unknown)]));
    assert!(matches!(granted.obtain(&http), Err(Error::Network { .. })));
    for _ in 0..2 {
        let error = granted.obtain(&http).unwrap_err();
        assert!(is_spent(&error));
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("may have arrived"), "{cause}");
    }
}

#[test]
fn a_code_that_was_refused_or_answered_badly_is_not_sent_again() {
    for bad in [
        answer(400, r#"{"error":"invalid_grant"}"#),
        answer(502, ""),
        answer(200, "<html>"),
    ] {
        let (granted, http) = (granted(), server(vec![bad]));
        granted.obtain(&http).unwrap_err();
        assert!(is_spent(&granted.obtain(&http).unwrap_err()));
    }
}

/// Whatever the words are: wrong are the code or the client, and the user has no part in either.
#[test]
fn a_refused_code_means_that_the_user_logs_in_again() {
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
        let (store, clock) = (MemoryStore::new(), ManualClock::new());
        let session = Session::builder(granted().resource_owner("jsmith"))
            .store(store)
            .clock(clock.clone())
            .transport(server(vec![answer(status, body)]))
            .build();
        for _ in 0..3 {
            let error = session.token().unwrap_err();
            assert!(is_spent(&error), "{status} {body}: {error}");
            assert!(!format!("{error:?}").contains("CredentialsRefused"));
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.contains("server"), "{cause}");
            clock.advance(Duration::from_secs(24 * 3600));
        }
    }
}

/// It did not look at the code, and says when it will.
#[test]
fn a_code_that_the_server_put_off_is_sent_again() {
    let later = |status| {
        let answer = Response::builder().status(status);
        Ok(answer.header("Retry-After", "5").body(Vec::new()).unwrap())
    };
    for put_off in [answer(429, ""), later(429), later(503)] {
        let granted = granted();
        let http = server(vec![put_off, answer(200, TOKEN)]);
        assert!(!is_spent(&granted.obtain(&http).unwrap_err()));
        assert_eq!(granted.obtain(&http).unwrap().access_token.expose(), "t");
    }
}

#[test]
fn a_code_that_never_left_this_machine_may_be_sent() {
    let (granted, http) = (
        granted(),
        server(vec![lost(Delivery::NotSent), answer(200, TOKEN)]),
    );
    granted.obtain(&http).unwrap_err();
    assert_eq!(granted.obtain(&http).unwrap().access_token.expose(), "t");
}

#[test]
fn of_many_threads_one_sends_the_code() {
    let (granted, count) = (granted(), AtomicUsize::new(0));
    let http = |_: Request<Vec<u8>>| {
        count.fetch_add(1, SeqCst);
        answer(200, TOKEN)
    };
    std::thread::scope(|threads| {
        for _ in 0..16 {
            threads.spawn(|| drop(granted.obtain(&http)));
        }
    });
    assert_eq!(count.into_inner(), 1);
}

#[test]
fn a_session_goes_on_with_the_refresh_token_and_ends_without_one() {
    let bodies = [
        r#"{"access_token":"a","token_type":"bearer","refresh_token":"r"}"#,
        TOKEN,
    ];
    let session = Session::builder(granted())
        .transport(server(bodies.map(|body| answer(200, body)).into()))
        .build();
    assert_eq!(session.token().unwrap().expose(), "a");
    assert!(session.reject(&session.token().unwrap()));
    assert_eq!(session.token().unwrap().expose(), "t");

    let session = Session::builder(granted())
        .transport(server(vec![answer(200, TOKEN)]))
        .build();
    assert!(session.reject(&session.token().unwrap()));
    assert!(is_spent(&session.token().unwrap_err()));
}

#[test]
fn a_session_does_not_try_again_what_may_have_been_sent() {
    let session = Session::builder(granted())
        .clock(ManualClock::new())
        .transport(server(vec![lost(Delivery::Unknown)]))
        .build();
    let error = session.token().unwrap_err();
    assert!(
        is_spent(&error) || matches!(error, Error::Network { .. }),
        "{error}"
    );
    assert!(is_spent(&session.token().unwrap_err()));
}

#[test]
fn a_login_without_a_name_is_kept_for_itself() {
    assert_ne!(granted().identity(), granted().identity());
    let named = || granted().resource_owner("jsmith").identity();
    assert_eq!(named(), named());
    assert_ne!(named(), granted().resource_owner("bob").identity());
}

/// A program that starts finds nothing to log in with, which is stored, and sends the user to the server. If
/// the code then brings no token, the user was told that there is nothing to log in with.
#[test]
fn a_code_that_brings_no_token_fails_with_its_own_reason_and_is_kept_if_it_never_left() {
    for (bad, reason) in [
        (answer(503, ""), "answered 503"),
        (lost(Delivery::Unknown), "may have arrived"),
        (lost(Delivery::NotSent), "nothing was sent"),
    ] {
        let (store, clock) = (MemoryStore::new(), ManualClock::new());
        let kept = RefreshToken::new(client()).user("jsmith");
        let first = Session::builder(kept).store(store.clone());
        let nothing = first.clock(clock.clone()).build().token().unwrap_err();
        assert!(nothing.to_string().contains("nothing to log in with"));

        let never_left = reason == "nothing was sent";
        let session = Session::builder(granted().resource_owner("jsmith"))
            .store(store)
            .clock(clock.clone())
            .transport(server(vec![bad, answer(200, TOKEN)]))
            .build();
        if never_left {
            // Within the call, after a wait.
            session.token().unwrap();
            continue;
        }
        let error = session.token().unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            is_spent(&error) && cause.contains(reason),
            "{error}: {cause}"
        );
        clock.advance(Duration::from_secs(60));
        assert!(session.token().is_err(), "{reason}");
    }
}

/// What is stored of the login before it says that it is dead, and the next call works all the same.
#[test]
fn a_new_login_is_explained_as_one_until_its_code_is_traded() {
    let store = MemoryStore::new();
    let session = |http| {
        let granted = granted().resource_owner("jsmith");
        let builder = Session::builder(granted).store(store.clone());
        builder.transport(http).build()
    };
    session(server(vec![answer(200, TOKEN)])).token().unwrap();
    session(server(Vec::new())).log_out().unwrap();

    let again = session(server(vec![answer(200, TOKEN)]));
    let words = again.explain();
    assert!(words.contains("begun with: a new login"), "{words}");
    assert_eq!(again.token().unwrap().expose(), "t");
    let words = again.explain();
    assert!(!words.contains("new login"), "{words}");
}

#[test]
fn neither_code_nor_verifier_is_shown_by_debug() {
    let shown = format!("{:?}", granted());
    assert!(
        shown.contains("Granted") && !shown.contains("c4nary"),
        "{shown}"
    );
}

/// Whoever knows the state of a login that waits can answer it.
#[test]
fn a_login_that_waits_shows_neither_its_state_nor_the_url_by_debug() {
    let login = AuthorizationCode {
        client: client(),
        redirect_uri: "https://app.example/cb".into(),
        ..AuthorizationCode::default()
    };
    let pending = login.resume("st4te", "v".repeat(43)).unwrap();
    let mut shown = format!("{pending:?}");
    let back = "https://app.example/cb?code=c4nary&state=st4te";
    shown += &format!("{:?}", pending.redirected(back).unwrap());
    let implicit = Implicit {
        client: client(),
        redirect_uri: "https://app.example/cb".into(),
        ..Implicit::default()
    };
    shown += &format!("{:?}", implicit.resume("st4te").unwrap());
    for never in ["st4te", "vvv", "c4nary", "response_type"] {
        assert!(!shown.contains(never), "{shown}");
    }
    for name in ["PendingCode", "Granted", "PendingToken", "\"app\""] {
        assert!(shown.contains(name), "{shown}");
    }
}

const TOKEN: &str = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
