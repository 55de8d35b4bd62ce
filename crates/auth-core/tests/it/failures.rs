//! Failures: retries, back-offs, remembered refusals, lost refresh tokens.

use auth_core::Secret;
use auth_core::clock::Clock;
use auth_core::error::Remedy;
use auth_core::error::{ErrorCode, LoginReason};
use auth_core::testing::ManualClock;
use auth_core::{Error, http};

use crate::script::{
    Script, come_back_in, lost_answer, not_sent, refused, response, seconds, served, status,
};

#[test]
fn a_failed_renewal_never_displaces_a_token_that_is_still_valid() {
    for failure in [
        lost_answer(),
        not_sent(),
        status(500),
        refused("invalid_client"),
    ] {
        let script = Script::new().token("one", "r1").error(failure.clone());
        let (session, clock) = script.session();
        assert_eq!(served(&session), "one");
        clock.advance(seconds(3000));
        assert_eq!(served(&session), "one", "{failure}");
        assert_eq!(served(&session), "one", "{failure}");
        assert_eq!(
            script.asked().len(),
            2,
            "it waits before it tries again: {failure}"
        );
    }
}

#[test]
fn after_its_expiry_the_token_is_not_served_and_the_error_is() {
    let script = Script::new()
        .token("one", "")
        .error(status(500))
        .error(status(500));
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(3000));
    assert_eq!(served(&session), "one");
    clock.advance(seconds(600));
    assert!(matches!(
        session.token(),
        Err(Error::Status { status: 500, .. })
    ));
}

#[test]
fn a_refresh_whose_answer_may_be_lost_is_sent_exactly_once() {
    for failure in [
        status(500),
        status(502),
        status(504),
        status(503),
        lost_answer(),
        unusable(),
    ] {
        let script = Script::new().token("one", "r1").error(failure.clone());
        let (session, clock) = script.session();
        assert_eq!(served(&session), "one");
        clock.advance(seconds(3600));
        assert!(session.token().is_err());
        assert_eq!(script.asked(), ["log in", "refresh r1"], "{failure}");
    }
}

/// The refresh token is not sent again.
#[test]
fn after_a_lost_refresh_response_the_session_logs_in() {
    let script = Script::new()
        .token("one", "r1")
        .error(lost_answer())
        .token("two", "r2");
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(3600));
    assert!(session.token().is_err());
    assert!(session.refresh_token().is_none(), "it must not be saved");
    clock.advance(seconds(60));
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked(), ["log in", "refresh r1", "log in"]);
}

/// A login request that cannot be built does not change the state of the refresh token that was sent before.
#[test]
fn a_login_error_does_not_revive_a_spent_refresh_token() {
    let script = Script::new()
        .token("one", "r1")
        .error(lost_answer())
        .error(Error::configuration("`username` is empty; set it"))
        .token("two", "r2");
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(3600));
    assert!(session.token().is_err());
    clock.advance(seconds(60));
    assert!(matches!(session.token(), Err(Error::Configuration { .. })));
    clock.advance(seconds(60));
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked(), ["log in", "refresh r1", "log in", "log in"]);
}

#[test]
fn a_lost_response_without_credentials_requires_a_user() {
    let clock = ManualClock::new();
    let script = Script::new().without_password().error(lost_answer());
    let session = script
        .builder(&clock)
        .refresh_token(Secret::new("r1"))
        .build()
        .unwrap();
    let error = session.token().unwrap_err();
    assert!(matches!(
        error,
        Error::LoginRequired {
            reason: LoginReason::RefreshTokenUncertain,
            ..
        }
    ));
    assert_eq!(script.asked(), ["refresh r1"]);
    assert!(session.token().is_err());
    assert_eq!(script.asked().len(), 1, "it is not tried again");
}

/// The vendor documents that a replay is harmless.
#[test]
fn a_harmless_replay_happens_once() {
    let clock = ManualClock::new();
    let script = Script::new()
        .replayable()
        .without_password()
        .error(lost_answer())
        .error(lost_answer());
    let session = script
        .builder(&clock)
        .refresh_token(Secret::new("r1"))
        .build()
        .unwrap();
    assert!(session.token().is_err());
    assert_eq!(script.asked(), ["refresh r1", "refresh r1"]);
}

