//! Meaning of a failure: for the refresh token, for the credentials, and how long to back off.
//!
//! Servers refuse in many dialects, and this is the one place where a refusal is judged. It is read in
//! this order:
//!
//! 1. **The status.** 408, 425, 429, 5xx, and any refusal with `Retry-After`: later, whatever the body.
//!    404, 405, 410, 415, 421, 422 and redirects: the URL or the encoding is wrong, or a deployment
//!    is under way.
//! 2. **The code.** Only a code of an RFC has that RFC's meaning; a framework's `Not Found` or a
//!    vendor's `E_FORBIDDEN` is shown to users, and nothing is concluded from it.
//! 3. **The request.** The same code means something else to a login and to a refresh.
//!
//! | to a login | what follows |
//! |---|---|
//! | a client for itself, any refusal | 30 s, growing to an hour: no account can be locked |
//! | a user's password, `invalid_grant` | one more try a day |
//! | a user's password, any other refusal, a throttle as well | at most 3 tries in 30 minutes and 10 a day |
//! | a code, any refusal | the code is spent: the user has to log in again |
//!
//! | to a refresh | what follows |
//! |---|---|
//! | `invalid_grant`, and codes that name the refresh token | the token is spent: log in |
//! | a code about the client or a setting; a wrong URL or encoding | the token is kept; 30 s, growing to an hour |
//! | a code that requires the user (OpenID Connect) | as the next row, and the user is required at once |
//! | any other refusal | the token is kept, and the session logs in if it can; if it cannot, the third in a row requires the user, and the token is tried once an hour |
//!
//! "Later" is a second, growing to a minute where the server failed and to half an hour where it throttles,
//! and never less than `Retry-After`. A failure and a throttle hold back every process that shares the
//! login, because the record keeps them; a refusal holds back only sessions that would send exactly the
//! refused request.

use std::time::Duration;

use crate::clock::Moment;
use crate::error::{Delivery, Error, Refusal};
use crate::grant::LoginKind;

use super::record::{BackOff, IN_A_ROW, Period, Record, Scope, Verdict};
use super::step::Sends;

/// State of the refresh token after a failed refresh.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fate {
    /// The server did not use it up.
    Kept,
    /// The server may have used it up.
    Uncertain,
    /// The server does not accept it any more.
    Spent,
}

/// The state of the refresh token after a failed refresh, and the back-off that follows.
pub(super) fn of_refresh(
    error: &Error,
    sends: &Sends,
    base: &Record,
    now: Moment,
) -> (Fate, Option<BackOff>) {
    let (fate, verdict) = match error {
        Error::Configuration { .. } | Error::LoginRequired { .. } => {
            return (Fate::Kept, None);
        }
        Error::Network {
            delivery: Delivery::NotSent,
            ..
        } => (Fate::Kept, Verdict::Later),
        Error::Response(_) => (Fate::Uncertain, Verdict::Unusable),
        Error::Refused(refusal) => refused_refresh(refusal),
        Error::Status { .. } => match later(error) {
            Some(verdict) => (fate_by_status(error), verdict),
            None if is_of_url(error) => (Fate::Kept, Verdict::Setting),
            None => (Fate::Kept, Verdict::Unclear),
        },
        Error::Network { .. } | Error::Store { .. } | Error::BackOff { .. } => {
            (Fate::Uncertain, Verdict::Later)
        }
    };
    if fate == Fate::Spent {
        return (fate, None);
    }
    let scope = sends.refresh.as_ref().map(|print| Scope::Refresh(*print));
    (fate, Some(back_off(error, verdict, scope.ok(), base, now)))
}

