//! The store of one process: records in its memory.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::identity::Identity;

use super::{Record, Store, SwapOutcome};

/// Records in the memory of this process; clones share them.
///
/// Give one to several sessions, and they share their logins as processes share a file. A session
/// without a store keeps its record to itself.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    records: Mutex<HashMap<Identity, Record>>,
    changed: Condvar,
    /// The last attempt for each identity, and whether it is under way.
    attempts: Mutex<HashMap<Identity, (u128, bool)>>,
}

/// Goes when the thread that renews is done, also by a panic.
struct SignOfLife(Arc<Shared>, Identity, u128);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn records(&self) -> MutexGuard<'_, HashMap<Identity, Record>> {
        // A record is replaced as a whole, so it is whole at every moment.
        self.0
            .records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        Ok(self.records().get(identity).cloned())
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let mut records = self.records();
        let current = records.get(identity);
        if current == Some(record) {
            return Ok(SwapOutcome::Stored);
        }
        if current != expected {
            return Ok(SwapOutcome::Conflict);
        }
        records.insert(identity.clone(), record.clone());
        self.0.changed.notify_all();
        Ok(SwapOutcome::Stored)
    }

    fn timeout(&self) -> Duration {
        Duration::ZERO
    }

    fn wait(&self, identity: &Identity, seen: Option<&Record>, at_most: Duration) -> Result<bool> {
        let same = |records: &mut HashMap<_, _>| records.get(identity) == seen;
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.records(), at_most, same);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        Ok(true)
    }

    fn sign_of_life(&self, identity: &Identity, attempt: u128) -> Option<Box<dyn Send>> {
        let sign = SignOfLife(Arc::clone(&self.0), identity.clone(), attempt);
        self.0.attempts().insert(identity.clone(), (attempt, true));
        Some(Box::new(sign))
    }

    fn has_ended(&self, identity: &Identity, attempt: u128) -> bool {
        // An attempt that is not known here may be under way.
        self.0.attempts().get(identity) == Some(&(attempt, false))
    }
}

impl Shared {
    fn attempts(&self) -> MutexGuard<'_, HashMap<Identity, (u128, bool)>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SignOfLife {
    fn drop(&mut self) {
        let mut attempts = self.0.attempts();
        let last = attempts.get_mut(&self.1);
        if let Some(last) = last.filter(|last| last.0 == self.2) {
            last.1 = false;
        }
        drop(attempts);
        self.0.changed.notify_all();
    }
}
