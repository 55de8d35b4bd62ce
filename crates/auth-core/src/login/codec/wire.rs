//! Fields into bytes and back; nothing that is read is trusted.
//!
//! A message is a run of fields: a tag, a length, and so many bytes. A length has seven bits in each byte,
//! the lowest first, and the eighth is set where more follow; a number has no zeros at its upper end. A
//! reader skips fields that it does not know, so that a fleet can be updated one process at a time, unless the tag is a
//! [`MUST_KNOW`] one. A message is written with all its fields; so a damaged tag leaves a field missing,
//! and is seen.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::clock::UnixTime;
use crate::secret::Secret;

/// From here on a reader must know the tag: without that field it would do something wrong.
pub(super) const MUST_KNOW: u8 = 128;

/// Why bytes cannot be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    Damaged,
    /// A newer version wrote something that this one must not ignore.
    Newer,
}

pub(super) type Read<T> = Result<T, Fault>;

/// A buffer that leaves nothing behind, not even when it grows.
pub(super) struct Writer(Zeroizing<Vec<u8>>);

/// The bytes of one field, or of what is in it.
#[derive(Clone, Copy)]
pub(super) struct Value<'a>(&'a [u8]);

/// The fields of one message.
pub(super) struct Message<'a>(Vec<(u8, Value<'a>)>);

impl Writer {
    pub(super) fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(TYPICAL)))
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.next_power_of_two()));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }

    /// A field, whose length is known once it is written.
    pub(super) fn field(&mut self, tag: u8, write: impl FnOnce(&mut Self)) {
        self.raw(&[tag, 0]);
        let start = self.0.len();
        write(self);
        let end = self.0.len();
        let mut rest = end - start;
        let mut length = [0; MOST_LENGTH];
        let mut bytes = 0;
        for byte in &mut length {
            *byte = (rest & 0x7f) as u8;
            rest >>= 7;
            bytes += 1;
            if rest == 0 {
                break;
            }
            *byte |= 0x80;
        }
        // One byte was left for it.
        self.raw(&[0; MOST_LENGTH][..bytes - 1]);
        self.0.copy_within(start..end, start + bytes - 1);
        self.0[start - 1..start - 1 + bytes].copy_from_slice(&length[..bytes]);
    }

    /// The bytes of a number, without zeros at its upper end.
    pub(super) fn number(&mut self, number: u64) {
        let bytes = number.to_le_bytes();
        let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
        self.raw(&bytes[..bytes.len() - zeros]);
    }

    /// A field that is empty without a value.
    pub(super) fn option<T: ?Sized>(
        &mut self,
        tag: u8,
        value: Option<&T>,
        write: impl FnOnce(&mut Self, &T),
    ) {
        self.field(tag, |to| {
            if let Some(value) = value {
                to.raw(&[1]);
                write(to, value);
            }
        });
    }

    pub(super) fn byte(&mut self, tag: u8, byte: u8) {
        self.field(tag, |to| to.raw(&[byte]));
    }

    pub(super) fn u64(&mut self, tag: u8, number: u64) {
        self.field(tag, |to| to.number(number));
    }

    pub(super) fn u128(&mut self, tag: u8, number: u128) {
        self.field(tag, |to| to.raw(&number.to_le_bytes()));
    }

    pub(super) fn time(&mut self, tag: u8, time: UnixTime) {
        self.u64(tag, millis(time.since(UnixTime::default())));
    }

    pub(super) fn text(&mut self, tag: u8, text: &str) {
        self.field(tag, |to| to.raw(text.as_bytes()));
    }

    /// The bytes in a buffer of their size, since a session keeps them for as long as it lives.
    pub(super) fn finish(self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_vec())
    }
}