/// The back-off after a failed login; none where it makes no difference.
pub(super) fn of_login(
    error: &Error,
    sends: &Sends,
    base: &Record,
    now: Moment,
) -> Option<BackOff> {
    let verdict = match error {
        Error::Configuration { .. } | Error::LoginRequired { .. } => return None,
        Error::Response(_) if sends.who == LoginKind::Password => Verdict::Doubted,
        Error::Response(_) => Verdict::Unusable,
        Error::Refused(_) | Error::Status { .. } => match (later(error), sends.who) {
            // A throttle may be the answer to wrong passwords, and a server may fail over one.
            (Some(verdict), LoginKind::Password)
                if verdict == Verdict::Throttled || is_of_password(error, sends) =>
            {
                Verdict::Doubted
            }
            (Some(verdict), _) => verdict,
            (None, LoginKind::Client | LoginKind::Interactive) => Verdict::Setting,
            (None, LoginKind::Password) if is_of_password(error, sends) => Verdict::Wrong,
            (None, LoginKind::Password) => Verdict::Doubted,
        },
        Error::Network { .. } | Error::Store { .. } | Error::BackOff { .. } => Verdict::Later,
    };
    let scope = sends.login.as_ref().map(|print| Scope::Login(*print));
    Some(back_off(error, verdict, scope.ok(), base, now))
}

/// Returns `true` for a login that is refused for the user's name or password.
pub(super) fn is_of_password(error: &Error, sends: &Sends) -> bool {
    sends.who == LoginKind::Password && is(error, &["invalid_grant"])
}

fn refused_refresh(refusal: &Refusal) -> (Fate, Verdict) {
    let error = &Error::from(refusal.clone());
    if let Some(verdict) = later(error) {
        return (fate_by_status(error), verdict);
    }
    if is_of_url(error) || is(error, OF_SETTINGS) {
        return (Fate::Kept, Verdict::Setting);
    }
    if is(error, OF_REFRESH_TOKEN) && !mutant!(SpentKept) {
        // The session logs in without a wait.
        return (Fate::Spent, Verdict::Later);
    }
    if mutant!(DroppedWhenUnclear) {
        return (Fate::Spent, Verdict::Unclear);
    }
    (Fate::Kept, Verdict::Unclear)
}

/// The verdict if the server failed or is throttling.
fn later(error: &Error) -> Option<Verdict> {
    let (status, retry_after) = answered(error);
    match status {
        Some(408 | 425 | 500..) => Some(Verdict::Later),
        Some(429) => Some(Verdict::Throttled),
        _ => (retry_after.is_some() || is(error, OF_SERVERS)).then_some(Verdict::Throttled),
    }
}

/// State of the refresh token after a response that means "later".
///
/// A server that failed, or a gateway before it, may have used it up. A 503 with `Retry-After` (RFC 9110
/// §15.6.4), a 425 (RFC 8470 §5.2) and a 511 of a network that requires a login (RFC 6585 §6) have not.
fn fate_by_status(error: &Error) -> Fate {
    match answered(error) {
        (Some(503), Some(_)) | (Some(511), _) => Fate::Kept,
        (Some(408 | 500..), _) => Fate::Uncertain,
        _ => Fate::Kept,
    }
}

/// Returns `true` if the status means that the URL or the encoding is wrong; the body does not count.
fn is_of_url(error: &Error) -> bool {
    let (status, _) = answered(error);
    matches!(status, Some(300..=399 | 404 | 405 | 410 | 415 | 421 | 422))
}

/// Returns `true` if the failure does not depend on the request, so that it holds for all sessions that
/// share the login.
fn is_of_server(error: &Error) -> bool {
    let is_answer = matches!(error, Error::Refused(_) | Error::Status { .. });
    let (status, _) = answered(error);
    !is_answer || matches!(status, Some(408 | 425 | 429 | 500..)) || is(error, OF_SERVERS)
}

/// Status of a response, and the wait in its `Retry-After`.
fn answered(error: &Error) -> (Option<u16>, Option<Duration>) {
    match error {
        Error::Refused(refusal) => (refusal.status, refusal.retry_after),
        Error::Status {
            status,
            retry_after,
            ..
        } => (Some(*status), *retry_after),
        _ => (None, None),
    }
}

