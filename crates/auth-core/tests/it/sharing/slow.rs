//! A slow store: a token expires while it is loaded.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use auth_core::Result;
use auth_core::grant::Identity;
use auth_core::observe::Event;
use auth_core::store::{MemoryStore, Record, Store, SwapOutcome, WaitOutcome};
use auth_core::testing::ManualClock;

use crate::script::{Script, response, seconds, served};

/// Wraps a store; its next load takes some seconds.
#[derive(Clone, Debug)]
struct Slow {
    store: MemoryStore,
    clock: ManualClock,
    next_load: Arc<AtomicU64>,
}

impl Store for Slow {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        let took = self.next_load.swap(0, Ordering::SeqCst);
        self.clock.advance(seconds(took));
        self.store.load(identity)
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        self.store.swap(identity, expected, record)
    }

    /// Waits in real time: a sleep by the manual clock would run through the deadlines at once.
    fn wait(
        &self,
        identity: &Identity,
        seen: Option<&Record>,
        at_most: Duration,
    ) -> Result<WaitOutcome> {
        self.store.wait(identity, seen, at_most)
    }
}

/// Once the call got an error: the token was valid when the call began, so the call did not wait for the
/// process that renewed it, and had expired when it was to be served.
#[test]
fn a_call_waits_when_its_token_expires_during_a_load() {
    let (asked, was_asked) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    let first = Script::new().token("one", "r1").then(move || {
        asked.send(()).unwrap();
        answers.recv().unwrap();
        Ok(response("two", "r2", 3600))
    });
    let second = Script::new();
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let a = first.builder(&clock).store(store.clone()).build().unwrap();
    let next_load = Arc::<AtomicU64>::default();
    let slow = Slow {
        store,
        clock: clock.clone(),
        next_load: Arc::clone(&next_load),
    };
    let (waiting, waits) = mpsc::channel();
    let b = second
        .builder(&clock)
        .store(slow)
        .observer(auth_core::observe::from_fn(move |_, event| {
            if matches!(event, Event::Waiting) {
                waiting.send(()).unwrap();
            }
        }))
        .build()
        .unwrap();
    assert_eq!((served(&a), served(&b)), ("one".into(), "one".into()));
    clock.advance(seconds(3590));
    let renewing = thread::spawn(move || served(&a));
    was_asked.recv().unwrap();
    next_load.store(15, Ordering::SeqCst);
    let other = thread::spawn(move || served(&b));
    let waited = waits.recv();
    answer.send(()).unwrap();
    assert_eq!(renewing.join().unwrap(), "two");
    assert_eq!(other.join().unwrap(), "two");
    assert!(waited.is_ok());
    assert!(second.asked().is_empty());
}
