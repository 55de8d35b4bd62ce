//! Attempts of processes, and how others see that such a process lives.

use std::fmt;

/// Id of one attempt of one process to renew a login.
///
/// Ids are random and never used twice. They hold no secret.
///
/// ```
/// use auth_core::store::AttemptId;
///
/// let attempt = AttemptId::from_bytes([0xAB; 16]);
/// assert_eq!(attempt.to_string(), "ab".repeat(16)); // for a file name, a key or a row
/// assert_eq!(AttemptId::from_bytes(attempt.to_bytes()), attempt);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AttemptId(pub(crate) u128);

impl AttemptId {
    /// Reads an id that a store has written. A new id for a test is sixteen random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Returns the id as bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for AttemptId {
    /// Writes 32 hexadecimal digits in lower case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Shows that a process lives, for as long as it is held.
///
/// A store puts into it what the system releases when the process exits, however it exits: a file lock, a
/// connection.
///
/// ```
/// use auth_core::store::LivenessGuard;
///
/// let file = tempfile::tempfile()?;
/// file.lock()?;
/// let guard = LivenessGuard::new(file); // the lock is held until the guard is dropped
/// # drop(guard);
/// # std::io::Result::Ok(())
/// ```
#[must_use = "dropping it means that the attempt is over"]
pub struct LivenessGuard {
    _held: Box<dyn Send>,
}

impl LivenessGuard {
    /// Holds a value until the guard is dropped.
    pub fn new(held: impl Send + 'static) -> Self {
        Self {
            _held: Box::new(held),
        }
    }
}

impl fmt::Debug for LivenessGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LivenessGuard").finish_non_exhaustive()
    }
}
