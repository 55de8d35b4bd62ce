//! Fingerprints: comparison of secrets without keeping either.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::identity::Identity;
use crate::secret::Secret;

/// Number that is equal for equal secrets, or for requests that send the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) u64);

/// Returns the fingerprint of secrets of one identity; `None` without a secret.
///
/// For tokens, which cannot be guessed. The function must stay the same between versions, which std's
/// hasher does not promise.
pub(crate) fn fingerprint<'a>(
    identity: &Identity,
    secrets: impl IntoIterator<Item = &'a Secret>,
) -> Option<Fingerprint> {
    let mut hasher = SipHasher24::new();
    hasher.write(identity.as_str().as_bytes());
    let mut is_empty = true;
    for secret in secrets {
        is_empty &= secret.is_empty();
        hasher.write(&(secret.expose().len() as u64).to_le_bytes());
        hasher.write(secret.expose().as_bytes());
    }
    (!is_empty).then(|| Fingerprint(hasher.finish().max(1)))
}

/// A number by which to spread logins: the same in every process, and any number with equal chance.
pub(crate) fn spread(identity: &Identity) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write(identity.as_str().as_bytes());
    hasher.finish()
}

/// The fingerprint of a request, fed piece by piece.
pub(crate) struct Digest(SipHasher24);

impl Digest {
    pub(crate) fn new() -> Self {
        Self(SipHasher24::new())
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds a piece; its length keeps "ab" and "c" apart from "a" and "bc".
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.write(&(bytes.len() as u64).to_le_bytes());
        self.0.write(bytes);
    }

    /// All of it, for comparisons within this process.
    pub(crate) fn long(self) -> u64 {
        self.0.finish()
    }

    /// 16 bits of it, never 0. A person made up what is in it, and a reader of the store might guess:
    /// 16 bits are enough to see that a password was changed, and fit fifteen of a million.
    pub(crate) fn short(self) -> Fingerprint {
        Fingerprint((self.0.finish() & 0xffff).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_distinct_and_stable_between_versions() {
        let of = |secrets: &[&str]| {
            let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::new(*text)).collect();
            fingerprint(&Identity::new("ermeo"), &secrets)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["", ""]), None);
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        let of_one = of(&["correct horse"]).unwrap().0;
        assert_eq!(of_one & u64::from(u32::MAX), 4_115_921_399);
    }

    #[test]
    fn a_fingerprint_of_a_request_has_16_bits() {
        let of = |texts: &[&str]| {
            let mut digest = Digest::new();
            texts.iter().for_each(|text| digest.text(text));
            digest.short().0
        };
        assert_ne!(of(&["correct horse"]), of(&["battery staple"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        for text in ["", "a", "b", "c", "d", "correct horse"] {
            assert!((1..=0xffff).contains(&of(&[text])));
        }
    }
}
