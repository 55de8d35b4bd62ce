//! Consequences of a refusal, in figures.

use std::ops::RangeInclusive;

use super::asker::{Cost, DAY, HOUR, Who, variant};

/// Consequence of a refusal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Follows {
    /// No request for 30 s, growing to an hour.
    Rests,
    /// A password that may be wrong is tried 10 times a day.
    Doubted,
    /// Like `Doubted`, but the first three tries follow the server's `Retry-After`, in seconds.
    DoubtedAfter(u64),
    /// A password that is wrong is tried once a day.
    Wrong,
    /// The session tries a server that failed again within a minute.
    Later,
    /// The session tries a server that throttles again after a second, growing to half an hour.
    Throttled,
    /// Like `Throttled`, but a session with another request is not held back.
    Held,
    /// No request before `Retry-After`, in seconds, is over.
    Waits(u64),
    /// Like `Waits`, but a session with another request is not held back.
    HeldFor(u64),
    /// The session tries a server that failed again each time `Retry-After`, in seconds, is over.
    Every(u64),
    /// The session logs in, in the same call.
    LogsIn,
    /// The session logs in with the next call.
    LogsInNext,
    /// The refresh token is spent: a user must log in.
    Ends,
    /// The refresh token may be spent: a user must log in.
    Lost,
    /// Like `Lost`, but reported from the next call on.
    LostNext,
    /// A user must log in after three refusals in a row; the refresh token is tried once an hour.
    GivenUp,
    /// A user must log in at once; the refresh token is tried once an hour.
    AsksPerson,
}

/// Expected figures; the ranges count requests.
struct Figures {
    /// Result of the first call, if it is not the server's refusal.
    first: Option<&'static str>,
    /// Result of a call a day later.
    then: &'static str,
    half_hour: RangeInclusive<usize>,
    hour: RangeInclusive<usize>,
    day: RangeInclusive<usize>,
    week: RangeInclusive<usize>,
    /// Seconds until a call returns a token, if the server recovers after one refusal; `None` for never.
    soon: Option<u64>,
    /// Seconds until a call returns a token, if the server recovers after a day; `None` for never.
    late: Option<u64>,
    /// `true` if other credentials, or a new code, are tried at once; `None` if this depends on chance.
    other: Option<bool>,
}

/// A wait that ends between two calls, a minute apart.
const fn next(seconds: u64) -> Option<u64> {
    Some(seconds + 60)
}

impl Follows {
    #[rustfmt::skip]
    fn figures(self) -> Figures {
        let figures = |first, then, [half_hour, hour, day, week]: [RangeInclusive<usize>; 4]| {
            move |soon, late, other| Figures { first, then, half_hour, hour, day, week, soon, late, other }
        };
        let refused = Some("RefreshTokenRefused");
        let (yes, no) = (Some(true), Some(false));
        match self {
            //                               the first call             a day later             half an hour, an hour, a day, a week          fixed after one, after a day, others
            Self::Rests =>           figures(None,                       "BackOff",           [6..=8,   7..=9,   28..=40,     180..=230])(next(0),        next(HOUR),             yes),
            Self::Doubted =>         figures(None,                       "BackOff",           [3..=3,   4..=4,   9..=10,      40..=50])(next(0),          next(DAY / 5),          yes),
            Self::DoubtedAfter(s) => figures(None,                       "BackOff",           [1..=3,   1..=4,   3..=10,      16..=50])(next(s),          next(s.max(DAY / 5)),   yes),
            Self::Wrong =>           figures(None, "CredentialsRefused",  [1..=1,   1..=1,   1..=1,       6..=7])(next(DAY * 11 / 10), next(DAY * 11 / 10),   yes),
            Self::Later =>           figures(None,                       "",                    [30..=60, 60..=100, 1440..=1900, 0..=usize::MAX])(next(0),   next(60),               None),
            Self::Throttled =>       figures(None,                       "BackOff",           [10..=12, 11..=14, 40..=60,     300..=400])(next(0),        next(35 * 60),          no),
            Self::Held =>            figures(None,                       "BackOff",           [8..=12,  10..=14, 40..=60,     300..=400])(next(0),        next(35 * 60),          yes),
            Self::Waits(s) =>        figures(None,                       "BackOff",           most_after(s))(next(s),                                     next(s.max(35 * 60)),   no),
            Self::Every(s) =>        figures(None,                       "",                    most_after(s))(next(s),                                     next(s),                None),
            Self::HeldFor(s) =>      figures(None,                       "BackOff",           most_after(s))(next(s),                                     next(s.max(35 * 60)),   yes),
            Self::LogsIn =>          figures(Some("a token"),            "a token",             [1..=1,   1..=1,   8..=30,      50..=210])(next(0),         Some(0),                yes),
            Self::LogsInNext =>      figures(None,                       "a token",             [1..=1,   1..=1,   8..=30,      50..=210])(next(0),         Some(0),                yes),
            Self::Ends =>            figures(refused,                    "RefreshTokenRefused", [1..=1,   1..=1,   1..=1,       1..=1])(None,               None,                   no),
            Self::Lost =>            figures(Some("RefreshTokenUncertain"), "RefreshTokenUncertain", [1..=1, 1..=1, 1..=1,      1..=1])(None,               None,                   no),
            Self::LostNext =>        figures(None,                       "RefreshTokenUncertain", [1..=1, 1..=1,   1..=1,       1..=1])(None,               None,                   no),
            Self::GivenUp =>         figures(None,                       "RefreshTokenRefused", [3..=3,   3..=3,   22..=30,     140..=210])(next(0),        next(HOUR * 11 / 10),   yes),
            Self::AsksPerson =>      figures(refused,                    "RefreshTokenRefused", [1..=1,   1..=1,   20..=30,     130..=210])(next(HOUR * 11 / 10), next(HOUR * 11 / 10), yes),
        }
    }

