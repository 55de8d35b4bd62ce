//! The one type for everything that must not be seen.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

/// A string that is shown only by [`expose`](Secret::expose) and wiped from memory when dropped.
///
/// Passwords, client secrets and tokens travel as `Secret`, so that a `{:?}` in a log, an error or a
/// panic message cannot hold one. It has no `Display` and no `Serialize`, on purpose.
///
/// ```
/// use auth_core::Secret;
///
/// let password = Secret::from("correct horse");
/// assert_eq!(format!("{password:?}"), "Secret(…)");
/// assert_eq!(password.expose(), "correct horse");
/// ```
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself. Search for this word to find every place where a secret is shown.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all, which a grant reads as "not set".
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl From<&Secret> for Secret {
    fn from(secret: &Secret) -> Self {
        secret.clone()
    }
}

impl From<String> for Secret {
    /// Takes the string over without copying it, so that no second copy is left behind.
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&String> for Secret {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

/// A sensitive header value whose buffer is wiped when its last clone goes; none if a byte of it
/// cannot be sent in a header.
pub(crate) fn header_value(bytes: Zeroizing<Vec<u8>>) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(bytes)).ok()?;
    value.set_sensitive(true);
    Some(value)
}
