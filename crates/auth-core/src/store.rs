//! Where the record of a login is kept, so that more than one process can share it.

mod alone;
#[cfg(feature = "encryption")]
mod encrypted;
mod file;
mod memory;

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::Result;
use crate::identity::Identity;

pub(crate) use alone::Alone;
#[cfg(feature = "encryption")]
pub use encrypted::{EncryptedStore, EncryptionKey};
pub use file::FileStore;
pub use memory::MemoryStore;

/// Where the records of logins are kept.
///
/// A store loads bytes and replaces them if nobody else has: any database with a conditional write
/// is one. What the bytes mean, who may renew and what becomes of a lost answer is for
/// [`Session`](crate::Session) to decide; a store must not look into them.
///
/// # What a store must promise
/// - **`swap` is atomic**: of all who expect the same bytes, one succeeds. The write and the
///   comparison are one step, for every process and machine that uses the store.
/// - **`load` sees every swap that has succeeded**, on whichever machine. A replica that lags behind
///   is no store.
/// - **A swap that answered [`Stored`](SwapOutcome::Stored) is durable.** A store that forgets it, after a
///   power cut, a failover or an eviction, can bring a spent refresh token back.
/// - **A swap whose answer was lost may be repeated**: if `record` is there already, that is
///   [`Stored`](SwapOutcome::Stored).
///
/// `auth_sim::store_conformance` tests all of that which can be tested from outside.
///
/// # What sessions guarantee over such a store
/// - Of all threads, processes and machines that share a login, one at a time sends its refresh
///   token, and each refresh token is sent once, unless the vendor documents that a second time is
///   harmless. That holds whatever the clocks say, and whoever is killed or suspended at whatever moment.
/// - A newer token is never replaced by an older one, and a new one is stored before it is handed
///   out. If it cannot be stored it is handed out all the same, kept, and stored as soon as possible.
/// - An answer that comes late is not thrown away: the refresh token in it is the only one that works.
/// - A process that dies holds the others up for at most the time that its request may take; over a
///   store that shows signs of life, not at all. Until then, whoever has a valid token goes on.
/// - A wrong password is tried once by all of them together, and after a failure all rest.
///
/// # What nobody can guarantee
/// - **A crash after the server has rotated the refresh token and before the new one is stored loses
///   it.** So does an answer that is lost on the way: "never arrived" and "answer lost" look the same
///   from here. A grant that can log in again does so; without, a person must.
/// - **A store that forgets what it acknowledged can bring a spent refresh token back**: a failover to
///   a replica that lagged behind, a cache that evicts, a disk that lied. A process that has seen the
///   newer record writes it back, and waits before it uses it; if no such process lives, the login is lost.
/// - **Another program that uses the same refresh token** knows nothing of all this.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use auth_core::Result;
/// use auth_core::grant::Identity;
/// use auth_core::store::{Store, Record, SwapOutcome};
///
/// #[derive(Debug, Default)]
/// struct Table(Mutex<HashMap<Identity, Record>>);
///
/// impl Store for Table {
///     fn load(&self, identity: &Identity) -> Result<Option<Record>> {
///         Ok(self.0.lock().unwrap().get(identity).cloned())
///     }
///
///     fn swap(
///         &self,
///         identity: &Identity,
///         expected: Option<&Record>,
///         record: &Record,
///     ) -> Result<SwapOutcome> {
///         let mut table = self.0.lock().unwrap();
///         let current = table.get(identity);
///         if current == Some(record) {
///             return Ok(SwapOutcome::Stored);
///         }
///         if current != expected {
///             return Ok(SwapOutcome::Conflict);
///         }
///         table.insert(identity.clone(), record.clone());
///         Ok(SwapOutcome::Stored)
///     }
/// }
/// ```
pub trait Store: Debug + Send + Sync {
    /// The record of a login, if there is one.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store), saying what to do. "Not there" is no error.
    fn load(&self, identity: &Identity) -> Result<Option<Record>>;

    /// Replaces `expected` by `record`, if `expected` is what is there; none means nothing is.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store); it may then have been replaced or not.
    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome>;

