//! The pace of requests for the token, and the meaning of their responses (RFC 8628 §3.5).

use std::time::Duration;

use auth_core::error::{ErrorCode, LoginReason, Refusal, Remedy};
use auth_core::{Error, Result};

/// Pace of requests.
pub(super) struct Pace {
    interval: Duration,
    failures: u32,
    /// The wait that the last response requested.
    retry_after: Duration,
    /// The last failure, if no response arrived since.
    pub(super) failure: Option<Error>,
}

/// Reason why there is no token yet, or never.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    Pending,
    SlowDown,
    Expired,
    Declined,
    /// A failure, or a limit of the rate.
    Later,
    /// The server refuses this code, or something else is wrong.
    Final,
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            interval,
            failures: 0,
            retry_after: Duration::ZERO,
            failure: None,
        }
    }

    /// The wait before the next request: twice as long after every failure in a row.
    pub(super) fn wait(&self) -> Duration {
        let longest = self.interval.max(LONGEST_BACKOFF);
        let backed_off = self.interval.saturating_mul(1 << self.failures.min(16));
        backed_off.min(longest).max(self.retry_after)
    }

    /// Takes in why there is no token yet; returns the error if there will never be one.
    pub(super) fn slow_down_for(&mut self, error: Error) -> Result<()> {
        self.retry_after = error.retry_after().unwrap_or_default();
        match Meaning::of(&error) {
            Meaning::Pending => self.responded(),
            Meaning::SlowDown => {
                self.interval += SLOW_DOWN;
                self.responded();
            }
            Meaning::Later => {
                self.failures += 1;
                self.failure = Some(error);
            }
            Meaning::Expired => return Err(timed_out(Some(error))),
            Meaning::Declined => return Err(declined(error)),
            Meaning::Final => return Err(error),
        }
        Ok(())
    }

    /// Takes in that the user is not done, without an error.
    pub(super) fn not_yet(&mut self) {
        self.retry_after = Duration::ZERO;
        self.responded();
    }

    fn responded(&mut self) {
        self.failures = 0;
        self.failure = None;
    }
}

impl Meaning {
    /// By the code, then by the status, then by the words: a server that limits the rate may send any words.
    fn of(error: &Error) -> Self {
        let (code, status) = match error {
            Error::Refused(refusal) => (refusal.code.to_string(), refusal.status),
            Error::Status { status, .. } => (String::new(), Some(*status)),
            // A response that makes no sense may have been the token, and there is no second one.
            Error::Network { .. } => return Self::Later,
            _ => return Self::Final,
        };
        // Nothing else has this name, whatever the code beside it is.
        let words = said(error);
        if words.contains("authorization_pending") {
            return Self::Pending;
        }
        if code == "slow_down" {
            return Self::SlowDown;
        }
        if error.remedy() == Remedy::Retry || error.retry_after().is_some() {
            return Self::Later;
        }
        match code.as_str() {
            "expired_token" => return Self::Expired,
            "access_denied" => return Self::Declined,
            _ => {}
        }
        match (Self::of_words(error), status) {
            (Some(meaning), _) => meaning,
            // "Precondition Required": Google's, before the user is done.
            (None, Some(428)) => Self::Pending,
            (None, _) => Self::Final,
        }
    }

    /// The meaning of words in another member or in another spelling, such as `AuthorizationPendingException`.
    fn of_words(error: &Error) -> Option<Self> {
        let is_clear =
            |code: &ErrorCode| !matches!(code, ErrorCode::Other(_) | ErrorCode::InvalidRequest);
        if error
            .refusal()
            .is_some_and(|refusal| is_clear(&refusal.code))
        {
            return None;
        }
        let mut letters = said(error);
        letters.retain(|letter| letter.is_ascii_alphabetic());
        letters.make_ascii_lowercase();
        let found = WORDS.iter().find(|(word, _)| letters.contains(word));
        found.map(|(_, meaning)| *meaning)
    }
}

/// The words of the server.
fn said(error: &Error) -> String {
    match error {
        Error::Refused(refusal) => refusal.to_string(),
        Error::Status { message, .. } => message.as_deref().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

/// The error after the user declined: a refusal, whichever member of the response held it.
fn declined(error: Error) -> Error {
    let (code, status) = match &error {
        Error::Refused(refusal) => (Some(&refusal.code), refusal.status),
        Error::Status { status, .. } => (None, Some(*status)),
        _ => (None, None),
    };
    if code == Some(&ErrorCode::AccessDenied) {
        return error;
    }
    let mut refusal = Refusal::new("access_denied", Some(&said(&error)));
    refusal.status = status;
    refusal.into()
}

pub(super) fn timed_out(cause: Option<Error>) -> Error {
    let error = Error::login_required(LoginReason::TimedOut);
    match cause {
        Some(cause) => error.caused_by(cause),
        None => error,
    }
}

/// RFC 8628 §3.5: for this and all further requests.
const SLOW_DOWN: Duration = Duration::from_secs(5);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// Letters alone and small; the first that is found counts.
const WORDS: [(&str, Meaning); 9] = [
    ("slowdown", Meaning::SlowDown),
    ("pending", Meaning::Pending),
    ("expiredtoken", Meaning::Expired),
    ("codeexpired", Meaning::Expired),
    ("tokenexpired", Meaning::Expired),
    ("accessdenied", Meaning::Declined),
    ("declined", Meaning::Declined),
    ("toomany", Meaning::Later),
    ("ratelimit", Meaning::Later),
];