fn is(error: &Error, codes: &[&str]) -> bool {
    let Error::Refused(refusal) = error else {
        return false;
    };
    let code = refusal.code.to_string();
    codes.iter().any(|known| code.eq_ignore_ascii_case(known))
}

fn back_off(
    error: &Error,
    verdict: Verdict,
    own: Option<Scope>,
    base: &Record,
    now: Moment,
) -> BackOff {
    let is_for_all = matches!(verdict, Verdict::Later | Verdict::Throttled) && is_of_server(error);
    let scope = own
        .filter(|_| !is_for_all && !mutant!(RefusalStopsOthers))
        .unwrap_or(Scope::Everyone);
    let before = base.back_off(scope).map_or(0, |before| before.times);
    let mut times = before.saturating_add(1);
    if verdict == Verdict::Unclear && is(error, OF_PERSONS) {
        // The code requires the user: no further refusal is needed to conclude it.
        times = times.max(IN_A_ROW);
    }
    let asked = error.retry_after();
    let wait = match verdict {
        Verdict::Later => LATER.wait(times),
        Verdict::Throttled => THROTTLED.wait(times),
        Verdict::Unusable | Verdict::Setting => LASTING.wait(times),
        Verdict::Unclear => at(UNCLEAR, times),
        // `Retry-After` sets the wait as long as the account is not at risk of being locked.
        Verdict::Doubted if asked.is_some() && times < TRIES_AT_ONCE => LATER.wait(times),
        Verdict::Doubted => at(PASSWORD, times),
        Verdict::Wrong if mutant!(WrongPasswordTriedOn) => LATER.wait(times),
        Verdict::Wrong => at(WRONG_PASSWORD, times),
    };
    let wait = wait.max(asked.unwrap_or_default());
    BackOff {
        scope,
        verdict,
        times,
        generation: base.generation,
        period: Period::new(now, wait),
        cause: error.clone(),
    }
}

/// Codes that name the refresh token: RFC 6749 §5.2, RFC 6750 §3.1, RFC 8628 §3.5, and vendors' synonyms.
const OF_REFRESH_TOKEN: &[&str] = &[
    "invalid_grant",
    "bad_refresh_token",
    "expired_token",
    "invalid_refresh_token",
    "invalid_token",
];
/// Codes of a setting: RFC 6749 §5.2 (the client, the grant, the scope), RFC 7591 §3.2.2, RFC 8707 §2,
/// RFC 9449 §5 and §8. None of them judges the refresh token.
const OF_SETTINGS: &[&str] = &[
    "invalid_client",
    "invalid_client_metadata",
    "invalid_dpop_proof",
    "invalid_scope",
    "invalid_target",
    "unauthorized_client",
    "unsupported_grant_type",
    "use_dpop_nonce",
];
/// Codes of OpenID Connect (Core §3.1.2.6) that require the user to act; Entra refuses a refresh with them.
const OF_PERSONS: &[&str] = &[
    "account_selection_required",
    "consent_required",
    "interaction_required",
    "login_required",
];
/// Codes of a server that failed or is too busy (RFC 6749 §4.1.2.1, RFC 8628 §3.5).
const OF_SERVERS: &[&str] = &["server_error", "slow_down", "temporarily_unavailable"];

/// A wait that doubles with each failure in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growing {
    shortest: Duration,
    longest: Duration,
    /// The share of a wait that is left to chance, so that a fleet does not come back at once.
    jitter: f64,
}

impl Growing {
    /// How long to wait after that many failures in a row.
    pub(super) fn wait(self, times: u32) -> Duration {
        let doublings = times.saturating_sub(1).min(16);
        let ceiling = self
            .shortest
            .saturating_mul(1 << doublings)
            .min(self.longest);
        let left_to_chance = ceiling.mul_f64(self.jitter * fastrand::f64());
        (ceiling - left_to_chance).max(self.shortest)
    }
}

