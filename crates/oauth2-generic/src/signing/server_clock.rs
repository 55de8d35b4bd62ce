//! How far a server's clock is from ours, by the `Date` of its answers (RFC 9110 §6.6.1).

use auth_core::http::HeaderMap;
use auth_core::http::header::{AGE, DATE};
use auth_core::time::OffsetDateTime;
use auth_core::time::format_description::well_known::Rfc2822;

/// By how many seconds a server's clock is ahead of ours, where one of its refusals showed it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServerClock {
    ahead: i64,
}

impl ServerClock {
    /// This moment by the server's clock.
    pub(crate) fn now(self, ours: u64) -> u64 {
        ours.saturating_add_signed(self.ahead)
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn ahead(self) -> i64 {
        self.ahead
    }

    /// Adopts the server's clock if it is off by more than `tolerance` seconds from what was assumed; returns
    /// the seconds by which it is ahead of ours.
    pub(crate) fn corrected(
        &mut self,
        headers: &HeaderMap,
        ours: u64,
        tolerance: u64,
    ) -> Option<i64> {
        let ahead = date(headers)?.saturating_sub_unsigned(ours);
        if ahead.abs_diff(self.ahead) <= tolerance {
            return None;
        }
        self.ahead = ahead;
        Some(ahead)
    }
}

/// The second of the server's clock, unless a cache answered, whose `Date` is that of another answer.
fn date(headers: &HeaderMap) -> Option<i64> {
    if headers.contains_key(AGE) {
        return None;
    }
    let text = headers.get(DATE)?.to_str().ok()?;
    Some(OffsetDateTime::parse(text, &Rfc2822).ok()?.unix_timestamp())
}
