//! `renew_if_due`: one turn of a loop that keeps a token fresh.

use auth_core::store::{MemoryStore, Store as _, SwapOutcome};
use auth_core::testing::ManualClock;
use auth_core::{RenewalCheck, Session};

use crate::script::{Script, lost_answer, seconds};

/// The token, and `true` if the renewal failed.
fn outcome(check: &RenewalCheck) -> (Option<&str>, bool) {
    let token = check.token.as_ref();
    (token.map(auth_core::Token::expose), check.error.is_some())
}

/// Two sessions over one store, as of two processes.
fn two(script: &Script) -> (Session, Session, ManualClock, MemoryStore) {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let build = || {
        let builder = script.builder(&clock).retries(0);
        builder.store(store.clone()).build().unwrap()
    };
    (build(), build(), clock, store)
}

#[test]
fn a_check_obtains_the_first_token() {
    let script = Script::new().token("one", "r1");
    let (session, _) = script.session();
    let check = session.renew_if_due();
    assert_eq!(outcome(&check), (Some("one"), false));
    assert_eq!(check.wait, seconds(30));
    assert_eq!(outcome(&session.renew_if_due()), (Some("one"), false));
    assert_eq!(script.asked(), ["log in"]);
}

#[test]
fn checks_renew_a_token_before_its_callers_would() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (session, clock) = script.session();
    let mut check = session.renew_if_due();
    let due = session.status().renewal_due_at.unwrap();
    while outcome(&check) == (Some("one"), false) {
        clock.advance(check.wait);
        check = session.renew_if_due();
    }
    assert_eq!(outcome(&check), (Some("two"), false));
    let renewed_at = session.status().expires_at.unwrap() - seconds(3600);
    assert!(renewed_at < due);
    assert_eq!(script.asked(), ["log in", "refresh r1"]);
}

#[test]
fn a_failed_check_has_the_valid_token_and_the_error() {
    let script = Script::new()
        .token("one", "")
        .error(lost_answer())
        .error(lost_answer());
    let (session, clock) = script.session();
    assert_eq!(outcome(&session.renew_if_due()), (Some("one"), false));
    clock.advance(seconds(3000));
    let check = session.renew_if_due();
    assert_eq!(outcome(&check), (Some("one"), true));
    assert!(check.wait <= seconds(30) && check.wait > seconds(0));
    clock.advance(seconds(600));
    let check = session.renew_if_due();
    assert_eq!(outcome(&check), (None, true));
    assert!(check.wait <= seconds(30) && check.wait > seconds(0));
}

/// A person logs in, or a script finds that an API rejects the token.
#[test]
fn a_check_adopts_the_token_of_another_process() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (session, other, ..) = two(&script);
    assert_eq!(outcome(&session.renew_if_due()), (Some("one"), false));
    let rejected = other.token().unwrap();
    assert!(other.reject(&rejected));
    assert_eq!(other.token().unwrap().expose(), "two");
    assert_eq!(session.token().unwrap().expose(), "one");
    assert_eq!(outcome(&session.renew_if_due()), (Some("two"), false));
    assert_eq!(session.token().unwrap().expose(), "two");
    assert_eq!(script.asked().len(), 2);
}

#[test]
fn a_check_notices_that_another_process_has_logged_out() {
    let script = Script::new().token("one", "").token("two", "");
    let (session, other, ..) = two(&script);
    session.token().unwrap();
    other.token().unwrap();
    other.forget().unwrap();
    // As every call after a logout, it logs in anew.
    assert_eq!(outcome(&session.renew_if_due()), (Some("two"), false));
    assert_eq!(script.asked(), ["log in", "log in"]);
}

/// A replica that lags, or a backup that was put back.
#[test]
fn a_check_adopts_nothing_older_than_it_has() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (session, other, _, store) = two(&script);
    session.token().unwrap();
    let old = store.load(session.identity()).unwrap().unwrap();
    assert!(other.reject(&other.token().unwrap()));
    other.token().unwrap();
    assert_eq!(outcome(&session.renew_if_due()), (Some("two"), false));
    let new = store.load(session.identity()).unwrap();
    let swapped = store.swap(session.identity(), new.as_ref(), &old).unwrap();
    assert_eq!(swapped, SwapOutcome::Stored);
    assert_eq!(outcome(&session.renew_if_due()), (Some("two"), false));
}
