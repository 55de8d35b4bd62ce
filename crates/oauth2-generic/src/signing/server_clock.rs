//! The difference between a server's clock and ours, by the `Date` of its responses (RFC 9110 §6.6.1).

use std::time::{Duration, SystemTime};

use auth_core::clock::{Clock, SystemClock, UnixTime};
use auth_core::http::HeaderMap;
use auth_core::http::header::{AGE, DATE};

/// The seconds by which a server's clock is ahead of ours, where one of its refusals showed it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServerClock {
    ahead: i64,
    /// The session's time when it was last asked for, and the machine's.
    asked: Option<(u64, Duration)>,
}

impl ServerClock {
    /// This second by the server's clock; `ours` is the session's time.
    pub(crate) fn now(&mut self, ours: UnixTime) -> u64 {
        self.asked = Some((ours.seconds(), SystemClock::new().now().monotonic));
        ours.seconds().saturating_add_signed(self.ahead)
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn ahead(self) -> i64 {
        self.ahead
    }

    /// Adopts the server's clock if it is off by more than `tolerance` seconds from what was assumed; returns
    /// the seconds by which it is ahead of ours.
    pub(crate) fn corrected(&mut self, headers: &HeaderMap, tolerance: u64) -> Option<i64> {
        // The session's clock is not at hand here, so its last reading is carried on.
        let (ours, read_at) = self.asked?;
        let since = SystemClock::new().now().monotonic.saturating_sub(read_at);
        let ours = ours.saturating_add(since.as_secs());
        let ahead = date(headers)?.saturating_sub_unsigned(ours);
        if ahead.abs_diff(self.ahead) <= tolerance {
            return None;
        }
        self.ahead = ahead;
        Some(ahead)
    }
}

/// The second of the server's clock, unless a cache responded, whose `Date` is that of another response.
fn date(headers: &HeaderMap) -> Option<i64> {
    if headers.contains_key(AGE) {
        return None;
    }
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(text).ok()?;
    let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}
