//! A process that is suspended between storing its attempt and sending the request.

use std::fmt;
use std::sync::{Arc, Mutex};

use auth_core::grant::Identity;
use auth_core::store::{MemoryStore, Record, Store, SwapOutcome};
use auth_core::testing::ManualClock;
use auth_core::{Result, Session};

use crate::script::{Script, response, seconds, served};

/// Another store, in which something happens right after a swap.
#[derive(Clone, Default)]
struct Suspending {
    store: MemoryStore,
    next: Arc<Mutex<Option<Happens>>>,
}

type Happens = Box<dyn FnOnce() + Send>;

impl Suspending {
    fn after_the_next_swap(&self, happens: impl FnOnce() + Send + 'static) {
        *self.next.lock().unwrap() = Some(Box::new(happens));
    }

    fn record(&self) -> Option<Record> {
        self.store.load(&Identity::new("script")).unwrap()
    }
}

impl fmt::Debug for Suspending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Suspending")
    }
}

impl Store for Suspending {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        self.store.load(identity)
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let swapped = self.store.swap(identity, expected, record);
        let happens = self.next.lock().unwrap().take();
        if let Some(happens) = happens {
            happens();
        }
        swapped
    }
}

/// A session that will be suspended, one that shares its login, and the store of the first.
fn two(first: &Script, second: &Script) -> (Session, Session, Suspending, ManualClock) {
    let (clock, store) = (ManualClock::new(), Suspending::default());
    let builder = |script: &Script| script.builder(&clock).retries(0);
    let a = builder(first).store(store.clone()).build().unwrap();
    let b = builder(second).store(store.store.clone()).build().unwrap();
    (a, b, store, clock)
}

#[test]
fn a_refresh_is_not_sent_after_its_deadline() {
    let first = Script::new().token("one", "r1");
    let second = Script::new().token("two", "r2");
    let (a, b, store, clock) = two(&first, &second);
    served(&a);
    clock.advance(seconds(3600));
    store.after_the_next_swap(move || {
        clock.advance(LONG);
        // The other process takes the refresh token for lost.
        assert_eq!(served(&b), "two");
    });
    assert_eq!(served(&a), "two");
    assert_eq!(first.asked(), ["log in"]);
    assert_eq!(second.asked(), ["log in"]);
}

#[test]
fn a_login_is_not_sent_after_its_deadline() {
    let first = Script::new();
    let second = Script::new().token("two", "r2");
    let (a, b, store, clock) = two(&first, &second);
    store.after_the_next_swap(move || {
        clock.advance(LONG);
        assert_eq!(served(&b), "two");
    });
    assert_eq!(served(&a), "two");
    assert!(first.asked().is_empty());
}

/// The wall clock alone moves during a suspend of the machine.
#[test]
fn a_suspended_machine_notes_a_new_attempt_first() {
    let script = Script::new().token("one", "r1");
    let (a, _, store, clock) = two(&script, &Script::new());
    served(&a);
    clock.advance(seconds(3600));
    let noted: Arc<Mutex<Option<Record>>> = Arc::default();
    let (seen, sees) = (store.clone(), Arc::clone(&noted));
    store.after_the_next_swap(move || {
        *sees.lock().unwrap() = seen.record();
        clock.suspend(LONG);
    });
    let (seen, before) = (store.clone(), Arc::clone(&noted));
    let script = script.then(move || {
        assert_ne!(seen.record(), *before.lock().unwrap());
        Ok(response("two", "r2", 3600))
    });
    assert_eq!(served(&a), "two");
    assert!(noted.lock().unwrap().is_some());
    assert_eq!(script.asked(), ["log in", "refresh r1"]);
}

#[test]
fn a_short_suspension_changes_nothing() {
    let script = Script::new().token("one", "r1");
    let (a, _, store, clock) = two(&script, &Script::new());
    served(&a);
    clock.advance(seconds(3600));
    let noted: Arc<Mutex<Option<Record>>> = Arc::default();
    let (seen, sees) = (store.clone(), Arc::clone(&noted));
    store.after_the_next_swap(move || {
        *sees.lock().unwrap() = seen.record();
        clock.suspend(seconds(1));
    });
    let script = script.then(move || {
        assert_eq!(store.record(), *noted.lock().unwrap());
        Ok(response("two", "r2", 3600))
    });
    assert_eq!(served(&a), "two");
    assert_eq!(script.asked(), ["log in", "refresh r1"]);
}

/// Longer than any attempt may take.
const LONG: std::time::Duration = seconds(600);
