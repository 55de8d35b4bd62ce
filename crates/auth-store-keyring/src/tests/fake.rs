//! A keyring in memory, as strict about sizes as Windows', with chosen faults.

use std::any::Any;
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyring_core::api::{CredentialApi, CredentialStoreApi};
use keyring_core::{Credential, CredentialStore, Entry, Error, Result};

use crate::platform::Platform;

/// A keyring; clones are the same one.
#[derive(Clone)]
pub(super) struct Keyring(Arc<Mutex<State>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Locked,
    Fails,
    TooLong,
    Ambiguous,
    Garbles,
    Panics,
    /// No connection can be made.
    Gone,
}

pub(super) type EntriesByName = HashMap<String, Vec<u8>>;

#[derive(Default)]
struct State {
    entries: EntriesByName,
    longest: usize,
    next: Option<Fault>,
    after_write: Option<Fault>,
    writes_left: Option<usize>,
    hang: Option<Receiver<()>>,
    inside: usize,
    most_at_once: usize,
}

/// One entry of it.
struct One(Keyring, String);

impl Keyring {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    pub(super) fn platform(&self) -> Platform {
        let keyring = self.clone();
        Platform {
            connect: Box::new(move || match keyring.take(Fault::Gone) {
                true => Err(Error::PlatformFailure("canary".into())),
                false => Ok(Arc::new(keyring.clone()) as Arc<CredentialStore>),
            }),
            modifiers: &[("persistence", "Local")],
            most: MOST,
        }
    }

    pub(super) fn next(&self, fault: Fault) {
        self.state().next = Some(fault);
    }

    /// The next write succeeds, and then reports this fault.
    pub(super) fn after_write(&self, fault: Fault) {
        self.state().after_write = Some(fault);
    }

    pub(super) fn fail_after_writes(&self, writes: usize) {
        self.state().writes_left = Some(writes);
    }

    /// The next read waits for a message.
    pub(super) fn hang(&self) -> Sender<()> {
        let (unlock, hang) = channel();
        self.state().hang = Some(hang);
        unlock
    }

    pub(super) fn entries(&self) -> EntriesByName {
        self.state().entries.clone()
    }

    pub(super) fn set_entries(&self, entries: EntriesByName) {
        self.state().entries = entries;
    }

    pub(super) fn longest(&self) -> usize {
        self.state().longest
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.state().most_at_once
    }

    fn take(&self, fault: Fault) -> bool {
        self.state().next.take_if(|next| *next == fault).is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fails(fault: Fault) -> Result<()> {
    Err(match fault {
        Fault::Locked => Error::NoStorageAccess("canary".into()),
        Fault::Fails | Fault::Gone => Error::PlatformFailure("canary".into()),
        Fault::TooLong => Error::TooLong("canary".into(), 1),
        Fault::Ambiguous => Error::Ambiguous(Vec::new()),
        Fault::Garbles => Error::BadDataFormat(b"canary".to_vec(), "canary".into()),
        Fault::Panics => panic!("the keyring's client panics"),
    })
}

impl CredentialStoreApi for Keyring {
    fn vendor(&self) -> String {
        "test".into()
    }

    fn id(&self) -> String {
        "test".into()
    }

    fn build(
        &self,
        service: &str,
        user: &str,
        modifiers: Option<&HashMap<&str, &str>>,
    ) -> Result<Entry> {
        assert_eq!(modifiers.unwrap()["persistence"], "Local");
        assert!(user.len() <= 512, "the limit of Windows");
        let one = One(self.clone(), format!("{service}/{user}"));
        Ok(Entry::new_with_credential(Arc::new(one)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl CredentialApi for One {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        let mut state = self.0.state();
        if let Some(left) = &mut state.writes_left {
            if *left == 0 {
                state.writes_left = None;
                return fails(Fault::Fails);
            }
            *left -= 1;
        }
        if secret.len() > MOST {
            return fails(Fault::TooLong);
        }
        state.longest = state.longest.max(secret.len());
        state.entries.insert(self.1.clone(), secret.to_vec());
        state.after_write.take().map_or(Ok(()), fails)
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        let hang = {
            let mut state = self.0.state();
            state.inside += 1;
            state.most_at_once = state.most_at_once.max(state.inside);
            state.hang.take()
        };
        // After an error, the test has ended.
        let _ = hang.map(|hang| hang.recv());
        let mut state = self.0.state();
        state.inside -= 1;
        let fault = state.next.take();
        let entry = state.entries.get(&self.1).cloned();
        drop(state);
        fault.map_or(Ok(()), fails)?;
        entry.ok_or(Error::NoEntry)
    }

    fn delete_credential(&self) -> Result<()> {
        let removed = self.0.state().entries.remove(&self.1);
        removed.map(|_| ()).ok_or(Error::NoEntry)
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The limit of Windows.
pub(super) const MOST: usize = 2560;
