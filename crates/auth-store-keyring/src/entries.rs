//! A record as entries of a keyring: a single one, or one that names the parts of a larger record.
//!
//! The first entry, the head, decides. A record in parts is written parts first, into the unused one of two places, and
//! head last: a process that is killed in between leaves the old record as it was, and parts that the next large record
//! overwrites.

use std::mem;
use std::ops::RangeInclusive;

use auth_core::Result;
use auth_core::grant::Identity;
use auth_core::store::Record;
use keyring_core::{CredentialStore, Entry, Error as Keyring};
use siphasher::sip::SipHasher24;
use siphasher::sip128::SipHasher24 as SipHasher24x128;
use zeroize::Zeroizing;

use crate::failure::{damaged, failed, foreign, newer, too_large};
use crate::platform::Platform;

/// The entries of one identity.
pub(crate) struct Entries<'a> {
    keyring: &'a CredentialStore,
    platform: &'a Platform,
    service: &'a str,
    identity: &'a Identity,
    /// The name of the head; parts have a suffix.
    name: String,
}

/// The current record.
pub(crate) struct Found {
    pub(crate) record: Option<Record>,
    parts: Parts,
}

/// Place of the parts of a record; no parts if it is in its head.
#[derive(Clone, Copy, Default)]
struct Parts {
    place: u8,
    count: u16,
}

/// The head of a record, with all of it if it is small.
struct Head<'a> {
    parts: Parts,
    checksum: u64,
    record: &'a [u8],
}

impl<'a> Entries<'a> {
    pub(crate) fn new(
        keyring: &'a CredentialStore,
        platform: &'a Platform,
        service: &'a str,
        identity: &'a Identity,
    ) -> Self {
        Self {
            keyring,
            platform,
            service,
            identity,
            name: name(identity),
        }
    }

    pub(crate) fn load(&self) -> Result<Found> {
        let Some(bytes) = self.read(&self.name)? else {
            return Ok(Found {
                record: None,
                parts: Parts::default(),
            });
        };
        let head = Head::read(&bytes)?;
        let mut record = Zeroizing::new(head.record.to_vec());
        for part in head.parts.names(&self.name) {
            let part = self.read(&part)?.ok_or_else(damaged)?;
            let mut longer = Zeroizing::new(Vec::with_capacity(record.len() + part.len()));
            longer.extend_from_slice(&record);
            longer.extend_from_slice(&part);
            record = longer;
        }
        if self.checksum(&record) != head.checksum {
            return Err(damaged());
        }
        Ok(Found {
            record: Some(Record::from_bytes(mem::take(&mut *record))),
            parts: head.parts,
        })
    }

    /// Replaces the record that was found.
    pub(crate) fn replace(&self, found: &Found, record: &Record) -> Result<()> {
        let bytes = record.expose();
        let is_small = bytes.len() + Head::LENGTH <= self.platform.most;
        let (inside, outside) = if is_small {
            (bytes, &[][..])
        } else {
            (&[][..], bytes)
        };
        let parts = Parts {
            place: 1 - found.parts.place,
            count: u16::try_from(outside.chunks(self.platform.most).count())
                .ok()
                .filter(|count| *count <= MOST_PARTS)
                .ok_or_else(|| too_large(bytes.len()))?,
        };
        for (name, part) in parts
            .names(&self.name)
            .zip(outside.chunks(self.platform.most))
        {
            self.write(&name, part)?;
        }
        let head = Head {
            parts,
            checksum: self.checksum(bytes),
            record: inside,
        };
        self.write(&self.name, &head.bytes())?;
        // It is stored now, so nothing below may fail.
        self.forget(found.parts.names(&self.name));
        if parts.count > 0 {
            // Parts of a process that was killed before it wrote the head of a larger record.
            self.forget(parts.names_behind(&self.name));
        }
        Ok(())
    }

