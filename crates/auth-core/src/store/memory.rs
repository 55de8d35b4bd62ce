//! The store of a session that has no other.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::identity::Identity;

use super::{Store, StoredRecord, Swap};

/// Records in the memory of this process; clones share them.
///
/// A session without a store has one of its own. Give one to several sessions, and they share their
/// logins as processes share a file.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    records: Mutex<HashMap<Identity, StoredRecord>>,
    changed: Condvar,
    /// The attempts that are under way.
    alive: Mutex<HashSet<u128>>,
}

/// Goes when the thread that renews is done, also by a panic.
struct SignOfLife(Arc<Shared>, u128);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn records(&self) -> MutexGuard<'_, HashMap<Identity, StoredRecord>> {
        // A record is replaced as a whole, so it is whole at every moment.
        self.0
            .records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load(&self, identity: &Identity) -> Result<Option<StoredRecord>> {
        Ok(self.records().get(identity).cloned())
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&StoredRecord>,
        record: &StoredRecord,
    ) -> Result<Swap> {
        let mut records = self.records();
        let current = records.get(identity);
        if current == Some(record) {
            return Ok(Swap::Stored);
        }
        if current != expected {
            return Ok(Swap::Conflict);
        }
        records.insert(identity.clone(), record.clone());
        self.0.changed.notify_all();
        Ok(Swap::Stored)
    }

    fn timeout(&self) -> Duration {
        Duration::ZERO
    }

    fn wait(
        &self,
        identity: &Identity,
        seen: Option<&StoredRecord>,
        at_most: Duration,
    ) -> Result<bool> {
        let same = |records: &mut HashMap<_, _>| records.get(identity) == seen;
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.records(), at_most, same);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        Ok(true)
    }

    fn sign_of_life(&self, _: &Identity, attempt: u128) -> Option<Box<dyn Send>> {
        self.0.alive().insert(attempt);
        Some(Box::new(SignOfLife(Arc::clone(&self.0), attempt)))
    }

    fn has_ended(&self, _: &Identity, attempt: u128) -> bool {
        !self.0.alive().contains(&attempt)
    }
}

impl Shared {
    fn alive(&self) -> MutexGuard<'_, HashSet<u128>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SignOfLife {
    fn drop(&mut self) {
        self.0.alive().remove(&self.1);
        self.0.changed.notify_all();
    }
}
