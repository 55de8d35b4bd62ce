//! What the files are called.

use std::path::{Path, PathBuf};

use siphasher::sip128::SipHasher24;

use crate::identity::Identity;

/// The name of an identity's files without extension: whose login it is, for people, and a hash of
/// all of the identity, because that may be long and hold anything.
pub(super) fn stem(identity: &Identity) -> String {
    let identity = identity.as_str();
    let vendor = identity.split(' ').next().unwrap_or_default();
    let readable = |letter: &char| letter.is_ascii_alphanumeric() || "-_".contains(*letter);
    let vendor: String = vendor.chars().filter(readable).take(LONGEST).collect();
    let hash = u128::from(SipHasher24::new_with_key(KEY).hash(identity.as_bytes()));
    format!("{vendor}-{hash:032x}")
}

/// The path of one of an identity's files.
pub(super) fn with_extension(stem: &Path, extension: &str) -> PathBuf {
    let mut path = stem.to_owned().into_os_string();
    path.push(".");
    path.push(extension);
    path.into()
}

/// The newest record.
pub(super) const RECORD: &str = "record";
/// The one before it.
pub(super) const PREVIOUS: &str = "previous";
/// One that is being written.
pub(super) const NEW: &str = "new";
/// One that could not be read, with a number behind.
pub(super) const DAMAGED: &str = "damaged";
/// Locked while one of the others is read or written.
pub(super) const LOCK: &str = "lock";
/// Locked while somebody renews, and who.
pub(super) const ALIVE: &str = "alive";

const LONGEST: usize = 32;
/// The hash is to stay the same for ever, and protects nothing.
const KEY: &[u8; 16] = b"auth-all: a name";
