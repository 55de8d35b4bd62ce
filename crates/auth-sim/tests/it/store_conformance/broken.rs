//! Stores with one fault each, as found in real stores.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use auth_core::Result;
use auth_core::grant::Identity;
use auth_core::store::{
    AttemptId, LivenessGuard, MemoryStore, Record, Store, SwapOutcome, WaitOutcome,
};

/// Fault of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    FindsAnything,
    SharesNothing,
    InsertsOver,
    Creates,
    ForgetsToCompare,
    OnlyInserts,
    OnlyPretends,
    RefusesToRepeat,
    ReadsStale,
    FoldsCase,
    CutsIdentities,
    EndsAtNul,
    CutsRecords,
    ReadsText,
    ComparesText,
    Restores,
    Shows,
    LoadsThenWrites,
    NeverWakes,
    WaitsForTheNext,
    NeverGivesUp,
    Spins,
    CallsTheUnknownExited,
    KeepsOneAttempt,
    LeavesItsGuard,
}

/// A store in memory with at most one fault.
pub(super) struct Broken {
    fault: Option<Fault>,
    store: MemoryStore,
    /// Records that this instance has loaded before.
    loaded: Mutex<HashMap<Identity, Option<Record>>>,
    /// The attempt that was announced last.
    attempts: Arc<Mutex<HashMap<Identity, AttemptId>>>,
}

impl Broken {
    pub(super) fn new(fault: Option<Fault>) -> Self {
        Self {
            fault,
            store: MemoryStore::new(),
            loaded: Mutex::default(),
            attempts: Arc::default(),
        }
    }

    /// Opens the same store again.
    pub(super) fn open(&self) -> Self {
        let store = match self.fault {
            Some(Fault::SharesNothing) => MemoryStore::new(),
            _ => self.store.clone(),
        };
        Self {
            store,
            attempts: self.attempts.clone(),
            ..Self::new(self.fault)
        }
    }

    fn key(&self, identity: &Identity) -> Identity {
        let text = identity.as_str();
        match self.fault {
            Some(Fault::FoldsCase) => Identity::new(&text.to_lowercase()),
            Some(Fault::CutsIdentities) => Identity::new(&text[..text.len().min(255)]),
            _ => identity.clone(),
        }
    }

    /// The part of a record that is kept.
    fn kept(&self, record: &Record) -> Record {
        let bytes = record.expose();
        let kept = match self.fault {
            Some(Fault::EndsAtNul) => bytes.split(|byte| *byte == 0).next().unwrap_or_default(),
            Some(Fault::CutsRecords) => &bytes[..bytes.len().min(4096)],
            Some(Fault::ReadsText) => {
                return Record::from_bytes(text(record).into_owned().into_bytes());
            }
            _ => return record.clone(),
        };
        Record::from_bytes(kept.to_vec())
    }
}

impl Store for Broken {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        let key = self.key(identity);
        let load = || self.store.load(&key);
        match self.fault {
            Some(Fault::FindsAnything) => {
                Ok(Some(load()?.unwrap_or(Record::from_bytes(Vec::new()))))
            }
            Some(Fault::Restores) => Ok(load()?.map(Record::restored)),
            Some(Fault::ReadsStale | Fault::Shows) => {
                let mut loaded = self.loaded.lock().unwrap();
                if !loaded.contains_key(&key) {
                    loaded.insert(key.clone(), load()?);
                }
                Ok(loaded[&key].clone())
            }
            _ => load(),
        }
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let (key, record) = (self.key(identity), &self.kept(record));
        let current = self.store.load(&key)?;
        let overwrite = || self.store.swap(&key, current.as_ref(), record);
        match (self.fault, &current, expected) {
            (Some(Fault::InsertsOver), _, None)
            | (Some(Fault::Creates), None, Some(_))
            | (Some(Fault::ForgetsToCompare), Some(_), Some(_)) => overwrite(),
            (Some(Fault::OnlyInserts), Some(_), _) => Ok(SwapOutcome::Conflict),
            (Some(Fault::OnlyPretends), Some(old), Some(expected)) if old == expected => {
                Ok(SwapOutcome::Stored)
            }
            (Some(Fault::RefusesToRepeat), Some(there), _) if there == record => {
                Ok(SwapOutcome::Conflict)
            }
            (Some(Fault::ComparesText), Some(there), Some(expected))
                if text(there).trim() == text(expected).trim() =>
            {
                overwrite()
            }
            (Some(Fault::LoadsThenWrites), current, expected) if current.as_ref() == expected => {
                (0..100).for_each(|_| thread::yield_now());
                let now = self.store.load(&key)?;
                self.store.swap(&key, now.as_ref(), record)
            }
            _ => self.store.swap(&key, expected, record),
        }
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
        match self.fault {
            Some(Fault::NeverWakes) => {
                thread::park_timeout(at_most);
                Ok(WaitOutcome::TimedOut)
            }
            Some(Fault::WaitsForTheNext) => {
                let now = self.store.load(identity)?;
                self.store.wait(identity, now.as_ref(), at_most)
            }
            Some(Fault::NeverGivesUp) => self.store.wait(identity, seen, Duration::from_secs(600)),
            Some(Fault::Spins) => Ok(WaitOutcome::Changed),
            _ => self.store.wait(identity, seen, at_most),
        }
    }

    fn announce(&self, identity: &Identity, attempt: AttemptId) -> Option<LivenessGuard> {
        let mut attempts = self.attempts.lock().unwrap();
        let left = attempts.insert(identity.clone(), attempt).is_some();
        if self.fault == Some(Fault::LeavesItsGuard) && left {
            return None;
        }
        Some(LivenessGuard::new(()))
    }

    fn has_exited(&self, identity: &Identity, attempt: AttemptId) -> bool {
        let last = self.attempts.lock().unwrap().get(identity).copied();
        match self.fault {
            Some(Fault::CallsTheUnknownExited) => last != Some(attempt),
            Some(Fault::KeepsOneAttempt) => last.is_some_and(|last| last != attempt),
            _ => false,
        }
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loaded = self.loaded.lock().unwrap();
        let shown = || loaded.values().flatten().map(Record::expose).last();
        match self.fault {
            Some(Fault::Shows) => write!(f, "Broken({:?})", shown()),
            _ => f.write_str("Broken"),
        }
    }
}

fn text(record: &Record) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(record.expose())
}
