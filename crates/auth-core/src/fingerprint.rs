//! Whether two secrets are the same, without keeping either.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::identity::Identity;
use crate::secret::Secret;

/// The same number for the same secrets of the same identity; 0 for no secret.
///
/// For tokens, which nobody can guess. The function must stay the same between versions, which std's
/// hasher does not promise.
pub(crate) fn fingerprint<'a>(
    identity: &Identity,
    secrets: impl IntoIterator<Item = &'a Secret>,
) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write(identity.as_str().as_bytes());
    let mut is_empty = true;
    for secret in secrets {
        is_empty &= secret.is_empty();
        hasher.write(&(secret.expose().len() as u64).to_le_bytes());
        hasher.write(secret.expose().as_bytes());
    }
    if is_empty {
        return 0;
    }
    hasher.finish().max(1)
}

/// The same for what people make up, and somebody who reads it might guess: 16 bits are enough to see
/// that a password was changed, and leave fifteen of a million that it may have been.
pub(crate) fn short_fingerprint<'a>(
    identity: &Identity,
    secrets: impl IntoIterator<Item = &'a Secret>,
) -> u64 {
    match fingerprint(identity, secrets) {
        0 => 0,
        print => (print & 0xffff).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_secrets_apart_and_stays_the_same_between_versions() {
        let of = |secrets: &[&str]| {
            let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::from(*text)).collect();
            fingerprint(&Identity::new("ermeo"), &secrets)
        };
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&["", ""]), 0);
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["correct horse"]) & u64::from(u32::MAX), 4_115_921_399);
    }

    #[test]
    fn of_a_password_little_is_kept() {
        let identity = Identity::new("ermeo");
        let of = |text: &str| short_fingerprint(&identity, &[Secret::from(text)]);
        assert_eq!(of(""), 0);
        assert_ne!(of("correct horse"), of("battery staple"));
        for text in ["a", "b", "c", "d", "correct horse"] {
            assert!((1..=0xffff).contains(&of(text)));
        }
    }
}
