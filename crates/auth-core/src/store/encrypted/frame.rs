//! An encrypted record: `auth-sealed`, NUL, version, the key's number, a nonce, the encrypted bytes, a tag.

use std::mem;

use ring::aead::{Aad, CHACHA20_POLY1305, NONCE_LEN, Nonce};
use zeroize::Zeroizing;

use crate::error::{Error, Result, StoreFailure};
use crate::identity::Identity;
use crate::store::Record;

use super::EncryptionKey;
use super::key::{self, KeyId};

/// Form of a stored record.
pub(super) enum Frame<'a> {
    /// Not encrypted.
    Plain,
    /// Encrypted in a way that this version does not know.
    Unknown,
    Encrypted(Parts<'a>),
}

pub(super) struct Parts<'a> {
    head: &'a [u8],
    nonce: [u8; NONCE_LEN],
    /// The encrypted record and its tag.
    body: &'a [u8],
}

impl<'a> Frame<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let Some(rest) = bytes.strip_prefix(MAGIC) else {
            return Self::Plain;
        };
        if rest.first().is_some_and(|version| *version != VERSION) {
            return Self::Unknown;
        }
        // A frame that is too short has no key's number: no key can decrypt it.
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD_LEN));
        let (nonce, body) = rest.split_first_chunk().unwrap_or((&[0; NONCE_LEN], &[]));
        Self::Encrypted(Parts {
            head,
            nonce: *nonce,
            body,
        })
    }
}

impl Parts<'_> {
    pub(super) fn is_by(&self, key: &EncryptionKey) -> bool {
        // A truncated frame fits every key, so that the error is "damaged" and not "unknown key".
        self.head.len() < HEAD_LEN || self.head.ends_with(key.id())
    }

    /// Returns the record, if it was encrypted with this key for this identity.
    pub(super) fn decrypt(&self, key: &EncryptionKey, identity: &Identity) -> Option<Record> {
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let mut bytes = Zeroizing::new(self.body.to_vec());
        let aead = key.aead()?;
        let opened = aead.open_in_place(nonce, authenticated(self.head, identity), &mut bytes);
        let length = opened.ok()?.len();
        bytes.truncate(length);
        Some(Record::from_bytes(mem::take(&mut *bytes)))
    }
}

/// Encrypts a record for this key and identity.
pub(super) fn encrypt(key: &EncryptionKey, identity: &Identity, record: &Record) -> Result<Record> {
    let plain = record.expose();
    let nonce: [u8; NONCE_LEN] = key::random().ok_or_else(|| {
        let detail = "the system has no random bytes; nothing was stored";
        Error::store(StoreFailure::Unavailable, detail)
    })?;
    let body = HEAD_LEN + NONCE_LEN;
    // Sized once: a buffer that grows leaves a copy of its secrets behind.
    let room = body + plain.len() + CHACHA20_POLY1305.tag_len();
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes.extend_from_slice(key.id());
    let head = authenticated(&bytes, identity);
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(plain);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key
        .aead()
        .and_then(|aead| {
            aead.seal_in_place_separate_tag(nonce, head, &mut bytes[body..])
                .ok()
        })
        .ok_or_else(|| Error::store(StoreFailure::Unavailable, "the record cannot be encrypted"))?;
    bytes.extend_from_slice(tag.as_ref());
    Ok(Record::from_bytes(mem::take(&mut *bytes)))
}

/// The authenticated part that is not encrypted. The head has a fixed length, so no two pairs become the same bytes.
fn authenticated(head: &[u8], identity: &Identity) -> Aad<Vec<u8>> {
    Aad::from([head, identity.as_str().as_bytes()].concat())
}

const MAGIC: &[u8] = b"auth-sealed\0";
const VERSION: u8 = 1;
const HEAD_LEN: usize = MAGIC.len() + 1 + size_of::<KeyId>();