    /// How long [`load`](Store::load) or [`swap`](Store::swap) may take at the most. Default: 5 s.
    ///
    /// How long others wait for a process that renews, and may be dead, depends on this.
    fn timeout(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// Waits until the record is no longer `seen`, at most this long; it may return sooner.
    ///
    /// Answers `false`, at once, if the store cannot: the session then looks again now and then.
    /// That is the default.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    fn wait(&self, identity: &Identity, seen: Option<&Record>, at_most: Duration) -> Result<bool> {
        let _ = (identity, seen, at_most);
        Ok(false)
    }

    /// A sign that this process lives, while it renews; the system takes it away if the process ends.
    ///
    /// A killed process then holds up nobody. Default: none, and the others wait for a time-out.
    fn sign_of_life(&self, identity: &Identity, attempt: u128) -> Option<Box<dyn Send>> {
        let _ = (identity, attempt);
        None
    }

    /// Whether the process that gave a sign of life for this attempt has certainly ended.
    /// Default: `false`, nobody can tell.
    fn has_ended(&self, identity: &Identity, attempt: u128) -> bool {
        let _ = (identity, attempt);
        false
    }
}

/// The record of one login as a store sees it: bytes that hold secrets.
///
/// They are wiped from memory with the last clone, and `Debug` shows their number only. Two are
/// equal if their bytes are.
#[derive(Clone)]
pub struct Record {
    bytes: Arc<Zeroizing<Vec<u8>>>,
    is_restored: bool,
}

/// What came of a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a record that was not stored must be loaded again"]
pub enum SwapOutcome {
    /// The record is there now.
    Stored,
    /// Something else than was expected is there, and stays.
    Conflict,
}

impl Record {
    /// The bytes. Search for this word to find every place where secrets are shown.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// Says that this is an older record, brought back because a newer one could not be read.
    ///
    /// A session then makes sure that nobody is using its refresh token before it does. Whoever
    /// loaded the same bytes before, without this mark, knows nothing of that. So a store that marks
    /// a record must not take it for those bytes: its `swap` answers [`SwapOutcome::Conflict`], its `wait`
    /// returns.
    #[must_use]
    pub fn restored(self) -> Self {
        Self {
            is_restored: true,
            ..self
        }
    }

    /// Whether it is an older record that was brought back.
    pub fn is_restored(&self) -> bool {
        self.is_restored
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Record {}

impl From<Vec<u8>> for Record {
    /// Takes the bytes over without copying them, so that no second copy is left behind.
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Zeroizing::new(bytes))
    }
}

impl From<Zeroizing<Vec<u8>>> for Record {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self {
            bytes: Arc::new(bytes),
            is_restored: false,
        }
    }
}

impl Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} bytes)", self.bytes.len())
    }
}

/// Whether that is there. Who saw the same bytes before something newer was damaged knows nothing of
/// that, must not go on from them, and has to load them with their mark first.
fn is_what(current: Option<&Record>, expected: Option<&Record>) -> bool {
    let restored = |record: Option<&Record>| record.is_some_and(Record::is_restored);
    current == expected && (!restored(current) || restored(expected))
}

/// A store behind a pointer is a store.
macro_rules! forward {
    ($($pointer:ident),*) => {$(
        impl<S: Store + ?Sized> Store for $pointer<S> {
            fn load(&self, identity: &Identity) -> Result<Option<Record>> {
                (**self).load(identity)
            }

            fn swap(
                &self,
                identity: &Identity,
                expected: Option<&Record>,
                record: &Record,
            ) -> Result<SwapOutcome> {
                (**self).swap(identity, expected, record)
            }

            fn timeout(&self) -> Duration {
                (**self).timeout()
            }

            fn wait(
                &self,
                identity: &Identity,
                seen: Option<&Record>,
                at_most: Duration,
            ) -> Result<bool> {
                (**self).wait(identity, seen, at_most)
            }

            fn sign_of_life(&self, identity: &Identity, attempt: u128) -> Option<Box<dyn Send>> {
                (**self).sign_of_life(identity, attempt)
            }

            fn has_ended(&self, identity: &Identity, attempt: u128) -> bool {
                (**self).has_ended(identity, attempt)
            }
        }
    )*};
}

forward!(Arc, Box);
