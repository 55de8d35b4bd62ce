//! One session per customer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_core::store::MemoryStore;
use auth_core::testing::ManualClock;
use auth_core::{Error, Session, Sessions, testing};

use crate::script::{Script, response, served};
use crate::sharing::failing::Failing;

fn counted(most: usize) -> (Sessions<u8>, Arc<AtomicUsize>) {
    let made = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&made);
    let sessions = Sessions::new(move |customer: &u8| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(testing::session(&format!("token-{customer}")))
    });
    (sessions.with_capacity(most), made)
}

#[test]
fn a_customer_keeps_a_session() {
    let (sessions, made) = counted(10);
    for _ in 0..3 {
        assert_eq!(served(&sessions.get(&1).unwrap()), "token-1");
        assert_eq!(served(&sessions.get(&2).unwrap()), "token-2");
    }
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[test]
fn the_least_recently_used_session_is_dropped() {
    let (sessions, made) = counted(2);
    for customer in [1, 2, 1, 3, 1] {
        sessions.get(&customer).unwrap();
    }
    assert_eq!(made.load(Ordering::Relaxed), 3, "1 was used, 2 was not");
    sessions.get(&2).unwrap();
    assert_eq!(made.load(Ordering::Relaxed), 4);
}

#[test]
fn a_removed_session_is_made_anew() {
    let (sessions, made) = counted(2);
    sessions.get(&1).unwrap();
    assert!(sessions.remove(&1).is_some());
    assert!(sessions.remove(&1).is_none());
    sessions.get(&1).unwrap();
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[test]
fn a_session_that_cannot_be_made_is_tried_again() {
    let tries = AtomicUsize::new(0);
    let sessions = Sessions::new(move |_: &u8| match tries.fetch_add(1, Ordering::Relaxed) {
        0 => Err(Error::configuration("not yet")),
        _ => Ok(testing::session("abc")),
    });
    assert_eq!(sessions.get(&1).unwrap_err().to_string(), "not yet");
    assert_eq!(served(&sessions.get(&1).unwrap()), "abc");
}

#[test]
fn a_session_whose_tokens_are_not_stored_is_kept() {
    let clock = ManualClock::new();
    let store = Failing::new(MemoryStore::new());
    let in_closure = store.clone();
    let make = move |_: &u8| -> auth_core::Result<Session> {
        let script = Script::new().without_password();
        script.builder(&clock).store(in_closure.clone()).build()
    };
    let sessions = Sessions::new(make).with_capacity(1);
    let first = sessions.get(&1).unwrap();
    store.fail_swaps_after(0);
    let stored = first.log_in(|_| Ok(response("one", "r1", 3600)));
    assert!(stored.is_err());
    drop(first);
    sessions.get(&2).unwrap();
    assert_eq!(served(&sessions.get(&1).unwrap()), "one");
}
