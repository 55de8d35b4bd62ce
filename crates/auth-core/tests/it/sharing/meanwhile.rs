//! A store in which another process acts right before or after a swap.

use std::fmt;
use std::sync::{Arc, Mutex};

use auth_core::grant::Identity;
use auth_core::store::{MemoryStore, Record, Store, SwapOutcome};
use auth_core::testing::ManualClock;
use auth_core::{Result, Session};

use crate::script::Script;

#[derive(Clone, Default)]
pub(super) struct Meanwhile {
    /// The store as other processes have it.
    pub(super) store: MemoryStore,
    before: Arc<Mutex<Vec<Happens>>>,
    after: Arc<Mutex<Option<Happens>>>,
}

type Happens = Box<dyn FnOnce() + Send>;

impl Meanwhile {
    pub(super) fn before_the_next_swap(&self, happens: impl FnOnce() + Send + 'static) {
        *self.before.lock().unwrap() = vec![Box::new(happens)];
    }

    /// Sets the closure for the next swap but one.
    pub(super) fn before_the_second_swap(&self, happens: impl FnOnce() + Send + 'static) {
        *self.before.lock().unwrap() = vec![Box::new(happens), Box::new(|| ())];
    }

    pub(super) fn after_the_next_swap(&self, happens: impl FnOnce() + Send + 'static) {
        *self.after.lock().unwrap() = Some(Box::new(happens));
    }

    pub(super) fn record(&self) -> Option<Record> {
        self.store.load(&Identity::new("script")).unwrap()
    }
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meanwhile")
    }
}

impl Store for Meanwhile {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        self.store.load(identity)
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        // Not locked while it runs: it may set the next one.
        let happens = self.before.lock().unwrap().pop();
        if let Some(happens) = happens {
            happens();
        }
        let swapped = self.store.swap(identity, expected, record);
        let happens = self.after.lock().unwrap().take();
        if let Some(happens) = happens {
            happens();
        }
        swapped
    }
}

/// A session over such a store, one that shares its login, and the store.
pub(super) fn two(first: &Script, second: &Script) -> (Session, Session, Meanwhile, ManualClock) {
    let (clock, store) = (ManualClock::new(), Meanwhile::default());
    let builder = |script: &Script| script.builder(&clock).retries(0);
    let a = builder(first).store(store.clone()).build().unwrap();
    let b = builder(second).store(store.store.clone()).build().unwrap();
    (a, b, store, clock)
}
