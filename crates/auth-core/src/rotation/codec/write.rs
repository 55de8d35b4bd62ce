//! Numbers and texts into bytes.

use std::time::Duration;

use zeroize::Zeroizing;

/// A buffer that leaves nothing behind, not even when it grows.
pub(super) struct Writer(Zeroizing<Vec<u8>>);

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

    pub(super) fn byte(&mut self, byte: u8) {
        self.raw(&[byte]);
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.byte(value.into());
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.raw(&number.to_le_bytes());
    }

    pub(super) fn u128(&mut self, number: u128) {
        self.raw(&number.to_le_bytes());
    }

    /// In milliseconds.
    pub(super) fn duration(&mut self, duration: Duration) {
        self.u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.u64(text.len() as u64);
        self.raw(text.as_bytes());
    }

    pub(super) fn option<T: ?Sized>(&mut self, value: Option<&T>, write: impl Fn(&T, &mut Self)) {
        self.bool(value.is_some());
        if let Some(value) = value {
            write(value, self);
        }
    }

    /// The bytes in a buffer of their size, since a session keeps them for as long as it lives.
    pub(super) fn finish(self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_vec())
    }
}

/// Two tokens and what belongs to them.
const TYPICAL: usize = 1024;