    /// Removes unused parts, up to one that does not exist.
    fn forget(&self, names: impl Iterator<Item = String>) {
        for name in names {
            let entry = self.entry(&name);
            match entry.and_then(|entry| entry.delete_credential()) {
                Ok(()) => {}
                Err(Keyring::NoEntry) => return,
                Err(_) => {
                    log::warn!("an old part of a record could not be removed from the keyring");
                    return;
                }
            }
        }
    }

    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match self.entry(name).and_then(|entry| entry.get_secret()) {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(Keyring::NoEntry) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<()> {
        let written = self.entry(name).and_then(|entry| entry.set_secret(secret));
        written.map_err(|error| failed(&error))
    }

    fn entry(&self, name: &str) -> keyring_core::Result<Entry> {
        self.platform.entry(self.keyring, self.service, name)
    }

    /// Checksum of record and identity: parts of two records, or of another login, do not match it.
    fn checksum(&self, record: &[u8]) -> u64 {
        let identity = self.identity.as_str().as_bytes();
        let length = (identity.len() as u64).to_le_bytes();
        let all = Zeroizing::new([&length, identity, record].concat());
        SipHasher24::new_with_key(CHECKSUM_KEY).hash(&all)
    }
}

impl Parts {
    fn names(self, head: &str) -> impl Iterator<Item = String> {
        self.name(head, 1..=self.count)
    }

    fn names_behind(self, head: &str) -> impl Iterator<Item = String> {
        self.name(head, self.count + 1..=MOST_PARTS)
    }

    fn name(self, head: &str, parts: RangeInclusive<u16>) -> impl Iterator<Item = String> {
        let place = if self.place == 0 { 'a' } else { 'b' };
        parts.map(move |part| format!("{head}.{place}{part}"))
    }
}

impl<'a> Head<'a> {
    const LENGTH: usize = MAGIC.len() + 1 + 1 + 2 + 8;

    fn read(bytes: &'a [u8]) -> Result<Self> {
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(foreign)?;
        let (version, rest) = rest.split_first().ok_or_else(damaged)?;
        if *version != VERSION {
            return Err(newer());
        }
        let (place, rest) = rest.split_first().ok_or_else(damaged)?;
        let (count, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let (checksum, record) = rest.split_first_chunk().ok_or_else(damaged)?;
        let count = u16::from_le_bytes(*count);
        if *place > 1 || count > MOST_PARTS {
            return Err(damaged());
        }
        Ok(Self {
            parts: Parts {
                place: *place,
                count,
            },
            checksum: u64::from_le_bytes(*checksum),
            record,
        })
    }

    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let count = self.parts.count.to_le_bytes();
        let checksum = self.checksum.to_le_bytes();
        let fixed: [&[u8]; 5] = [MAGIC, &[VERSION], &[self.parts.place], &count, &checksum];
        // Sized once: a buffer that grows leaves a copy of its secrets behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::LENGTH + self.record.len()));
        for piece in fixed.into_iter().chain([self.record]) {
            bytes.extend_from_slice(piece);
        }
        bytes
    }
}

/// Name of an identity's entry: the vendor, for people who read it, and a hash of the whole identity, which may be too
/// long for a name.
fn name(identity: &Identity) -> String {
    let identity = identity.as_str();
    let vendor = identity.split(' ').next().unwrap_or_default();
    let readable = |letter: &char| letter.is_ascii_alphanumeric() || "-_".contains(*letter);
    let vendor: String = vendor.chars().filter(readable).take(32).collect();
    let hash = u128::from(SipHasher24x128::new_with_key(NAME_KEY).hash(identity.as_bytes()));
    format!("{vendor}-{hash:032x}")
}

const MAGIC: &[u8] = b"auth-store-keyring\0";
const VERSION: u8 = 1;

/// More than any login needs, and few enough to read in time.
const MOST_PARTS: u16 = 64;

/// Part of the format: they never change, and protect nothing.
const NAME_KEY: &[u8; 16] = b"auth-all: a name";
const CHECKSUM_KEY: &[u8; 16] = b"auth-all: a sum.";
