//! Records that only the holder of a key can read, in whatever store.

mod frame;
mod key;

use std::fmt::{self, Debug};
use std::iter;
use std::time::Duration;

use crate::error::{Error, Result, StoreFailure};
use crate::identity::Identity;

use super::{Record, Store, SwapOutcome, is_what};

use frame::Frame;
pub use key::EncryptionKey;

/// A store whose records are encrypted before the store sees them.
///
/// Whoever reads the file, the database or its backups learns who is logged in where, and when a
/// login was renewed, but no token. Whoever writes there cannot change a record, nor put that of one
/// login in the place of another's: such a record is refused, and left as it is.
///
/// ```
/// use auth_core::store::{EncryptionKey, MemoryStore, EncryptedStore};
///
/// # let key_from_the_vault = EncryptionKey::generate()?.to_base64();
/// # let key_from_the_vault = key_from_the_vault.expose();
/// let store = EncryptedStore::new(MemoryStore::new(), EncryptionKey::from_base64(key_from_the_vault)?);
/// # let _ = store;
/// # auth_core::Result::Ok(())
/// ```
///
/// # Another key
/// Two steps, so that no process meets a record it cannot open. First everybody gets the new key
/// as one that [also opens](EncryptedStore::also_decrypt); then it becomes the key that seals, and the old one
/// also opens. A record is sealed with the newest key when it next changes. The old key may go when
/// every login has been renewed since; a record that still needs it is refused, not lost.
///
/// # What it does not do
/// Somebody who can write to the store can delete a record or put an older one of the same login
/// back. The names of the logins ([`Identity`]) are not encrypted, and neither is how long a record
/// is.
///
/// # How
/// ChaCha20-Poly1305 with a random nonce for each record; the identity is part of what is
/// authenticated. Random nonces are good for 2³² records per key: a thousand logins that are
/// renewed every hour get there in more than two hundred years.
#[derive(Clone)]
pub struct EncryptedStore<S> {
    store: S,
    newest: EncryptionKey,
    older: Vec<EncryptionKey>,
    accepts_plain: bool,
}

/// What is there, as it is and as it reads.
struct Found {
    sealed: Option<Record>,
    record: Option<Record>,
}

impl Found {
    fn is(&self, what: Option<&Record>) -> bool {
        is_what(self.record.as_ref(), what)
    }
}

impl<S: Store> EncryptedStore<S> {
    /// Seals every record with this key before it goes into the store.
    pub fn new(store: S, key: EncryptionKey) -> Self {
        Self {
            store,
            newest: key,
            older: Vec::new(),
            accepts_plain: false,
        }
    }

    /// Opens what was sealed with this key, too.
    #[must_use]
    pub fn also_decrypt(mut self, key: EncryptionKey) -> Self {
        self.older.push(key);
        self
    }

    /// Reads records that were never sealed, and seals them when they next change.
    ///
    /// For the time of moving to sealed records. Until it is taken out again, whoever writes to the
    /// store can put a record of their own there. By default such a record is refused.
    #[must_use]
    pub fn danger_accept_plaintext(mut self) -> Self {
        self.accepts_plain = true;
        self
    }

    fn look(&self, identity: &Identity) -> Result<Found> {
        let sealed = self.store.load(identity)?;
        let open = |sealed| self.open(identity, sealed);
        let record = sealed.as_ref().map(open).transpose()?;
        Ok(Found { sealed, record })
    }

    fn open(&self, identity: &Identity, sealed: &Record) -> Result<Record> {
        let opened = match Frame::read(sealed.expose()) {
            Frame::Plain if self.accepts_plain => return Ok(sealed.clone()),
            Frame::Plain => Err(PLAIN),
            Frame::Unknown => Err(UNKNOWN),
            Frame::Sealed(parts) => {
                let keys = iter::once(&self.newest).chain(&self.older);
                let mut keys = keys.filter(|key| parts.is_by(key)).peekable();
                match keys.peek() {
                    None => Err(NO_KEY),
                    Some(_) => keys.find_map(|key| parts.open(key, identity)).ok_or(FORGED),
                }
            }
        };
        let record = opened.map_err(|why| Error::store(StoreFailure::Unreadable, why))?;
        Ok(match sealed.is_restored() {
            true => record.restored(),
            false => record,
        })
    }

    /// The answer for a record that is there already. That it is there is not that it is durable:
    /// only the store can acknowledge that.
    fn acknowledge(&self, identity: &Identity, found: &Found) -> Result<SwapOutcome> {
        match &found.sealed {
            Some(sealed) => self.store.swap(identity, Some(sealed), sealed),
            None => Ok(SwapOutcome::Conflict),
        }
    }
}

impl<S: Store> Store for EncryptedStore<S> {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        Ok(self.look(identity)?.record)
    }

    /// A record that is sealed twice becomes different bytes. So this compares what was sealed, and
    /// has the store swap exactly what was loaded: its comparison is still the one that counts.
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
        let sealed = frame::seal(&self.newest, identity, record)?;
        if self.store.swap(identity, found.sealed.as_ref(), &sealed)? == SwapOutcome::Stored {
            return Ok(SwapOutcome::Stored);
        }
        // Somebody was faster; it may have been this very swap, whose answer had been lost.
        let found = self.look(identity)?;
        if found.is(Some(record)) {
            return self.acknowledge(identity, &found);
        }
        Ok(SwapOutcome::Conflict)
    }

    /// Four times the store's: a swap loads first, and may load and swap again after a conflict.
    fn timeout(&self) -> Duration {
        self.store.timeout().saturating_mul(4)
    }

    fn wait(&self, identity: &Identity, seen: Option<&Record>, at_most: Duration) -> Result<bool> {
        let found = self.look(identity)?;
        if !found.is(seen) {
            return Ok(true);
        }
        self.store.wait(identity, found.sealed.as_ref(), at_most)
    }

    fn sign_of_life(&self, identity: &Identity, attempt: u128) -> Option<Box<dyn Send>> {
        self.store.sign_of_life(identity, attempt)
    }

    fn has_ended(&self, identity: &Identity, attempt: u128) -> bool {
        self.store.has_ended(identity, attempt)
    }
}

impl<S: Debug> Debug for EncryptedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EncryptedStore").field(&self.store).finish()
    }
}

const PLAIN: &str = "the record is not sealed; if it is from before records were, \
                     let `danger_accept_plaintext` take it over";
const UNKNOWN: &str =
    "the record was sealed by a newer version of this library; update this program";
const NO_KEY: &str = "the record is sealed with another key; give that key with `also_decrypt`";
const FORGED: &str = "the sealed record was damaged or changed, or is that of another login; put it \
                      back from a backup, or remove it from the store to log in anew";
