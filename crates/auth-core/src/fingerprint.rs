//! Whether two secrets are the same, without keeping either.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::identity::Identity;
use crate::secret::Secret;

/// A few bytes that are the same for the same secrets of the same identity; 0 for no secret.
///
/// Cut to 32 bits: enough to see that a password was changed, and too little to guess it by. The
/// function must stay the same between versions, which std's hasher does not promise.
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
    (hasher.finish() & u64::from(u32::MAX)).max(1)
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
        assert!(of(&["correct horse"]) <= u64::from(u32::MAX));
        assert_eq!(of(&["correct horse"]), PINNED);
    }

    const PINNED: u64 = 4_115_921_399;
}
