//! Where logins are kept, so that they outlive a process and several processes share them.
//!
//! | store | shared by |
//! |---|---|
//! | [`FileStore`] | the processes of one machine |
//! | [`MemoryStore`] | the sessions of one process |
//! | your own [`Store`] | everything that reaches your database |
//!
//! `EncryptedStore` (feature `encryption`) encrypts the records of any of them.

mod alone;
#[cfg(feature = "encryption")]
mod encrypted;
mod file;
mod life;
mod memory;
mod record;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::identity::Identity;

pub(crate) use alone::Alone;
#[cfg(feature = "encryption")]
pub use encrypted::{EncryptedStore, EncryptionKey};
pub use file::{FileStore, StoredLogin};
pub use life::{AttemptId, LivenessGuard};
pub use memory::MemoryStore;
pub use record::Record;

use record::is_current;

/// A place for the records of logins: any database with a conditional write.
///
/// A store loads bytes, and replaces them if no other process has replaced them before. It never interprets the bytes:
/// when to renew, which process does so and what a lost response means is decided by [`Session`](crate::Session).
///
/// # What a store must guarantee
/// - **`swap` is atomic.** Of all callers that expect the same record, one succeeds. Comparison and write are one step
///   for every process and machine that uses the store.
/// - **`load` returns the newest record**, on every machine. A replica that lags behind is not a store.
/// - **A swap that returned [`Stored`](SwapOutcome::Stored) is durable.** A store that forgets it after a power cut, a
///   failover or an eviction can bring a spent refresh token back.
/// - **A swap can be repeated.** If `record` is already the current record, the result is
///   [`Stored`](SwapOutcome::Stored): the caller may not have received the first result.
///
/// `auth_sim::store_conformance` tests everything in this list that can be tested from outside.
///
/// # What sessions guarantee over such a store
/// - Of all threads, processes and machines that share a login, one at a time sends its refresh token, and each refresh
///   token is sent once, unless the vendor documents that sending it twice is harmless. This holds also if clocks are
///   wrong, and whichever process is killed or suspended.
/// - An older token never replaces a newer one. A new token is stored before it is handed out. If storing fails, the
///   session hands it out anyway, keeps it, and stores it as soon as possible.
/// - A late response is used: the refresh token in it is the only one that works.
/// - A process that dies delays the others for at most the time that its request may take, and not at all over a store
///   that supports [`announce`](Store::announce). Meanwhile a session with a valid token serves it.
/// - All processes together try a wrong password once, and all back off after a failure.
///
/// # What cannot be guaranteed
/// - **A crash after the server has rotated the refresh token and before the new one is stored loses it.** So does a
///   response that is lost on its way: a request that never arrived looks the same from here. A grant that can log in
///   again does so; otherwise the user must.
/// - **A store that forgets an acknowledged swap can bring a spent refresh token back**: a failover to a replica that
///   lagged behind, a cache that evicts, a disk that lied. A process that has seen the newer record writes it back, and
///   waits before it uses it. If no such process lives, the login is lost.
/// - **Another program that uses the same refresh token** takes part in none of this.
///
/// # Example
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use auth_core::Result;
/// use auth_core::grant::Identity;
/// use auth_core::store::{Record, Store, SwapOutcome};
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
///
/// let (table, identity) = (Table::default(), Identity::new("acme"));
/// let record = Record::from_bytes(b"a session writes this".to_vec());
/// assert_eq!(table.swap(&identity, None, &record)?, SwapOutcome::Stored);
/// assert_eq!(table.load(&identity)?, Some(record));
/// # Ok::<(), auth_core::Error>(())
/// ```
pub trait Store: Debug + Send + Sync {
    /// Loads the record of a login. A missing record is not an error.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store), with how to repair the store.
    fn load(&self, identity: &Identity) -> Result<Option<Record>>;

    /// Replaces `expected` by `record` in one atomic, durable step, if `expected` is the current record. `None` expects
    /// that no record exists.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store); the record may or may not have been replaced then.
    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome>;

