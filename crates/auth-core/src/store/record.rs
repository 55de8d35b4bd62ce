//! A login as stores see it: bytes.

use std::fmt::{self, Debug};
use std::sync::Arc;

use zeroize::Zeroizing;

/// A login as a store sees it: bytes that hold secrets.
///
/// They are wiped from memory with the last clone, and `Debug` shows only their number. Two records are equal if their
/// bytes are.
///
/// ```
/// use auth_core::store::Record;
///
/// let row = b"as a session wrote it".to_vec();
/// let record = Record::from_bytes(row);
/// assert_eq!(format!("{record:?}"), "Record(21 bytes)");
/// assert_eq!(record.expose(), b"as a session wrote it");
/// ```
#[derive(Clone)]
pub struct Record {
    bytes: Arc<Zeroizing<Vec<u8>>>,
    is_restored: bool,
}

impl Record {
    /// Takes over the bytes of a record that a store has read. They are not copied, so no second copy is left behind.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Arc::new(Zeroizing::new(bytes)),
            is_restored: false,
        }
    }

    /// Returns the bytes to be stored. Search for this word to find every place that shows a secret.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// The record in a buffer that is no larger than it.
    pub(super) fn compact(&self) -> Self {
        Self {
            bytes: Arc::new(Zeroizing::new(self.bytes.to_vec())),
            ..*self
        }
    }

    /// Marks an older record that the store has restored because the newest one was damaged.
    ///
    /// A session then makes sure that no other process is using its refresh token before it does. A caller that loaded
    /// the same bytes earlier, without this mark, does not know of the damage. So a store that marks a record must not
    /// treat it as equal to those bytes: its `swap` returns [`SwapOutcome::Conflict`](super::SwapOutcome::Conflict) and
    /// its `wait` returns at once.
    #[must_use]
    pub fn restored(self) -> Self {
        Self {
            is_restored: true,
            ..self
        }
    }

    /// Returns `true` for an older record that the store has restored.
    #[must_use]
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

impl Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} bytes)", self.bytes.len())
    }
}

/// Returns `true` if `expected` is the current record. A caller that saw the same bytes before a newer record was
/// damaged must first load them with their mark.
pub(super) fn is_current(current: Option<&Record>, expected: Option<&Record>) -> bool {
    let restored = |record: Option<&Record>| record.is_some_and(Record::is_restored);
    current == expected && (!restored(current) || restored(expected))
}
