//! Names of the files.

use std::path::{Path, PathBuf};

use siphasher::sip128::SipHasher24;

use crate::identity::Identity;

/// The name of an identity's files without extension: the vendor, for people who read it, and a hash of the whole
/// identity, which may be long and hold any character.
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
/// A record that is being written.
pub(super) const NEW: &str = "new";
/// A record that could not be read; a number follows.
pub(super) const DAMAGED: &str = "damaged";
/// Locked while another of the files is read or written.
pub(super) const LOCK: &str = "lock";
/// Locked while a process renews; it names the attempt.
pub(super) const ALIVE: &str = "alive";

const LONGEST: usize = 32;
/// Part of the format: it never changes, and protects nothing.
const KEY: &[u8; 16] = b"auth-all: a name";
