//! One session per customer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use auth_core::store::MemoryStore;
use auth_core::testing::ManualClock;
use auth_core::{Error, Result, Session, Sessions, testing};

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

/// The closure runs while `misses` threads have named the customer.
fn made_while_others_wait(
    misses: u64,
    make: impl Fn() -> Result<Session> + Send + Sync + 'static,
) -> Vec<thread::Result<Result<Session>>> {
    let (begin, begun) = mpsc::channel::<()>();
    let begun = Mutex::new(begun);
    let sessions = Sessions::new(move |_: &u8| {
        // From the second call on, the channel is closed.
        let _ = begun.lock().unwrap().recv();
        make()
    });
    thread::scope(|scope| {
        let get = || scope.spawn(|| catch_unwind(AssertUnwindSafe(|| sessions.get(&1))));
        let threads: Vec<_> = (0..misses).map(|_| get()).collect();
        while sessions.counts().misses < misses {
            thread::yield_now();
        }
        drop(begin);
        let results = threads.into_iter().map(|thread| thread.join().unwrap());
        results.collect()
    })
}

#[test]
fn threads_that_name_a_new_customer_share_a_session() {
    let made = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&made);
    let script = Script::new().token("one", "");
    let (first, _clock) = script.session();
    let results = made_while_others_wait(8, move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(first.clone())
    });
    for session in results {
        assert_eq!(served(&session.unwrap().unwrap()), "one");
    }
    assert_eq!(made.load(Ordering::Relaxed), 1);
}

#[test]
fn threads_that_name_a_new_customer_share_an_error() {
    let made = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&made);
    let results = made_while_others_wait(8, move || {
        count.fetch_add(1, Ordering::Relaxed);
        Err(Error::configuration("no such customer"))
    });
    for session in results {
        assert_eq!(
            session.unwrap().unwrap_err().to_string(),
            "no such customer"
        );
    }
    assert_eq!(made.load(Ordering::Relaxed), 1);
}

#[test]
fn a_panic_in_the_closure_reaches_one_caller_alone() {
    let tries = AtomicUsize::new(0);
    let results = made_while_others_wait(8, move || match tries.fetch_add(1, Ordering::Relaxed) {
        0 => panic!("on purpose"),
        _ => Ok(testing::session("abc")),
    });
    let (panicked, made): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_err);
    assert_eq!((panicked.len(), made.len()), (1, 7));
    for session in made {
        assert_eq!(served(&session.unwrap().unwrap()), "abc");
    }
}

#[test]
fn the_closure_cannot_request_its_own_session() {
    let sessions = Arc::new(Mutex::new(None::<Arc<Sessions<u8>>>));
    let inside = Arc::clone(&sessions);
    let outside = Arc::new(Sessions::new(move |customer: &u8| {
        let sessions = inside.lock().unwrap().clone().unwrap();
        sessions.get(customer)
    }));
    *sessions.lock().unwrap() = Some(Arc::clone(&outside));
    let error = outside.get(&1).unwrap_err().to_string();
    assert!(error.starts_with("re-entrant call"), "{error}");
}

#[test]
fn sessions_are_dropped_in_the_order_of_their_use() {
    let (sessions, made) = counted(4);
    for customer in [1, 2, 3, 4, 1, 3] {
        sessions.get(&customer).unwrap();
    }
    for (newest, gone, made_before) in [(5, 2, 4), (6, 4, 5)] {
        sessions.get(&newest).unwrap();
        assert_eq!(made.load(Ordering::Relaxed), made_before + 1);
        assert!(
            sessions.remove(&gone).is_none(),
            "{gone} was not used again"
        );
    }
    for customer in [1, 3, 5, 6] {
        sessions.get(&customer).unwrap();
    }
    assert_eq!(made.load(Ordering::Relaxed), 6, "the others are kept");
    let counts = sessions.counts();
    assert_eq!((counts.size, counts.evicted, counts.made), (4, 2, 6));
    assert_eq!((counts.hits, counts.misses), (6, 6));
}

#[test]
fn the_number_of_sessions_stays_within_the_capacity() {
    for most in [1, 63, 128, 300] {
        let sessions = Sessions::new(|customer: &u32| Ok(testing::session(&customer.to_string())));
        let sessions = sessions.with_capacity(most);
        for customer in 0..1000 {
            sessions.get(&customer).unwrap();
            let kept = most.min(customer as usize + 1);
            assert_eq!(sessions.counts().size, kept, "of {most}");
        }
        assert_eq!(sessions.counts().evicted, 1000 - most as u64);
    }
}

#[test]
fn another_capacity_keeps_the_sessions_it_has_room_for() {
    let (sessions, made) = counted(10);
    for customer in 0..10 {
        sessions.get(&customer).unwrap();
    }
    let sessions = sessions.with_capacity(200);
    for customer in 0..10 {
        sessions.get(&customer).unwrap();
    }
    assert_eq!(made.load(Ordering::Relaxed), 10);
    assert_eq!(sessions.with_capacity(3).counts().size, 3);
}

#[test]
fn a_session_that_is_being_renewed_is_kept() {
    let (asked, was_asked) = mpsc::channel();
    let (answer, answers) = mpsc::channel::<()>();
    let script = Script::new().then(move || {
        asked.send(()).unwrap();
        answers.recv().unwrap();
        Ok(response("one", "", 3600))
    });
    let (first, _clock) = script.session();
    let sessions = Sessions::new(move |customer: &u8| match customer {
        1 => Ok(first.clone()),
        _ => Ok(testing::session("another")),
    });
    let sessions = sessions.with_capacity(1);
    thread::scope(|scope| {
        let renewing = scope.spawn(|| sessions.get(&1).unwrap().token());
        was_asked.recv().unwrap();
        sessions.get(&2).unwrap();
        let counts = sessions.counts();
        assert_eq!(
            (counts.size, counts.over_capacity, counts.evicted),
            (2, 1, 0)
        );
        answer.send(()).unwrap();
        renewing.join().unwrap().unwrap();
    });
    sessions.get(&3).unwrap();
    let counts = sessions.counts();
    assert_eq!(
        (counts.size, counts.evicted),
        (1, 2),
        "the excess is made good"
    );
}

#[test]
fn a_session_whose_tokens_are_not_stored_is_kept() {
    let clock = ManualClock::new();
    let store = Failing::new(MemoryStore::new());
    let in_closure = store.clone();
    let make = move |_: &u8| -> Result<Session> {
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
    assert_eq!(sessions.counts().over_capacity, 1);
}