#[test]
fn a_refresh_token_that_never_left_this_machine_is_sent_again() {
    for failure in [
        not_sent(),
        status(429),
        come_back_in(1, 503),
        status(404),
        refused("invalid_client"),
    ] {
        let script = Script::new()
            .token("one", "r1")
            .error(failure.clone())
            .token("two", "r2");
        let (session, clock) = script.session();
        assert_eq!(served(&session), "one");
        clock.advance(seconds(3600));
        assert!(session.token().is_err());
        clock.advance(seconds(3600));
        assert_eq!(served(&session), "two");
        assert_eq!(
            script.asked(),
            ["log in", "refresh r1", "refresh r1"],
            "{failure}"
        );
    }
}

#[test]
fn a_refused_refresh_leads_to_a_login_in_the_same_call() {
    let script = Script::new()
        .token("one", "r1")
        .error(refused("invalid_grant"))
        .token("two", "r2");
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(3600));
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked(), ["log in", "refresh r1", "log in"]);
}

/// Each later error names the refusal.
#[test]
fn a_refused_refresh_without_credentials_is_not_repeated() {
    let clock = ManualClock::new();
    let script = Script::new()
        .without_password()
        .error(refused("invalid_grant"));
    let session = script
        .builder(&clock)
        .refresh_token(Secret::new("r1"))
        .build()
        .unwrap();
    for _ in 0..3 {
        let error = session.token().unwrap_err();
        assert!(matches!(
            error,
            Error::LoginRequired {
                reason: LoginReason::RefreshTokenRefused,
                ..
            }
        ));
        assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidGrant);
    }
    assert_eq!(script.asked(), ["refresh r1"]);
    assert!(session.refresh_token().is_none());
}

#[test]
fn a_failed_login_keeps_the_reason_of_the_lost_refresh_token() {
    let clock = ManualClock::new();
    let script = Script::new()
        .error(refused("invalid_grant"))
        .error(not_sent());
    let session = script
        .builder(&clock)
        .retries(0)
        .refresh_token(Secret::new("r1"))
        .build()
        .unwrap();
    assert!(matches!(session.token(), Err(Error::Network { .. })));
    let script = script.without_password();
    clock.advance(seconds(60));
    assert!(matches!(
        session.token().unwrap_err(),
        Error::LoginRequired {
            reason: LoginReason::RefreshTokenRefused,
            ..
        }
    ));
    assert_eq!(script.asked(), ["refresh r1", "log in"]);
}

#[test]
fn a_valid_token_outlives_its_refused_refresh_token() {
    let script = Script::new()
        .token("one", "r1")
        .error(refused("invalid_grant"));
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    let _script = script.without_password();
    clock.advance(seconds(3000));
    assert_eq!(served(&session), "one");
    clock.advance(seconds(600));
    assert!(session.token().is_err());
}

#[test]
fn an_unusable_answer_that_holds_a_new_refresh_token_keeps_it() {
    let body = br#"{"refresh_token":"r2","token_type":"mac","access_token":"x"}"#;
    let clock = ManualClock::new();
    let script = Script::new()
        .then(move || {
            auth_core::grant::TokenRequest::form("https://as.example/token").send(
                &auth_core::transport::from_fn(move |_| Ok(http::Response::new(body.to_vec()))),
            )
        })
        .token("two", "r3");
    let session = script
        .builder(&clock)
        .refresh_token(Secret::new("r1"))
        .build()
        .unwrap();
    assert!(matches!(session.token(), Err(Error::Response(_))));
    clock.advance(seconds(60));
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked(), ["refresh r1", "refresh r2"]);
}

