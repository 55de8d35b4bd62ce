//! State of a login, for people and health checks.

use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use crate::clock::{Moment, UnixTime};
use crate::error::{Delivery, Error};
use crate::token::Times;

use crate::login::{BackOff, Change, LogIn, Prospects, Record, Refresh, Scope};

use super::{Inner, lock};

/// State of a login, without secrets; see [`Session::status`](super::Session::status).
///
/// `{}` is one line for a log or a status page; `{:#}` has a line for each thing that matters to the next renewal.
///
/// ```
/// let session = auth_core::testing::session("abc");
/// session.token()?;
/// let status = session.status();
/// assert!(status.to_string().starts_with("valid for "));
/// assert!(status.expires_at > status.renewal_due_at);
/// # Ok::<(), auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionStatus {
    /// The access token's expiry; `None` if this session has no access token.
    pub expires_at: Option<SystemTime>,
    /// The time of the next renewal; `None` if this session has no access token.
    pub renewal_due_at: Option<SystemTime>,
    /// The last failure, if no success followed it.
    pub last_error: Option<Error>,
    line: String,
    details: Vec<String>,
}

impl fmt::Display for SessionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)?;
        if f.alternate() {
            for detail in &self.details {
                write!(f, "\n{detail}")?;
            }
        }
        Ok(())
    }
}

impl Inner {
    pub(super) fn status(&self) -> SessionStatus {
        let now = self.clock().now();
        let (record, error) = self.look();
        let mut locked = lock(&self.memory);
        let memory = locked.get_or_insert_default();
        let known = record.as_ref().or(memory.newest.as_ref());
        let failed = known.and_then(|record| {
            let latest = record.back_offs.iter().max_by_key(|it| it.period.since);
            latest.map(|back_off| back_off.cause.clone())
        });
        let times = self.cache.times();
        let logs_in = !matches!(self.grant.login_request(), Err(Error::LoginRequired { .. }));
        let begins = matches!(memory.owed.as_deref(), Some(Change::Seed { .. }));
        let prospects = match known {
            Some(record) => record.prospects(self.rules.replay, logs_in || begins, now),
            None if logs_in || begins => Prospects::Token,
            None => Prospects::Login,
        };
        let mut line = match times {
            Some(times) => with_token(times, prospects, now),
            None => without_token(known, prospects, now),
        };
        if self.cache.is_being_renewed() {
            line += "; this process is renewing it";
        }
        if let Some(failed) = error.as_ref().or(failed.as_ref()) {
            let _ = write!(line, "; last failure: {failed}");
        }
        let mut details = vec![format!("login: {}", self.identity)];
        if let Some(error) = &error {
            details.push(format!("store: {error}"));
        }
        match (&record, &memory.newest) {
            (None, None) => details.push("store: no record".to_owned()),
            (Some(record), _) => explain(record, logs_in, now, &mut details),
            (None, Some(newest)) => {
                details.push(
                    "store: no record; the following is the one that this process read last"
                        .to_owned(),
                );
                explain(newest, logs_in, now, &mut details);
            }
        }
        match memory.owed.as_deref() {
            Some(Change::Seed { is_new: true, .. }) => details.push(
                "not stored: the tokens of a new login; the next call stores them".to_owned(),
            ),
            Some(Change::Seed { .. }) => details.push(
                "started from: a refresh token, for use if the store has no login that is alive"
                    .to_owned(),
            ),
            Some(change) if change.holds_a_token() => details.push(
                "not stored: tokens that this process obtained; the next call tries again"
                    .to_owned(),
            ),
            _ => {}
        }
        let at = |moment: Moment, seconds| {
            Some(SystemTime::from(
                moment.wall.plus(Duration::from_secs(seconds)),
            ))
        };
        SessionStatus {
            expires_at: times.and_then(|times| at(times.issued, times.life)),
            renewal_due_at: times.and_then(|times| at(times.issued, times.fresh_for)),
            last_error: error.or(failed),
            line,
            details,
        }
    }
}

fn with_token(times: Times, prospects: Prospects, now: Moment) -> String {
    let age = now.since(times.issued).as_secs();
    if age >= times.life {
        format!(
            "expired {} ago; {}",
            words(age - times.life),
            next(prospects, "the next call renews it")
        )
    } else if age >= times.fresh_for {
        format!("valid for {}; renewal is due", words(times.life - age))
    } else {
        format!(
            "valid for {}; next renewal in {}",
            words(times.life - age),
            words(times.fresh_for - age)
        )
    }
}

fn without_token(record: Option<&Record>, prospects: Prospects, now: Moment) -> String {
    match record.and_then(|record| record.access.as_ref()) {
        Some(access) if access.is_valid(now) => {
            "not read yet; the store has a valid token".to_owned()
        }
        _ => format!("no token; {}", next(prospects, "the next call gets one")),
    }
}

/// The effect of the next call.
fn next(prospects: Prospects, renewal: &str) -> String {
    match prospects {
        Prospects::Token => renewal.to_owned(),
        Prospects::BackOff(wait) => format!("backing off for {}", words(wait.as_secs().max(1))),
        Prospects::Login => "login required".to_owned(),
    }
}

fn explain(record: &Record, logs_in: bool, now: Moment, lines: &mut Vec<String>) {
    let without = match logs_in {
        true => "the next renewal logs in",
        false => "login required",
    };
    let ago = |then: UnixTime| words(now.wall.since(then).as_secs());
    let number = record.generation.0;
    lines.push(match &record.access {
        Some(access) if access.is_valid(now) => {
            let age = access.age(now).unwrap_or_default();
            format!(
                "store: token {number} of {} ago, valid for {}",
                ago(access.issued),
                words(access.life.saturating_sub(age))
            )
        }
        Some(access) => format!(
            "store: token {number} of {} ago, expired",
            ago(access.issued)
        ),
        None if record.refresh.token().is_some() => {
            "store: a refresh token, no access token yet".to_owned()
        }
        None => "store: logged out, or never logged in".to_owned(),
    });
    lines.push(match &record.refresh {
        Refresh::Absent => format!("refresh token: none; {without}"),
        Refresh::Ready(token) if token.is_alive(now) => {
            format!("refresh token: of {} ago, {}", ago(token.issued), sent(record))
        }
        Refresh::Ready(_) => format!("refresh token: expired; {without}"),
        Refresh::InFlight { sendings: 0, .. } => {
            "refresh token: the store had lost the record; not sent while another process may be sending it"
                .to_owned()
        }
        Refresh::InFlight { period, .. } => format!(
            "refresh token: being sent for {}; counts as lost in {}",
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

/// Describes the use of a refresh token that is not being sent.
fn sent(record: &Record) -> &'static str {
    let was_sent = record.back_offs.iter().any(|back_off| {
        let is_about_it =
            back_off.generation == record.generation && !matches!(back_off.scope, Scope::Login(_));
        is_about_it
            && !matches!(
                back_off.cause,
                Error::Network {
                    delivery: Delivery::NotSent,
                    ..
                }
            )
    });
    if was_sent {
        "sent, and kept although the server did not accept it"
    } else {
        "not sent yet"
    }
}

/// Describes a back-off: what failed, how often, and for how long it holds back requests.
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

/// An error and its causes, on one line.
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