    /// Number of days that the test lasts.
    pub(super) fn days(self) -> u64 {
        // Without growth, every day is the same.
        if matches!(self, Self::Later | Self::Every(_)) {
            1
        } else {
            7
        }
    }

    /// Returns the names of the figures that differ.
    pub(super) fn differs(self, who: Who, said: &str, cost: &Cost) -> Vec<String> {
        let figures = self.figures();
        let mut differs = Vec::new();
        let mut expect = |what: &str, is_so: bool| {
            if !is_so {
                differs.push(what.to_owned());
            }
        };
        let first = variant(cost.first.as_ref());
        expect("the first call", first == figures.first.unwrap_or(said));
        let then = variant(cost.then.as_ref());
        // That call may be the next try.
        let has_tried = then == said && figures.then == "BackOff";
        expect(
            "a call a day later",
            has_tried || figures.then.is_empty() || then == figures.then,
        );
        let ranges = [figures.half_hour, figures.hour, figures.day, figures.week];
        let days = cost.days;
        for ((name, range), count) in ["half an hour", "an hour", "a day", "a week"]
            .into_iter()
            .zip(ranges)
            .zip(cost.requests)
        {
            expect(
                name,
                range.contains(&count) || (name == "a week" && days < 7),
            );
        }
        let within = |wait: Option<u64>, most: Option<u64>| match (wait, most) {
            (Some(wait), Some(most)) => wait <= most,
            (None, None) => true,
            _ => false,
        };
        expect(
            "fixed after one refusal",
            within(cost.recovered[0], figures.soon),
        );
        expect("fixed after a day", within(cost.recovered[1], figures.late));
        expect(
            "other credentials",
            figures.other.is_none_or(|is| is == cost.at_once[0]),
        );
        // Without the refresh token, the session has no credentials to log in with.
        let can_log_in = who != Who::Keeper;
        expect("`forget`", cost.at_once[1] == can_log_in);
        let [in_half_an_hour, in_a_day] = cost.most;
        match who {
            Who::Password | Who::Aerion | Who::Ermeo if self.days() > 1 => {
                expect(
                    "no account is locked",
                    in_half_an_hour <= 3 && in_a_day <= 10,
                );
            }
            _ if self.days() > 1 => expect("60 a day", in_a_day <= 60),
            _ => {}
        }
        differs
    }
}

/// As many requests as `Retry-After` allows, at most.
fn most_after(seconds: u64) -> [RangeInclusive<usize>; 4] {
    [HOUR / 2, HOUR, DAY, 7 * DAY].map(|length| {
        let most = usize::try_from(length.div_ceil(seconds.max(1)));
        1..=most.unwrap_or(usize::MAX)
    })
}
