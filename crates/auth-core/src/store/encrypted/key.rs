//! The key that records are sealed with.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use ring::aead::{CHACHA20_POLY1305, LessSafeKey, UnboundKey};
use ring::hmac;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result, StoreFailure};
use crate::secret::Secret;

/// A key of 256 bits for [`EncryptedStore`](super::EncryptedStore).
///
/// It belongs somewhere else than the records: a vault, the platform's secrets, a file of mode 0600
/// on another disk. It is wiped from memory with its last clone (ring's copy, on the stack during a
/// call, is not), and `Debug` does not show it.
///
/// ```
/// use auth_core::store::EncryptionKey;
///
/// let key = EncryptionKey::generate()?;
/// let text = key.to_base64(); // for the vault
/// let same = EncryptionKey::from_base64(text.expose())?;
/// assert_eq!(format!("{same:?}"), "EncryptionKey(…)");
/// # auth_core::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct EncryptionKey {
    bytes: Arc<Zeroizing<Vec<u8>>>,
    id: KeyId,
}

/// Which key sealed a record: enough to tell keys apart, and nothing about them.
pub(super) type KeyId = [u8; 8];

impl EncryptionKey {
    /// A new key, from the system's source of randomness.
    ///
    /// # Errors
    /// [`Error::Store`] if the system has none to give.
    pub fn generate() -> Result<Self> {
        Ok(Self::from(random::<LENGTH>()?))
    }

    /// A key from its text in base64, in either alphabet, padded or not; `openssl rand -base64 32`
    /// makes one.
    ///
    /// # Errors
    /// [`Error::Configuration`] if it is not the text of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self> {
        let text = text.trim();
        let alphabet = if text.contains(['-', '_']) {
            &URL_SAFE
        } else {
            &STANDARD
        };
        let lenient =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        // With room for all of it, so that it does not grow and leave a copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
        let decoded = GeneralPurpose::new(alphabet, lenient).decode_vec(text, &mut bytes);
        // The decoder's own error would quote a character of the key.
        decoded.map_err(|_| Error::configuration(NOT_BASE64))?;
        if bytes.len() != LENGTH {
            let length = bytes.len();
            return Err(Error::configuration(format!(
                "a key is {LENGTH} bytes, and this one is {length}; `openssl rand -base64 32` makes one"
            )));
        }
        Ok(Self::new(bytes))
    }

    /// The key as text, to be kept somewhere else than the records.
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

    /// Made for each call, so that nothing of ring's, which does not wipe, lives longer than that.
    pub(super) fn aead(&self) -> Option<LessSafeKey> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.bytes).ok()?;
        Some(LessSafeKey::new(key))
    }
}

impl From<[u8; LENGTH]> for EncryptionKey {
    /// Takes 32 random bytes; a password is no key.
    fn from(mut bytes: [u8; LENGTH]) -> Self {
        let key = Self::new(Zeroizing::new(bytes.to_vec()));
        bytes.zeroize();
        key
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptionKey(…)")
    }
}

/// Bytes that nobody can foresee.
pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::getrandom(&mut bytes).map_err(|_| {
        Error::store(
            StoreFailure::Unavailable,
            "the system gives no random bytes; nothing was written",
        )
    })?;
    Ok(bytes)
}

const LENGTH: usize = 32;
const PURPOSE: &[u8] = b"auth-core: the number of a sealing key";
const NOT_BASE64: &str = "the key is not in base64; `openssl rand -base64 32` makes one";
