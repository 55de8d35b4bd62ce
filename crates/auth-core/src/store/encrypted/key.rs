//! The key that records are encrypted with.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use ring::aead::{CHACHA20_POLY1305, LessSafeKey, UnboundKey};
use ring::hmac;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};
use crate::secret::{Secret, SecretSource};

/// A key of 256 bits for [`EncryptedStore`](super::EncryptedStore).
///
/// Keep it apart from the records: in a vault, in the platform's secrets, in a file of mode 0600 on another disk. It is
/// wiped from memory with its last clone (ring's copy, on the stack during a call, is not), and `Debug` does not show it.
///
/// ```
/// use auth_core::store::EncryptionKey;
///
/// let key = EncryptionKey::generate()?;
/// let text = key.to_base64(); // for the vault
/// let same = EncryptionKey::from_base64(text)?;
/// assert_eq!(format!("{same:?}"), "EncryptionKey(…)");
/// # Ok::<(), auth_core::Error>(())
/// ```
#[cfg(feature = "encryption")] // for its badge in the facade
#[derive(Clone)]
pub struct EncryptionKey {
    bytes: Arc<Zeroizing<Vec<u8>>>,
    id: KeyId,
}

/// Number of a key: distinguishes keys and reveals nothing of them.
pub(super) type KeyId = [u8; 8];

impl EncryptionKey {
    /// Makes a new key from the system's randomness.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the system has none.
    pub fn generate() -> Result<Self> {
        let mut bytes = random::<LENGTH>().ok_or_else(|| Error::configuration(NO_RANDOMNESS))?;
        let key = Self::new(Zeroizing::new(bytes.to_vec()));
        bytes.zeroize();
        Ok(key)
    }

    /// Reads a key from base64, now and once, in either alphabet, padded or not. `openssl rand -base64 32` makes one.
    ///
    /// # Errors
    /// [`Error::Configuration`] if it is not 32 bytes in base64; the error of the source if it cannot be read.
    pub fn from_base64(key: impl Into<SecretSource>) -> Result<Self> {
        let text = key.into().read()?;
        let text = text.expose().trim();
        let alphabet = if text.contains(['-', '_']) {
            &URL_SAFE
        } else {
            &STANDARD
        };
        let lenient =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        // Sized once: a buffer that grows leaves a copy of its secrets behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
        let decoded = GeneralPurpose::new(alphabet, lenient).decode_vec(text, &mut bytes);
        // The decoder's own error would quote a character of the key.
        decoded.map_err(|_| Error::configuration(NOT_BASE64))?;
        if bytes.len() != LENGTH {
            let length = bytes.len();
            return Err(Error::configuration(format!(
                "an encryption key is {LENGTH} bytes, and this one is {length}; `openssl rand -base64 32` makes one"
            )));
        }
        Ok(Self::new(bytes))
    }

    /// Returns the key as base64, to be kept apart from the records.
    #[must_use]
    pub fn to_base64(&self) -> Secret {
        BASE64_STANDARD.encode(&**self.bytes).into()
    }

    fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        let number = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), PURPOSE);
        let mut id = KeyId::default();
        id.iter_mut()
            .zip(number.as_ref())
            .for_each(|(to, from)| *to = *from);
        Self {
            bytes: Arc::new(bytes),
            id,
        }
    }

    pub(super) fn id(&self) -> &KeyId {
        &self.id
    }

    /// Made for each call, so that ring's copy, which is not wiped, lives no longer than that.
    pub(super) fn aead(&self) -> Option<LessSafeKey> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.bytes).ok()?;
        Some(LessSafeKey::new(key))
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptionKey(…)")
    }
}

/// Unpredictable bytes; `None` if the system has no randomness.
pub(super) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::getrandom(&mut bytes).ok()?;
    Some(bytes)
}

const LENGTH: usize = 32;
/// Part of the format: it never changes.
const PURPOSE: &[u8] = b"auth-core: the number of a sealing key";
const NOT_BASE64: &str = "the encryption key is not base64; `openssl rand -base64 32` makes one";
const NO_RANDOMNESS: &str = "the system has no random bytes to make a key of; make one elsewhere with \
                             `openssl rand -base64 32`";