/// Later calls report it without another request.
#[test]
fn a_refused_password_is_reported_and_remembered() {
    let script = Script::new().error(refused("invalid_grant"));
    let (session, clock) = script.session();
    assert!(matches!(session.token(), Err(Error::Refused(_))));
    for _ in 0..3 {
        let error = session.token().unwrap_err();
        assert!(matches!(
            error,
            Error::LoginRequired {
                reason: LoginReason::CredentialsRefused,
                ..
            }
        ));
        assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidGrant);
        clock.advance(seconds(8 * 3600));
    }
    assert_eq!(script.asked(), ["log in"]);
}

#[test]
fn a_refused_password_names_what_to_check() {
    let script = Script::new().error(refused("invalid_grant"));
    let error = script.session().0.token().unwrap_err();
    let expected =
        "the server refused the request: invalid_grant (check the user name and the password)";
    assert_eq!(error.to_string(), expected);
    let script = Script::new()
        .token("one", "r1")
        .error(refused("invalid_grant"));
    let (session, clock) = script.session();
    served(&session);
    let script = script.without_password();
    clock.advance(seconds(3600));
    let error = session.token().unwrap_err();
    assert!(!format!("{error:?}").contains("password"), "{error:?}");
    assert_eq!(script.asked().len(), 2);
}

#[test]
fn a_403_page_is_not_taken_for_a_wrong_password() {
    let script = Script::new().error(status(403)).token("one", "");
    let (session, clock) = script.session();
    assert!(matches!(session.token(), Err(Error::Status { .. })));
    let error = session.token().unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("`Session::forget`"), "{cause}");
    clock.advance(seconds(3600));
    assert_eq!(served(&session), "one");
}

#[test]
fn no_request_is_made_before_retry_after_has_passed() {
    let script = Script::new().error(come_back_in(120, 429)).token("one", "");
    let clock = ManualClock::new();
    let session = script.builder(&clock).build().unwrap();
    assert!(session.token().is_err());
    clock.advance(seconds(119));
    let error = session.token().unwrap_err();
    assert!(matches!(error, Error::BackOff { .. }));
    assert_eq!(error.retry_after().unwrap(), seconds(1));
    assert!(error.remedy() == Remedy::Retry);
    assert_eq!(script.asked().len(), 1);
    clock.advance(seconds(1));
    assert_eq!(served(&session), "one");
}

#[test]
fn one_bad_gateway_does_not_fail_a_call_that_has_no_token() {
    let script = Script::new()
        .error(status(502))
        .error(lost_answer())
        .token("one", "");
    let clock = ManualClock::new();
    let session = script.builder(&clock).build().unwrap();
    let before = clock.now();
    assert_eq!(served(&session), "one");
    assert!(
        clock.now().since(before) >= seconds(2),
        "it waits before each retry"
    );
    assert_eq!(script.asked().len(), 3);
}

#[test]
fn retries_end() {
    let script = Script::new()
        .error(status(502))
        .error(status(502))
        .error(status(502));
    let clock = ManualClock::new();
    let session = script.builder(&clock).build().unwrap();
    assert!(matches!(
        session.token(),
        Err(Error::Status { status: 502, .. })
    ));
    assert!(matches!(session.token(), Err(Error::BackOff { .. })));
    assert_eq!(script.asked().len(), 3);
}

#[test]
fn a_configuration_error_is_reported_each_time() {
    let mistake = || Error::configuration("`client_id` is empty; set it");
    let script = Script::new().error(mistake()).error(mistake());
    let (session, _) = script.session();
    for _ in 0..2 {
        assert!(matches!(session.token(), Err(Error::Configuration { .. })));
    }
}

#[test]
fn a_session_survives_a_panic_in_its_grant() {
    let script = Script::new()
        .then(|| panic!("a bug in a grant"))
        .token("one", "");
    let (session, _) = script.session();
    let inside = session.clone();
    assert!(
        std::thread::spawn(move || inside.token().is_ok())
            .join()
            .is_err()
    );
    assert_eq!(served(&session), "one");
}

fn unusable() -> Error {
    Error::response("it is HTML")
}

#[test]
fn an_unsendable_token_of_a_custom_grant_is_an_error() {
    let script = Script::new().then(|| Ok(response("line\nbreak", "", 3600)));
    let (session, _) = script.session();
    assert!(matches!(session.token(), Err(Error::Response(_))));
}
