//! A report on the token and its next renewal, in words.

use std::fmt::Write as _;

use crate::clock::Moment;
use crate::clock::UnixTime;
use crate::error::{Error, Sent};
use crate::login::{BackOff, Change, LogIn, Record, Refresh, Scope};

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
        let Some(times) = self.cache.times() else {
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
        } else if self.cache.is_being_renewed() {
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
    let ago = |then: UnixTime| words(now.wall.since(then).as_secs());
    let has_refresh_token = record.refresh.token().is_some();
    let number = record.generation.0;
    lines.push(match &record.access {
        Some(access) if access.is_valid(now) => {
            let age = access.age(now).unwrap_or_default();
            format!(
                "store: token number {number} of {} ago, good for {}",
                ago(access.issued),
                words(access.life.saturating_sub(age))
            )
        }
        Some(access) => format!(
            "store: token number {number} of {} ago, expired",
            ago(access.issued)
        ),
        None if has_refresh_token => "store: a refresh token, no access token yet".to_owned(),
        None => "store: logged out, or never logged in".to_owned(),
    });
    lines.push(match &record.refresh {
        Refresh::Absent => "refresh token: none; renewing means logging in".to_owned(),
        Refresh::Ready(token) if token.is_alive(now) => {
            format!("refresh token: of {} ago, {}", ago(token.issued), sent(record))
        }
        Refresh::Ready(_) => "refresh token: too old to be sent; renewing means logging in".to_owned(),
        Refresh::InFlight { sendings: 0, .. } => {
            "refresh token: the store had lost the record; not sent before it is clear that no other process sends it".to_owned()
        }
        Refresh::InFlight { period, .. } => format!(
            "refresh token: sent, or about to be, since {}; counted as lost in {}",
            ago(period.since),
            words(period.left(now).as_secs())
        ),
        Refresh::Lost { loss, .. } => match &loss.cause {
            Some(cause) => format!("refresh token: lost, {} ({})", loss.reason, chain(cause)),
            None => format!("refresh token: lost, {}", loss.reason),
        },
    });
    if let LogIn::InProgress { period, .. } = record.login {
        lines.push(format!(
            "login: a process has been logging in for {}",
            ago(period.since)
        ));
    }
    for back_off in &record.back_offs {
        lines.push(waiting(back_off, now));
    }
}

/// The words for a refresh token that is not in flight, sent or not.
fn sent(record: &Record) -> &'static str {
    let was_sent = record.back_offs.iter().any(|back_off| {
        let is_about_it =
            back_off.generation == record.generation && !matches!(back_off.scope, Scope::Login(_));
        is_about_it && !matches!(back_off.cause, Error::Network { sent: Sent::No, .. })
    });
    if was_sent {
        "sent, and kept although the server did not accept it"
    } else {
        "not sent yet"
    }
}

/// A line on a failure: how often it happened, and what it holds back for how long.
fn waiting(back_off: &BackOff, now: Moment) -> String {
    let what = match back_off.scope {
        Scope::Everyone => "failed",
        Scope::Refresh(_) => "refresh with these settings refused",
        Scope::Login(_) => "login with these credentials refused",
    };
    let left = back_off.period.left(now);
    let when = match (left.is_zero(), back_off.scope) {
        (true, _) => "may be tried again now".to_owned(),
        (false, Scope::Everyone) => format!("backing off for {}", words(left.as_secs())),
        (false, _) => format!(
            "backing off for {}; other settings are tried at once, and so are these after `Session::forget`",
            words(left.as_secs())
        ),
    };
    format!(
        "{what}: {} in a row, {when}; the last one: {}",
        back_off.times,
        chain(&back_off.cause)
    )
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