/// How long to wait after that many failures in a row, by a list whose last wait repeats; up to a tenth
/// or ten minutes longer, so that a fleet does not come back at once.
fn at(waits: &[Duration], times: u32) -> Duration {
    let last = waits.len().saturating_sub(1);
    let wait = waits.get(last.min(times.saturating_sub(1) as usize));
    wait.map_or(Duration::ZERO, |wait| {
        let most = (*wait / 10).min(MOST_JITTER);
        *wait + most.mul_f64(fastrand::f64())
    })
}

const MOST_JITTER: Duration = Duration::from_secs(10 * 60);
/// After a failure that may pass by itself, of the network or of the server.
pub(super) const LATER: Growing = Growing {
    shortest: Duration::from_secs(1),
    longest: Duration::from_secs(60),
    jitter: 1.0,
};
/// After a throttle, unless it names a longer time. At most 60 times a day.
const THROTTLED: Growing = Growing {
    shortest: Duration::from_secs(1),
    longest: Duration::from_secs(35 * 60),
    jitter: 0.15,
};
/// After a failure that an operator probably has to correct: a refused client, a missing page. Some forty
/// times a day.
const LASTING: Growing = Growing {
    shortest: Duration::from_secs(30),
    longest: Duration::from_secs(3600),
    jitter: 0.2,
};
/// After a refresh that was refused in unclear words: some 26 times a day.
const UNCLEAR: &[Duration] = &[
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(3600),
];
/// After a login with a user's password that was refused: 3 tries in any 30 minutes, and 10 a day.
/// Servers commonly lock an account after 5 to 10.
const PASSWORD: &[Duration] = &[
    Duration::from_secs(30),
    Duration::from_secs(90),
    Duration::from_secs(33 * 60),
    Duration::from_secs(90 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(4 * 3600),
];
/// Number of tries of a password that may follow each other as soon as `Retry-After` allows.
const TRIES_AT_ONCE: u32 = 3;
/// After `invalid_grant` for a password. It is tried again because accounts get unlocked.
const WRONG_PASSWORD: &[Duration] = &[Duration::from_secs(24 * 3600 + 60)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        for (growing, shortest, longest) in
            [(LATER, 1, 60), (THROTTLED, 1, 2100), (LASTING, 30, 3600)]
        {
            for times in 1..40 {
                let wait = growing.wait(times).as_secs();
                assert!((shortest..=longest).contains(&wait), "{times}: {wait} s");
            }
        }
        assert!(THROTTLED.wait(20) >= Duration::from_secs(1785));
    }

    /// The tries of one day, refused each time, and the most of them within half an hour.
    fn tries(wait: impl Fn(u32) -> Duration) -> (usize, usize) {
        let mut tries = vec![Duration::ZERO];
        for times in 1.. {
            let next = tries[tries.len() - 1] + wait(times);
            if next >= Duration::from_secs(24 * 3600) {
                break;
            }
            tries.push(next);
        }
        let half_an_hour = Duration::from_secs(30 * 60);
        let within = |begin: &Duration| {
            let window = *begin..*begin + half_an_hour;
            tries.iter().filter(|at| window.contains(*at)).count()
        };
        (
            tries.len(),
            tries.iter().map(within).max().unwrap_or_default(),
        )
    }

    #[test]
    fn tries_a_day_stay_within_their_limits() {
        for _ in 0..100 {
            assert!(tries(|times| LASTING.wait(times)).0 <= 60);
            assert!(tries(|times| THROTTLED.wait(times)).0 <= 60);
            assert!(tries(|times| at(UNCLEAR, times)).0 <= 30);
            let (a_day, in_half_an_hour) = tries(|times| at(PASSWORD, times));
            assert!(a_day <= 10, "{a_day}");
            assert_eq!(in_half_an_hour, 3);
            assert_eq!(tries(|times| at(WRONG_PASSWORD, times)).0, 1);
        }
    }
}
