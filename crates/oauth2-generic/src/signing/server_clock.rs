//! The difference between a server's clock and ours, by the `Date` of its responses (RFC 9110 §6.6.1).

use std::ops::RangeInclusive;
use std::time::Duration;

use auth_core::clock::{Clock, SystemClock, UnixTime};
use auth_core::http::HeaderMap;
use auth_core::http::header::{AGE, DATE};

/// The seconds by which a server's clock is ahead of ours, where one of its refusals showed it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServerClock {
    ahead: i64,
    /// The session's time and the machine's at the last reading.
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
    seconds(headers.get(DATE)?.to_str().ok()?)
}

/// The seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that servers send (RFC 9110 §5.6.7).
fn seconds(text: &str) -> Option<i64> {
    let (_, text) = text.split_once(", ")?;
    let mut words = text.split(' ');
    let mut word = || words.next();
    let (day, month, year, time, zone) = (word()?, word()?, word()?, word()?, word()?);
    if zone != "GMT" || word().is_some() {
        return None;
    }
    let number = |text: &str, range: RangeInclusive<i64>| {
        let number = text.parse().ok().filter(|it| range.contains(it));
        number.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let month = MONTHS.iter().position(|it| *it == month)?;
    let (day, year) = (number(day, 1..=31)?, number(year, 1970..=9999)?);
    let mut parts = time.split(':');
    let hour = number(parts.next()?, 0..=23)?;
    let minute = number(parts.next()?, 0..=59)?;
    let second = number(parts.next()?, 0..=60)?;
    // February is the last month of a year that begins with March, so leap days come last.
    let (year, month) = match i64::try_from(month).ok()? {
        month @ ..2 => (year - 1, month + 10),
        month => (year, month - 2),
    };
    let days_of_years = 365 * year + year / 4 - year / 100 + year / 400;
    let days = days_of_years + (153 * month + 2) / 5 + day - 1 - DAYS_TO_1970;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// From the first of March of the year 0.
const DAYS_TO_1970: i64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_as_seconds() {
        for (text, expected) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Tue, 29 Feb 2000 23:59:59 GMT", Some(951_868_799)),
            ("Wed, 01 Mar 2000 00:00:00 GMT", Some(951_868_800)),
            ("Thu, 01 Jan 2026 00:00:00 GMT", Some(1_767_225_600)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_date_is_not_read() {
        for text in [
            "",
            "0",
            "1994-11-06T08:49:37Z",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 +8:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 99999 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
