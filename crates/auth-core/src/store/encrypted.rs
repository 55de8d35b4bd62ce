//! Records that only the holder of a key can read, in any store.

mod frame;
mod key;

use std::fmt::{self, Debug};
use std::iter;
use std::time::Duration;

use crate::error::{Error, Result, StoreFailure};
use crate::identity::Identity;

use super::{AttemptId, LivenessGuard, Record, Store, SwapOutcome, WaitOutcome, is_current};

use frame::Frame;
pub use key::EncryptionKey;

/// Encrypts the records of another store.
///
/// A reader of the file, the database or a backup sees which logins exist and when they were renewed, but no token.
/// Another program that writes to the store cannot change a record, nor replace one login's record by another's: such
/// a record is refused, and left as it is.
///
/// ```
/// use auth_core::secret;
/// use auth_core::store::{EncryptedStore, EncryptionKey, MemoryStore};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("key");
/// # std::fs::write(&path, EncryptionKey::generate()?.to_base64().expose())?;
/// let key = EncryptionKey::from_base64(secret::file(path))?; // such as /run/secrets/logins
/// let store = EncryptedStore::new(MemoryStore::new(), key);
/// # let _ = store;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Changing the key
/// In two steps, so that no process finds a record that it cannot decrypt. First give the new key to every process with
/// [`also_decrypt`](EncryptedStore::also_decrypt). Then make it the key that encrypts, and give the old one with
/// `also_decrypt`. A record is encrypted with the new key when it next changes. Remove the old key when every login has
/// been renewed since; a record that still needs it is refused, not lost.
///
/// # Limits
/// A program that can write to the store can delete a record, or put an older one of the same login back. The names of
/// the logins ([`Identity`]) and the length of a record are not encrypted.
///
/// # Method
/// ChaCha20-Poly1305 with a random nonce for each record; the identity is part of what is authenticated. Random nonces
/// suffice for 2³² records per key: a thousand logins that are renewed every hour take more than two hundred years.
#[cfg(feature = "encryption")] // for its badge in the facade
#[derive(Clone)]
pub struct EncryptedStore<S> {
    inner: S,
    newest: EncryptionKey,
    older: Vec<EncryptionKey>,
    accepts_plaintext: bool,
}

/// The current record, as it is stored and decrypted.
struct Found {
    encrypted: Option<Record>,
    record: Option<Record>,
}

impl Found {
    fn is(&self, record: Option<&Record>) -> bool {
        is_current(self.record.as_ref(), record)
    }
}

impl<S: Store> EncryptedStore<S> {
    /// Encrypts every record with this key before it goes into the store.
    #[must_use]
    pub fn new(inner: S, key: EncryptionKey) -> Self {
        Self {
            inner,
            newest: key,
            older: Vec::new(),
            accepts_plaintext: false,
        }
    }

    /// Also decrypts records of another key; call it again for more keys.
    #[must_use]
    pub fn also_decrypt(mut self, key: EncryptionKey) -> Self {
        self.older.push(key);
        self
    }

    /// Also accepts records that are not encrypted, and encrypts them when they next change.
    ///
    /// Use it while a fleet moves to encryption, and remove it afterwards: until then, a program that can write to the
    /// store can put a record of its own there. Default: such a record is refused.
    #[must_use]
    pub fn danger_accept_plaintext(mut self) -> Self {
        self.accepts_plaintext = true;
        self
    }

    fn look(&self, identity: &Identity) -> Result<Found> {
        let encrypted = self.inner.load(identity)?;
        let decrypt = |encrypted| self.decrypt(identity, encrypted);
        let record = encrypted.as_ref().map(decrypt).transpose()?;
        Ok(Found { encrypted, record })
    }

    fn decrypt(&self, identity: &Identity, encrypted: &Record) -> Result<Record> {
        let decrypted = match Frame::read(encrypted.expose()) {
            Frame::Plain if self.accepts_plaintext => return Ok(encrypted.clone()),
            Frame::Plain => Err(PLAIN),
            Frame::Unknown => Err(UNKNOWN),
            Frame::Encrypted(parts) => {
                let keys = iter::once(&self.newest).chain(&self.older);
                let mut keys = keys.filter(|key| parts.is_by(key)).peekable();
                match keys.peek() {
                    None => Err(NO_KEY),
                    Some(_) => keys
                        .find_map(|key| parts.decrypt(key, identity))
                        .ok_or(FORGED),
                }
            }
        };
        let record = decrypted.map_err(|why| Error::store(StoreFailure::Unreadable, why))?;
        Ok(match encrypted.is_restored() {
            true => record.restored(),
            false => record,
        })
    }

    /// Returns the result for a record that is the current one already. It may not be durable yet: only the store
    /// can acknowledge that.
    fn acknowledge(&self, identity: &Identity, found: &Found) -> Result<SwapOutcome> {
        match &found.encrypted {
            Some(encrypted) => self.inner.swap(identity, Some(encrypted), encrypted),
            None => Ok(SwapOutcome::Conflict),
        }
    }
}

impl<S: Store> Store for EncryptedStore<S> {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        Ok(self.look(identity)?.record)
    }

    /// Compares decrypted records, because a record that is encrypted twice becomes different bytes, and has the store
    /// swap exactly what was loaded: the store's comparison is still the one that counts.
    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let found = self.look(identity)?;
        if found.is(Some(record)) {
            return self.acknowledge(identity, &found);
        }
        if !found.is(expected) {
            return Ok(SwapOutcome::Conflict);
        }
        let encrypted = frame::encrypt(&self.newest, identity, record)?;
        if self
            .inner
            .swap(identity, found.encrypted.as_ref(), &encrypted)?
            == SwapOutcome::Stored
        {
            return Ok(SwapOutcome::Stored);
        }
        // Another process was faster, or the result of this very swap had been lost.
        let found = self.look(identity)?;
        if found.is(Some(record)) {
            return self.acknowledge(identity, &found);
        }
        Ok(SwapOutcome::Conflict)
    }

    /// Four times the inner store's: a swap loads first, and may load and swap again after a conflict.
    fn timeout(&self) -> Duration {
        self.inner.timeout().saturating_mul(4)
    }

    fn wait(
        &self,
        identity: &Identity,
        seen: Option<&Record>,
        at_most: Duration,
    ) -> Result<WaitOutcome> {
        let found = self.look(identity)?;
        if !found.is(seen) {
            return Ok(WaitOutcome::Changed);
        }
        self.inner.wait(identity, found.encrypted.as_ref(), at_most)
    }

    fn announce(&self, identity: &Identity, attempt: AttemptId) -> Option<LivenessGuard> {
        self.inner.announce(identity, attempt)
    }

    fn has_exited(&self, identity: &Identity, attempt: AttemptId) -> bool {
        self.inner.has_exited(identity, attempt)
    }
}

impl<S: Debug> Debug for EncryptedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EncryptedStore").field(&self.inner).finish()
    }
}

const PLAIN: &str = "the record is not encrypted; if it was stored before encryption was introduced, \
                     accept it with `danger_accept_plaintext`";
const UNKNOWN: &str = "a newer version of this library encrypted the record; update this program";
const NO_KEY: &str = "the record is encrypted with another key; give that key with `also_decrypt`";
const FORGED: &str = "the encrypted record was damaged or changed, or belongs to another login; restore \
                      it from a backup, or remove it from the store to log in again";
