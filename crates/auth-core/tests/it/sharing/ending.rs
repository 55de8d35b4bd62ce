//! Log-outs while other processes renew or log in, or while the store fails.

use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::{MemoryStore, Store, SwapOutcome};
use auth_core::testing::ManualClock;
use auth_core::{Error, Session};

use super::failing::Failing;
use super::meanwhile::{Meanwhile, two};
use crate::script::{Script, refused, response, seconds, served, status};

/// A session that has logged in, one that shares the login, and the store of the first.
fn meanwhile(first: &Script, second: &Script) -> (Session, Session, Meanwhile, ManualClock) {
    let (a, b, store, clock) = two(first, second);
    served(&a);
    (a, b, store, clock)
}

fn failing(script: &Script) -> (Session, Failing, ManualClock) {
    let (clock, store) = (ManualClock::new(), Failing::new(MemoryStore::new()));
    let builder = script.builder(&clock).retries(0);
    let session = builder.store(store.clone()).build().unwrap();
    (session, store, clock)
}

fn is_logged_out(session: &Session) -> bool {
    format!("{:#}", session.status()).contains("store: logged out")
}

#[test]
fn a_token_renewed_during_a_log_out_is_revoked() {
    let first = Script::new().token("one", "r1");
    let second = Script::new().token("two", "r2");
    let (a, b, store, clock) = meanwhile(&first, &second);
    store.before_the_next_swap(move || {
        clock.advance(seconds(3600));
        assert_eq!(served(&b), "two");
    });
    a.log_out().unwrap();
    assert_eq!(second.asked(), ["refresh r1"]);
    assert_eq!(first.asked(), ["log in", "revoke r2"]);
    assert!(is_logged_out(&a));
}

#[test]
fn a_token_renewed_before_a_log_out_is_revoked() {
    let first = Script::new().token("one", "r1");
    let second = Script::new().token("two", "r2");
    let (a, b, _, clock) = meanwhile(&first, &second);
    clock.advance(seconds(3600));
    served(&b);
    a.log_out().unwrap();
    assert_eq!(first.asked(), ["log in", "revoke r2"]);
}

/// It may be spent, so revoking it may have no effect.
#[test]
fn a_refresh_token_in_flight_is_revoked_with_the_access_token() {
    let first = Script::new().token("one", "r1");
    let (sender, receiver) = std::sync::mpsc::channel::<Session>();
    let second = Script::new().then(move || {
        receiver.recv().unwrap().log_out().unwrap();
        Ok(response("two", "r2", 3600))
    });
    let (a, b, _, clock) = meanwhile(&first, &second);
    clock.advance(seconds(3600));
    sender.send(a.clone()).unwrap();
    assert_eq!(served(&b), "two", "for this one call");
    assert_eq!(first.asked(), ["log in", "revoke r1", "revoke one"]);
    assert!(is_logged_out(&b));
    assert!(b.refresh_token().is_none());
}

#[test]
fn a_log_out_after_a_lost_swap_response_still_revokes() {
    let script = Script::new().token("one", "r1");
    let (session, store, _) = failing(&script);
    served(&session);
    store.lose_answers_of_swaps();
    assert!(matches!(session.log_out(), Err(Error::Store { .. })));
    assert_eq!(script.asked(), ["log in"]);
    store.work_again();
    session.log_out().unwrap();
    assert_eq!(script.asked(), ["log in", "revoke r1"]);
    assert!(is_logged_out(&session));
}

#[test]
fn a_token_that_could_not_be_stored_is_revoked() {
    let script = Script::new().token("one", "r1");
    let (session, store, clock) = failing(&script);
    served(&session);
    clock.advance(seconds(3600));
    let breaks = store.clone();
    let script = script.then(move || {
        breaks.fail_swaps_after(0);
        Ok(response("two", "r2", 3600))
    });
    assert_eq!(served(&session), "two");
    store.work_again();
    session.log_out().unwrap();
    assert_eq!(script.asked(), ["log in", "refresh r1", "revoke r2"]);
}

#[test]
fn a_failed_revocation_is_repeated_by_the_next_log_out() {
    let script = Script::new().token("one", "r1");
    let script = script.fails_to_revoke(status(503));
    let (session, _) = script.session();
    served(&session);
    let error = session.log_out().unwrap_err();
    assert!(matches!(error, Error::Status { status: 503, .. }));
    assert!(is_logged_out(&session));
    for _ in 0..2 {
        session.log_out().unwrap();
        assert_eq!(script.asked(), ["log in", "revoke r1", "revoke r1"]);
    }
}

#[test]
fn a_refused_revocation_is_not_repeated() {
    let script = Script::new().token("one", "r1");
    let script = script.fails_to_revoke(refused("unsupported_token_type"));
    let (session, _) = script.session();
    served(&session);
    assert!(matches!(session.log_out(), Err(Error::Refused(_))));
    session.log_out().unwrap();
    assert_eq!(script.asked(), ["log in", "revoke r1"]);
}

/// The token is revoked anyway, and the next log-out removes the copy.
#[test]
fn a_copy_that_a_log_out_may_leave_is_reported() {
    let script = Script::new().token("one", "r1");
    let (session, store, _) = failing(&script);
    served(&session);
    store.fail_swaps_after(1);
    let error = session.log_out().unwrap_err();
    assert!(matches!(
        error,
        Error::Store {
            failure: StoreFailure::Unavailable,
            ..
        }
    ));
    assert!(error.to_string().contains("log out again"), "{error}");
    assert!(is_logged_out(&session));
    assert_eq!(script.asked(), ["log in", "revoke r1"], "anyway");
    store.work_again();
    session.forget().unwrap();
}

#[test]
fn a_login_restored_during_a_logout_is_reported() {
    let (script, other) = (Script::new().token("one", "r1"), Script::new());
    let (session, _b, store, _) = meanwhile(&script, &other);
    let who = Identity::new("script");
    let (memory, before) = (store.store.clone(), store.load(&who).unwrap().unwrap());
    store.before_the_second_swap(move || {
        let tombstone = memory.load(&who).unwrap();
        let swap = memory.swap(&who, tombstone.as_ref(), &before.restored());
        assert_eq!(swap.unwrap(), SwapOutcome::Stored);
    });
    let error = session.forget().unwrap_err();
    assert!(error.to_string().contains("log out again"), "{error}");
    session.forget().unwrap();
    assert!(is_logged_out(&session));
}

#[test]
fn a_login_made_during_a_log_out_is_kept() {
    let first = Script::new().token("one", "r1");
    let second = Script::new().token("two", "r2");
    let (a, b, store, _) = meanwhile(&first, &second);
    let other = b.clone();
    store.before_the_second_swap(move || assert_eq!(served(&other), "two"));
    a.log_out().unwrap();
    assert_eq!(first.asked(), ["log in", "revoke r1"]);
    assert_eq!(b.refresh_token().unwrap().expose(), "r2");
}

#[test]
fn a_log_out_without_a_login_sends_nothing() {
    let script = Script::new();
    let (session, _) = script.session();
    session.log_out().unwrap();
    assert!(script.asked().is_empty());
}
