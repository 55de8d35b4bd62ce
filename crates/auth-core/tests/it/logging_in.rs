//! Logins of users: the first, the next, and the one that replaces a living one.

use std::thread;

use auth_core::error::Remedy;
use auth_core::store::MemoryStore;
use auth_core::testing::ManualClock;
use auth_core::{Error, LoginOutcome, Session};

use crate::script::{Script, refused, response, seconds, served};
use crate::sharing::failing::Failing;

fn session(script: &Script, store: &MemoryStore, clock: &ManualClock) -> Session {
    let builder = script.builder(clock).retries(0).store(store.clone());
    builder.build().unwrap()
}

#[test]
fn a_user_logs_in_where_no_login_is_stored() {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let a = session(&Script::new().without_password(), &store, &clock);
    let outcome = a.log_in_if_needed(|_| Ok(response("one", "r1", 3600)));
    assert_eq!(outcome.unwrap(), LoginOutcome::LoggedIn);
    assert_eq!(served(&a), "one");
    // Stored at once: the next process needs no user.
    let b = session(&Script::new().without_password(), &store, &clock);
    let outcome = b.log_in_if_needed(|_| panic!("the login is alive"));
    assert_eq!(outcome.unwrap(), LoginOutcome::Kept);
    assert_eq!(served(&b), "one");
}

#[test]
fn clones_continue_with_a_new_login() {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let script = Script::new().without_password();
    let script = script.error(refused("invalid_grant")).token("three", "r3");
    let session = session(&script, &store, &clock);
    session.log_in(|_| Ok(response("one", "r1", 3600))).unwrap();
    let clone = session.clone();
    clock.advance(seconds(3600));
    assert_eq!(clone.token().unwrap_err().remedy(), Remedy::LogIn);
    let outcome = session.log_in_if_needed(|_| Ok(response("two", "r2", 3600)));
    assert_eq!(outcome.unwrap(), LoginOutcome::LoggedIn);
    assert_eq!(served(&clone), "two");
    clock.advance(seconds(3600));
    assert_eq!(served(&clone), "three");
    assert_eq!(script.asked(), ["refresh r1", "refresh r2"]);
}

#[test]
fn a_new_login_replaces_a_living_one_for_every_process() {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let script = Script::new().without_password().token("three", "r3");
    let a = session(&script, &store, &clock);
    a.log_in(|_| Ok(response("one", "r1", 3600))).unwrap();
    let b = session(&Script::new().without_password(), &store, &clock);
    b.log_in(|_| Ok(response("two", "r2", 7200))).unwrap();
    assert_eq!(served(&b), "two");
    clock.advance(seconds(3600));
    assert_eq!(served(&a), "two", "the first session reads the store");
    clock.advance(seconds(3600));
    assert_eq!(served(&a), "three");
    assert_eq!(script.asked(), ["refresh r2"]);
}

#[test]
fn a_failed_login_changes_nothing() {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let session = session(&Script::new().without_password(), &store, &clock);
    session.log_in(|_| Ok(response("one", "r1", 3600))).unwrap();
    let error = session.log_in(|_| Err(refused("access_denied")));
    assert_eq!(error.unwrap_err().remedy(), Remedy::LogIn);
    let error = session.log_in(|_| Ok(response("a\nb", "r2", 3600)));
    assert_eq!(error.unwrap_err().remedy(), Remedy::RepairServer);
    assert_eq!(served(&session), "one");
    assert_eq!(session.refresh_token().unwrap().expose(), "r1");
}

#[test]
fn a_login_is_served_although_the_store_failed() {
    let clock = ManualClock::new();
    let script = Script::new().without_password();
    let store = Failing::new(MemoryStore::new());
    let builder = script.builder(&clock).store(store.clone());
    let session = builder.build().unwrap();
    store.fail_swaps_after(0);
    let error = session.log_in(|_| Ok(response("one", "r1", 3600)));
    assert!(matches!(error, Err(Error::Store { .. })), "{error:?}");
    assert_eq!(served(&session), "one");
    store.work_again();
    clock.advance(seconds(60));
    assert_eq!(served(&session), "one");
    let other = script.builder(&clock).store(store).build().unwrap();
    assert_eq!(served(&other), "one", "stored by the next call");
}

#[test]
fn a_login_holds_up_no_other_call() {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let session = session(&Script::new().without_password(), &store, &clock);
    session.log_in(|_| Ok(response("one", "r1", 3600))).unwrap();
    let clone = session.clone();
    let login = session.log_in(move |_| {
        let other = thread::spawn(move || served(&clone));
        assert_eq!(other.join().unwrap(), "one");
        Ok(response("two", "r2", 3600))
    });
    login.unwrap();
    assert_eq!(served(&session), "two");
}
