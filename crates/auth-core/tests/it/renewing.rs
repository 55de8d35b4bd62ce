//! Obtain, refresh, rotate, forget.

use std::time::SystemTime;

use auth_core::Secret;
use std::sync::{Arc, OnceLock};

use auth_core::Session;
use auth_core::http::HeaderValue;
use auth_core::testing::ManualClock;

use crate::script::{Script, refused, response, seconds, served, status};

/// No request is sent before the first call.
#[test]
fn a_fresh_token_is_requested_once() {
    let script = Script::new().token("one", "");
    let (session, _) = script.session();
    assert!(script.asked().is_empty());
    for _ in 0..5 {
        assert_eq!(served(&session), "one");
    }
    assert_eq!(session.authorization().unwrap(), "Bearer one");
    assert_eq!(
        session.with_authorization(HeaderValue::len).unwrap(),
        "Bearer one".len()
    );
    assert_eq!(script.asked(), ["log in"]);
}

#[test]
fn the_header_value_is_sensitive() {
    let (session, _) = Script::new().token("one", "").session();
    assert!(session.authorization().unwrap().is_sensitive());
}

#[test]
fn a_token_without_a_refresh_token_is_followed_by_a_login() {
    let script = Script::new().token("one", "").token("two", "");
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(3600));
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked(), ["log in", "log in"]);
}

#[test]
fn each_refresh_uses_the_newest_refresh_token() {
    let script = Script::new()
        .token("one", "r1")
        .token("two", "r2")
        .token("three", "r3");
    let (session, clock) = script.session();
    for expected in ["one", "two", "three"] {
        assert_eq!(served(&session), expected);
        clock.advance(seconds(3600));
    }
    assert_eq!(script.asked(), ["log in", "refresh r1", "refresh r2"]);
    assert_eq!(session.refresh_token().unwrap().expose(), "r3");
}

#[test]
fn a_refresh_answer_without_a_refresh_token_keeps_the_old_one() {
    let script = Script::new()
        .token("one", "r1")
        .token("two", "")
        .token("three", "");
    let (session, clock) = script.session();
    for expected in ["one", "two", "three"] {
        assert_eq!(served(&session), expected);
        clock.advance(seconds(3600));
    }
    assert_eq!(script.asked(), ["log in", "refresh r1", "refresh r1"]);
}

#[test]
fn a_login_without_a_refresh_token_drops_the_old_one() {
    let script = Script::new()
        .token("one", "r1")
        .error(refused("invalid_grant"))
        .token("two", "")
        .token("three", "");
    let (session, clock) = script.session();
    for expected in ["one", "two", "three"] {
        assert_eq!(served(&session), expected);
        clock.advance(seconds(3600));
    }
    assert_eq!(script.asked(), ["log in", "refresh r1", "log in", "log in"]);
    assert!(session.refresh_token().is_none());
}

#[test]
fn a_session_can_begin_with_a_refresh_token_and_nothing_else() {
    let script = Script::new().token("one", "r2");
    let clock = ManualClock::new();
    let session = script
        .builder(&clock)
        .refresh_token(Secret::new("r1"))
        .build()
        .unwrap();
    assert_eq!(served(&session), "one");
    assert_eq!(script.asked(), ["refresh r1"]);
}

#[test]
fn a_session_can_begin_with_a_token_that_is_already_there() {
    let script = Script::new().token("two", "r2");
    let clock = ManualClock::new();
    let session = script
        .builder(&clock)
        .tokens(response("one", "r1", 60))
        .build()
        .unwrap();
    assert_eq!(served(&session), "one");
    assert!(script.asked().is_empty());
    clock.advance(seconds(60));
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked(), ["refresh r1"]);
}

#[test]
fn a_refresh_token_whose_documented_life_is_over_is_not_sent() {
    let script = Script::new()
        .then(|| {
            let mut response = response("one", "r1", 3600);
            response.refresh_token_lifetime = Some(seconds(14 * 24 * 3600));
            Ok(response)
        })
        .token("two", "r2");
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(14 * 24 * 3600));
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked(), ["log in", "log in"]);
}

#[test]
fn further_members_of_a_response_can_be_read() {
    let script = Script::new().then(|| {
        let mut response = response("one", "", 3600);
        response.scope = Some("read write".to_owned());
        response
            .extra
            .insert("userName".to_owned(), Secret::new("jsmith"));
        Ok(response)
    });
    let (session, _) = script.session();
    let token = session.token().unwrap();
    assert_eq!(token.scope(), Some("read write"));
    assert_eq!(token.extra("userName").unwrap().expose(), "jsmith");
    assert_eq!(
        token.expires_at().unwrap(),
        SystemTime::UNIX_EPOCH + seconds(1_767_225_600 + 3600)
    );
}

#[test]
fn forgetting_logs_out_and_the_next_call_logs_in_anew() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (session, _) = script.session();
    assert_eq!(served(&session), "one");
    session.forget().unwrap();
    assert!(session.refresh_token().is_none());
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked(), ["log in", "log in"]);
}

#[test]
fn forgetting_also_forgets_that_the_credentials_were_refused() {
    let script = Script::new()
        .error(refused("invalid_grant"))
        .token("one", "");
    let (session, _) = script.session();
    assert!(session.token().is_err());
    assert!(session.token().is_err());
    session.forget().unwrap();
    assert_eq!(served(&session), "one");
}

/// It serves no other call: the next one logs in again.
#[test]
fn a_login_that_ends_after_a_logout_serves_its_caller() {
    let clock = ManualClock::new();
    // The session forgets itself while its own login is under way.
    let place: Arc<OnceLock<Session>> = Arc::default();
    let inside = Arc::clone(&place);
    let script = Script::new()
        .then(move || {
            inside.get().unwrap().forget().unwrap();
            Ok(response("one", "r1", 3600))
        })
        .token("two", "");
    let session = place.get_or_init(|| script.builder(&clock).build().unwrap());
    let over = session.token().unwrap();
    assert_eq!(over.expose(), "one");
    assert!(session.refresh_token().is_none());
    assert_eq!(served(session), "two");
    // Two tokens of one session never count as the same, or this would reject the wrong one.
    assert!(session.reject(&over));
    assert_eq!(served(session), "two");
    assert_eq!(script.asked().len(), 2);
}

#[test]
fn a_login_refused_after_a_logout_leaves_no_back_off() {
    let clock = ManualClock::new();
    let place: Arc<OnceLock<Session>> = Arc::default();
    let inside = Arc::clone(&place);
    let script = Script::new()
        .then(move || {
            inside.get().unwrap().forget().unwrap();
            Err(refused("invalid_grant"))
        })
        .token("one", "");
    let session = place.get_or_init(|| script.builder(&clock).build().unwrap());
    assert!(session.token().is_err());
    assert_eq!(served(session), "one");
}

#[test]
fn renew_ahead_covers_a_day_without_the_server() {
    let year = 365 * 24 * 3600;
    let script = Script::new()
        .then(move || Ok(response("one", "", year)))
        .error(status(503))
        .then(move || Ok(response("two", "", year)));
    let clock = ManualClock::new();
    let builder = script.builder(&clock).retries(0);
    let session = builder.renew_ahead(seconds(24 * 3600)).build().unwrap();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(year - 27 * 3600));
    assert_eq!(served(&session), "one");
    assert_eq!(script.asked().len(), 1, "it is not due yet");
    clock.advance(seconds(7 * 3600));
    assert_eq!(served(&session), "one");
    assert_eq!(script.asked().len(), 2, "it is due, and the server is down");
    clock.advance(seconds(19 * 3600));
    assert_eq!(served(&session), "two");
}
