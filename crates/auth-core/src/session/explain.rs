//! Why a token is or is not renewed, in words.

use std::fmt::Write as _;
use std::time::Duration;

use crate::clock::Moment;
use crate::error::Error;
use crate::rotation::{Change, Record};

use super::{Inner, lock};

impl Inner {
    pub(super) fn explain(&self) -> String {
        let now = self.clock().now();
        let mut lines = vec![format!("login {}", self.identity), self.explain_held(now)];
        let (record, error) = self.look();
        if let Some(error) = error {
            lines.push(format!("store: {error}"));
        }
        let memory = lock(&self.memory);
        match (&record, &memory.newest) {
            (None, None) => lines.push("store: nothing yet".to_owned()),
            (Some(record), _) => explain(record, now, &mut lines),
            (None, Some(newest)) => {
                lines.push("store: nothing; what follows is what this process saw last".to_owned());
                explain(newest, now, &mut lines);
            }
        }
        match memory.owed.as_deref() {
            Some(Change::Seed { .. }) => lines
                .push("begun with: a token from elsewhere, stored with the next call".to_owned()),
            Some(change) if change.holds_a_token() => lines.push(
                "not stored: a token that this process got; it tries again with the next call"
                    .to_owned(),
            ),
            _ => {}
        }
        if self.grant.is_new_login() {
            lines.push(
                "begun with: a new login; the next call gets its token, whatever is stored"
                    .to_owned(),
            );
        }
        lines.join("\n")
    }

    fn explain_held(&self, now: Moment) -> String {
        let Some(times) = self.held.times() else {
            return "held: no token; the next call gets one".to_owned();
        };
        let age = now.since(times.issued).as_secs();
        let mut text = format!("held: a token of {} ago", words(age));
        let _ = if age >= times.life {
            write!(
                text,
                ", expired {} ago; the next call renews it",
                words(age - times.life)
            )
        } else if self.held.is_being_renewed() {
            write!(text, ", being renewed by this process")
        } else if age >= times.fresh_for {
            write!(
                text,
                ", good for {}, due for renewal",
                words(times.life - age)
            )
        } else {
            write!(
                text,
                ", good for {}, due for renewal in {}",
                words(times.life - age),
                words(times.fresh_for - age)
            )
        };
        text
    }
}

fn explain(record: &Record, now: Moment, lines: &mut Vec<String>) {
    let ago = |then: Duration| words(now.wall.saturating_sub(then).as_secs());
    lines.push(match record.access() {
        Some(access) if access.is_valid(now) => format!(
            "store: token number {} of {} ago, good for {}",
            record.generation,
            ago(access.issued),
            words(
                access
                    .life
                    .saturating_sub(access.age(now).unwrap_or_default())
            )
        ),
        Some(access) => format!(
            "store: token number {} of {} ago, expired",
            record.generation,
            ago(access.issued)
        ),
        None if record.login.is_some() => "store: a refresh token, no access token yet".to_owned(),
        None => "store: logged out, or never logged in".to_owned(),
    });
    lines.push(match (record.refresh_token(), &record.in_flight) {
        (None, _) => "refresh token: none; renewing means logging in".to_owned(),
        (Some(token), None) if token.is_alive(now) => {
            format!("refresh token: of {} ago, not sent yet", ago(token.issued))
        }
        (Some(_), None) => "refresh token: too old to be sent; renewing means logging in".to_owned(),
        (Some(_), Some(flight)) => match &flight.lost {
            Some(lost) => format!("refresh token: lost, {} ({})", lost.reason, chain(&lost.cause)),
            None if flight.sendings == 0 => {
                "refresh token: the store had lost the record; not sent before it is clear that nobody else does".to_owned()
            }
            None => format!(
                "refresh token: sent, or about to be, since {}; counted as lost in {}",
                ago(flight.period.since),
                words(flight.period.left(now).as_secs())
            ),
        },
    });
    if let Some(recovery) = &record.recovery {
        lines.push(format!(
            "login: somebody has been logging in for {}",
            ago(recovery.period.since)
        ));
    }
    if let Some(rest) = &record.rest {
        let left = rest.period.left(now);
        let when = match left.is_zero() {
            true => "may be tried again now".to_owned(),
            false => format!("not tried again for {}", words(left.as_secs())),
        };
        lines.push(format!(
            "failures: {} in a row, {when}; the last one: {}",
            record.failures,
            chain(&rest.cause)
        ));
    }
    if let Some(dead) = &record.dead {
        lines.push(format!("dead: {}", chain(&dead.error)));
    }
}

/// An error and what led to it, on one line.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

/// `2 h 5 min`, `40 s`.
fn words(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} days", seconds / 86_400),
    }
}