impl<'a> Message<'a> {
    /// The fields of a message of which these are known.
    pub(super) fn read(value: Value<'a>, known: &[u8]) -> Read<Self> {
        let mut rest = value.0;
        let mut fields = Vec::new();
        while let Some((tag, after)) = rest.split_first() {
            let (length, after) = length(after)?;
            let (bytes, after) = after.split_at_checked(length).ok_or(Fault::Damaged)?;
            if known.contains(tag) {
                fields.push((*tag, Value(bytes)));
            } else if *tag >= MUST_KNOW {
                return Err(Fault::Newer);
            }
            rest = after;
        }
        Ok(Self(fields))
    }

    /// The value of a field that is always written, once.
    pub(super) fn one(&self, tag: u8) -> Read<Value<'a>> {
        let mut all = self.all(tag);
        match (all.next(), all.next()) {
            (Some(value), None) => Ok(value),
            _ => Err(Fault::Damaged),
        }
    }

    /// The value of a field that is empty without one.
    pub(super) fn option<T>(
        &self,
        tag: u8,
        read: impl FnOnce(Value<'a>) -> Read<T>,
    ) -> Read<Option<T>> {
        match self.one(tag)?.0.split_first() {
            None => Ok(None),
            Some((1, bytes)) => read(Value(bytes)).map(Some),
            Some(_) => Err(Fault::Damaged),
        }
    }

    /// Sees to it that the message has no known field but these: a damaged state is not what it seems.
    pub(super) fn only(&self, tags: &[u8]) -> Read<()> {
        match self.0.iter().all(|(tag, _)| tags.contains(tag)) {
            true => Ok(()),
            false => Err(Fault::Damaged),
        }
    }

    /// The values of a field that may be repeated.
    pub(super) fn all(&self, tag: u8) -> impl Iterator<Item = Value<'a>> {
        let fields = self.0.iter().filter(move |(other, _)| *other == tag);
        fields.map(|(_, value)| *value)
    }
}

impl<'a> Value<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn array<const N: usize>(self) -> Read<[u8; N]> {
        self.0.try_into().map_err(|_| Fault::Damaged)
    }

    pub(super) fn byte(self) -> Read<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn bool(self) -> Read<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Fault::Damaged),
        }
    }

    pub(super) fn u16(self) -> Read<u16> {
        self.u64()?.try_into().map_err(|_| Fault::Damaged)
    }

    pub(super) fn u64(self) -> Read<u64> {
        let mut bytes = [0; 8];
        let used = bytes.get_mut(..self.0.len()).ok_or(Fault::Damaged)?;
        used.copy_from_slice(self.0);
        match self.0.last() {
            Some(0) => Err(Fault::Damaged),
            _ => Ok(u64::from_le_bytes(bytes)),
        }
    }

    /// A number that can be counted on from.
    pub(super) fn count(self) -> Read<u64> {
        let count = self.u64()?;
        (count < u64::MAX / 2)
            .then_some(count)
            .ok_or(Fault::Damaged)
    }

    pub(super) fn u128(self) -> Read<u128> {
        self.array().map(u128::from_le_bytes)
    }

    pub(super) fn duration(self) -> Read<Duration> {
        self.u64().map(Duration::from_millis)
    }

    pub(super) fn time(self) -> Read<UnixTime> {
        self.duration().map(UnixTime::new)
    }

    fn str(self) -> Read<&'a str> {
        std::str::from_utf8(self.0).map_err(|_| Fault::Damaged)
    }

    pub(super) fn text(self) -> Read<String> {
        self.str().map(str::to_owned)
    }

    pub(super) fn secret(self) -> Read<Secret> {
        self.str().map(Secret::new)
    }
}

/// A length, and the bytes after it.
fn length(bytes: &[u8]) -> Read<(usize, &[u8])> {
    let mut length = 0;
    for (at, byte) in bytes.iter().enumerate().take(MOST_LENGTH) {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            // One form for one length.
            let is_short = at == 0 || *byte != 0;
            return is_short
                .then_some((length, &bytes[at + 1..]))
                .ok_or(Fault::Damaged);
        }
    }
    Err(Fault::Damaged)
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Bytes of the longest length: 256 MiB.
const MOST_LENGTH: usize = 4;
/// Two tokens and what belongs to them.
const TYPICAL: usize = 1024;