    /// Returns the most time that one [`load`](Store::load) or [`swap`](Store::swap) takes. Default: 5 s.
    ///
    /// How long other processes wait for one that renews, and may be dead, depends on it.
    fn timeout(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// Waits until the current record differs from `seen`. It may return earlier, but not again and again without
    /// a pause. Default: [`WaitOutcome::Unsupported`] at once, and the session polls.
    ///
    /// ```
    /// # use std::collections::HashMap;
    /// # use std::sync::{Condvar, Mutex};
    /// # use std::time::Duration;
    /// # use auth_core::Result;
    /// # use auth_core::grant::Identity;
    /// use auth_core::store::{Record, Store, SwapOutcome, WaitOutcome};
    ///
    /// #[derive(Debug, Default)]
    /// struct Table {
    ///     records: Mutex<HashMap<Identity, Record>>,
    ///     changed: Condvar, // notified by `swap`; a database has a channel for it, such as `LISTEN`
    /// }
    ///
    /// impl Store for Table {
    ///     // `load` and `swap` as above
    /// #   fn load(&self, identity: &Identity) -> Result<Option<Record>> {
    /// #       Ok(self.records.lock().unwrap().get(identity).cloned())
    /// #   }
    /// #   fn swap(&self, identity: &Identity, expected: Option<&Record>, record: &Record) -> Result<SwapOutcome> {
    /// #       let mut records = self.records.lock().unwrap();
    /// #       if records.get(identity) != expected && records.get(identity) != Some(record) {
    /// #           return Ok(SwapOutcome::Conflict);
    /// #       }
    /// #       records.insert(identity.clone(), record.clone());
    /// #       self.changed.notify_all();
    /// #       Ok(SwapOutcome::Stored)
    /// #   }
    ///     fn wait(&self, identity: &Identity, seen: Option<&Record>, at_most: Duration) -> Result<WaitOutcome> {
    ///         let is_same = |records: &mut HashMap<_, _>| records.get(identity) == seen;
    ///         let records = self.records.lock().unwrap();
    ///         let (_records, waited) = self.changed.wait_timeout_while(records, at_most, is_same).unwrap();
    ///         Ok(if waited.timed_out() { WaitOutcome::TimedOut } else { WaitOutcome::Changed })
    ///     }
    /// }
    ///
    /// let (table, identity) = (Table::default(), Identity::new("acme"));
    /// assert_eq!(table.wait(&identity, None, Duration::ZERO)?, WaitOutcome::TimedOut);
    /// # assert_eq!(table.swap(&identity, None, &Record::from_bytes(b"1".to_vec()))?, SwapOutcome::Stored);
    /// // Another process stores a record.
    /// assert_eq!(table.wait(&identity, None, Duration::from_secs(5))?, WaitOutcome::Changed);
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    fn wait(
        &self,
        identity: &Identity,
        seen: Option<&Record>,
        at_most: Duration,
    ) -> Result<WaitOutcome> {
        let _ = (identity, seen, at_most);
        Ok(WaitOutcome::Unsupported)
    }

    /// Shows other processes that this one lives, until the guard is dropped or the process exits.
    ///
    /// A process that is killed then delays no other. Default: `None`, and the others wait for a time-out.
    fn announce(&self, identity: &Identity, attempt: AttemptId) -> Option<LivenessGuard> {
        let _ = (identity, attempt);
        None
    }

    /// Returns `true` if the process that announced the attempt is known to have exited. Default: `false`.
    ///
    /// In doubt the result is `false`: after `true`, other processes take the attempt's refresh token for spent.
    fn has_exited(&self, identity: &Identity, attempt: AttemptId) -> bool {
        let _ = (identity, attempt);
        false
    }
}

/// Result of a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[must_use = "a record that was not stored must be loaded again"]
pub enum SwapOutcome {
    /// The record is stored, durably.
    Stored,
    /// Another record was current; nothing changed.
    Conflict,
}

/// Result of waiting for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[must_use = "a store that cannot wait returns at once"]
pub enum WaitOutcome {
    /// The record may have changed.
    Changed,
    /// The time is over, and the record did not change as far as the store noticed.
    TimedOut,
    /// The store cannot wait, in general or at this moment. It has returned at once.
    Unsupported,
}

/// Implements `Store` for a pointer to a store.
macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<S: Store + ?Sized> Store for $pointer {
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
            ) -> Result<WaitOutcome> {
                (**self).wait(identity, seen, at_most)
            }

            fn announce(&self, identity: &Identity, attempt: AttemptId) -> Option<LivenessGuard> {
                (**self).announce(identity, attempt)
            }

            fn has_exited(&self, identity: &Identity, attempt: AttemptId) -> bool {
                (**self).has_exited(identity, attempt)
            }
        }
    )*};
}

forward!(&S, Arc<S>, Box<S>);
