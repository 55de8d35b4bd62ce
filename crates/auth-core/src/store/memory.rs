//! The store of one process: records in its memory.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::identity::Identity;

use super::{AttemptId, LivenessGuard, Record, Store, SwapOutcome, WaitOutcome};

/// Logins in the memory of this process; clones share them.
///
/// Give clones of one to several sessions, and they share their logins as processes share a file. A session without a
/// store keeps its login to itself.
///
/// ```
/// use auth_core::grant::Identity;
/// use auth_core::store::{MemoryStore, Record, Store, SwapOutcome};
///
/// let (store, identity) = (MemoryStore::new(), Identity::new("acme"));
/// let record = Record::from_bytes(b"a session writes this".to_vec());
/// assert_eq!(store.swap(&identity, None, &record)?, SwapOutcome::Stored);
/// assert_eq!(store.clone().load(&identity)?, Some(record));
/// # Ok::<(), auth_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    records: Mutex<HashMap<Identity, Record>>,
    changed: Condvar,
    /// The last attempt for each identity, and whether it is in progress.
    attempts: Mutex<HashMap<Identity, (AttemptId, bool)>>,
}

/// Dropped when the thread that renews is done, also by a panic.
struct Attempt(Arc<Shared>, Identity, AttemptId);

impl MemoryStore {
    /// Makes an empty store.
    #[must_use]
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

    fn wait(
        &self,
        identity: &Identity,
        seen: Option<&Record>,
        at_most: Duration,
    ) -> Result<WaitOutcome> {
        let same = |records: &mut HashMap<_, _>| records.get(identity) == seen;
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.records(), at_most, same);
        let (records, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(records);
        Ok(match waited.timed_out() {
            true => WaitOutcome::TimedOut,
            false => WaitOutcome::Changed,
        })
    }

    fn announce(&self, identity: &Identity, attempt: AttemptId) -> Option<LivenessGuard> {
        let guard = Attempt(Arc::clone(&self.0), identity.clone(), attempt);
        self.0.attempts().insert(identity.clone(), (attempt, true));
        Some(LivenessGuard::new(guard))
    }

    fn has_exited(&self, identity: &Identity, attempt: AttemptId) -> bool {
        // An attempt that is unknown here may be in progress.
        self.0.attempts().get(identity) == Some(&(attempt, false))
    }
}

impl Shared {
    fn attempts(&self) -> MutexGuard<'_, HashMap<Identity, (AttemptId, bool)>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Attempt {
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
