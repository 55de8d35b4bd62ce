//! Format of a record's file.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `auth-all` |
//! | 4 | the version of the format, 1 |
//! | 4 | the length of the file |
//! | 1 | 1 if the record was restored, else 0 |
//! | 4 | the length of the identity |
//! | | the identity |
//! | | the record |
//! | 16 | SipHash-2-4-128 of all before it |
//!
//! Numbers are little-endian. Every later version keeps the first three and the last: that is how a file of a newer
//! version is told from a damaged one.

use siphasher::sip128::SipHasher24;
use zeroize::Zeroizing;

use crate::identity::Identity;

use super::Record;

/// Content of a file.
#[derive(Debug)]
pub(super) enum Content {
    Record(Record),
    /// A record of another identity: the file was moved.
    Foreign,
    /// A format of a version that this program does not know.
    Newer(u32),
    Damaged,
}

/// Returns the bytes of a file; `None` for more than [`MOST`].
pub(super) fn encode(
    identity: &Identity,
    record: &Record,
    is_restored: bool,
) -> Option<Zeroizing<Vec<u8>>> {
    let identity = identity.as_str().as_bytes();
    let length = AROUND + identity.len() + record.expose().len();
    if length > MOST {
        return None;
    }
    let number = |number: usize| u32::try_from(number).ok().map(u32::to_le_bytes);
    // Sized once: a buffer that grows leaves a copy of its secrets behind.
    let mut frame = Zeroizing::new(Vec::with_capacity(length));
    frame.extend_from_slice(MAGIC);
    frame.extend_from_slice(&VERSION.to_le_bytes());
    frame.extend_from_slice(&number(length)?);
    frame.push(is_restored.into());
    frame.extend_from_slice(&number(identity.len())?);
    frame.extend_from_slice(identity);
    frame.extend_from_slice(record.expose());
    let checksum = checksum(&frame);
    frame.extend_from_slice(&checksum);
    Some(frame)
}

/// Reads the bytes of a file as a record of this identity.
pub(super) fn decode(identity: &Identity, frame: &[u8]) -> Content {
    match opened(frame) {
        None => Content::Damaged,
        Some((VERSION, body)) => record(identity, body).unwrap_or(Content::Damaged),
        Some((version, _)) => Content::Newer(version),
    }
}

/// Returns whose record an intact frame of this version is.
pub(super) fn owner(frame: &[u8]) -> Option<Identity> {
    let (VERSION, body) = opened(frame)? else {
        return None;
    };
    let (_, owner, _) = parts(body)?;
    Some(Identity::from_text(std::str::from_utf8(owner).ok()?))
}

/// Version and body of an intact frame.
fn opened(frame: &[u8]) -> Option<(u32, &[u8])> {
    let (content, sum) = frame.split_last_chunk()?;
    let rest = content.strip_prefix(MAGIC)?;
    let (version, rest) = rest.split_first_chunk()?;
    let (length, body) = rest.split_first_chunk()?;
    let whole = usize::try_from(u32::from_le_bytes(*length)) == Ok(frame.len());
    (whole && *sum == checksum(content)).then_some((u32::from_le_bytes(*version), body))
}

/// The mark of a restored record, the identity and the record.
fn parts(body: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&is_restored, body) = body.split_first()?;
    let (length, body) = body.split_first_chunk()?;
    let length = u32::from_le_bytes(*length).try_into().ok()?;
    let (owner, record) = body.split_at_checked(length)?;
    Some((is_restored, owner, record))
}

fn record(identity: &Identity, body: &[u8]) -> Option<Content> {
    let (is_restored, owner, record) = parts(body)?;
    if owner != identity.as_str().as_bytes() {
        return Some(Content::Foreign);
    }
    let record = Record::from_bytes(record.to_vec());
    Some(Content::Record(match is_restored {
        0 => record,
        _ => record.restored(),
    }))
}

fn checksum(bytes: &[u8]) -> [u8; 16] {
    SipHasher24::new_with_key(KEY).hash(bytes).as_bytes()
}

/// The longest file that is read or written: records are a few KiB.
pub(super) const MOST: usize = 1024 * 1024;

const MAGIC: &[u8; 8] = b"auth-all";
const VERSION: u32 = 1;
/// It finds accidents. A program that can write the file could write a valid one anyway.
const KEY: &[u8; 16] = b"auth-all: record";
/// Length of everything that is neither identity nor record.
const AROUND: usize = MAGIC.len() + 4 + 4 + 1 + 4 + 16;
