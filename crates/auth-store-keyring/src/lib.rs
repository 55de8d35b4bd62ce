#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// On docs.rs each item shows the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod call; // one call at a time, on a thread, with a time-out
mod entries; // a record as one entry or more
mod failure; // errors, with how to repair the keyring
mod platform; // the keyring of this system
mod secret; // a secret of another program
#[cfg(test)]
mod tests; // over a keyring in memory with every fault

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use auth_core::grant::Identity;
use auth_core::store::{AttemptId, FileStore, LivenessGuard, Record, SwapOutcome};

use call::{Caller, Wanted};
use entries::Entries;
use platform::{Connection, Platform};

pub use auth_core::store::Store;
pub use auth_core::{self, Error, Result};
pub use secret::secret;

/// Logins in the keyring of this process's user; clones share it.
///
/// ```no_run
/// use auth_store_keyring::KeyringStore;
///
/// let store = KeyringStore::open("my-app")?;
/// # Ok::<(), auth_store_keyring::Error>(())
/// ```
#[derive(Clone)]
pub struct KeyringStore {
    service: String,
    /// Holds no record: it has the locks and the liveness of processes.
    turns: FileStore,
    caller: Arc<Caller>,
    connection: Arc<Connection>,
    timeout: Duration,
}

impl KeyringStore {
    /// Opens the keyring. `service`, such as the program's name, groups its entries.
    ///
    /// Lock files, which hold no secret, are in the user's home directory, since all processes must find the same:
    /// `.local/state/auth-store-keyring/SERVICE`, on macOS `Library/Application Support/…`, on Windows
    /// `AppData\Local\…`.
    ///
    /// # Errors
    /// - [`Error::Store`] if no keyring exists, as on a server without a desktop, or it does not respond in time, or the
    ///   lock files cannot be made or belong to another user.
    /// - [`Error::Configuration`] if `service` cannot be the name of a directory, or the user has no home directory.
    pub fn open(service: &str) -> Result<Self> {
        let home = platform::state_directory().ok_or_else(|| {
            Error::configuration(
                "the user has no home directory for lock files; use `KeyringStore::open_with_locks_in`",
            )
        })?;
        Self::open_with_locks_in(service, home)
    }

    /// Opens the keyring, with lock files below a directory that every process of this user finds.
    ///
    /// ```no_run
    /// use auth_store_keyring::KeyringStore;
    ///
    /// let store = KeyringStore::open_with_locks_in("my-app", "/var/lib/my-app/locks")?;
    /// # Ok::<(), auth_store_keyring::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`open`](KeyringStore::open).
    pub fn open_with_locks_in(service: &str, directory: impl AsRef<Path>) -> Result<Self> {
        Self::over(Platform::native(), service, directory.as_ref())
    }

    fn over(platform: Platform, service: &str, directory: &Path) -> Result<Self> {
        if !is_a_name(service) {
            return Err(Error::configuration(
                "`service` of the keyring must be 1 to 64 letters, digits, `-`, `_` and `.`, and not begin with \
                 a `.`",
            ));
        }
        let directory: PathBuf = directory.join(service);
        let store = Self {
            service: service.to_owned(),
            turns: FileStore::open(directory)?.with_timeout(TIMEOUT),
            caller: Arc::default(),
            connection: Arc::new(Connection::new(platform)),
            timeout: TIMEOUT,
        };
        let connection = Arc::clone(&store.connection);
        store
            .caller
            .call(store.timeout, move |_| connection.with(|_, _| Ok(())))?;
        Ok(store)
    }

    /// Sets the most time that a load or a swap takes, with waiting for other processes. Default: 10 s.
    ///
    /// A user who is asked for a password may need longer: the call fails, the question stays, and a later call finds the
    /// keyring unlocked.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self {
            turns: self.turns.with_timeout(timeout),
            timeout,
            ..self
        }
    }

    /// Runs `work` with the entries of an identity, while no other thread or process uses them.
    fn with_entries<T: Send + 'static>(
        &self,
        identity: &Identity,
        work: impl FnOnce(&Entries<'_>, &Wanted) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turns = self.turns.clone();
        let connection = Arc::clone(&self.connection);
        let service = self.service.clone();
        let identity = identity.clone();
        self.caller.call(self.timeout, move |wanted| {
            turns.alone(&identity, || {
                connection.with(|keyring, platform| {
                    let entries = Entries::new(keyring, platform, &service, &identity);
                    work(&entries, wanted)
                })
            })?
        })
    }
}

impl Store for KeyringStore {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        self.with_entries(identity, |entries, _| Ok(entries.load()?.record))
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let (expected, record) = (expected.cloned(), record.clone());
        self.with_entries(identity, move |entries, wanted| {
            let found = entries.load()?;
            if found.record.as_ref() == Some(&record) {
                return Ok(SwapOutcome::Stored);
            }
            if found.record != expected {
                return Ok(SwapOutcome::Conflict);
            }
            // Hours may have passed until the user typed a password. A record whose caller has stopped
            // waiting must not be written then.
            if !wanted.still() {
                return Err(failure::given_up());
            }
            entries.replace(&found, &record)?;
            Ok(SwapOutcome::Stored)
        })
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn announce(&self, identity: &Identity, attempt: AttemptId) -> Option<LivenessGuard> {
        self.turns.announce(identity, attempt)
    }

    fn has_exited(&self, identity: &Identity, attempt: AttemptId) -> bool {
        self.turns.has_exited(identity, attempt)
    }
}

impl fmt::Debug for KeyringStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringStore")
            .field("service", &self.service)
            .field("turns", &self.turns)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Returns `true` for a name that a directory and a service can have on every system.
fn is_a_name(service: &str) -> bool {
    let fine = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    (1..=64).contains(&service.len()) && service.chars().all(fine) && !service.starts_with('.')
}

const TIMEOUT: Duration = Duration::from_secs(10);
