//! What is known of one login, and how it may change.
//!
//! A refresh token that works once is spent by sending it, whatever comes back. So the record notes
//! *before* a sending that it may happen, and a token that may have been sent is never sent again
//! unless the vendor documents that this is harmless. Nothing here reads a clock, takes a lock or
//! opens a socket: a session applies these changes to a record in memory; applied to a record that
//! is shared, by compare-and-swap, they keep their meaning.

use std::time::Duration;

use crate::backoff;
use crate::clock::Moment;
use crate::error::{Error, ErrorCode, Reason, Refusal, Sent};
use crate::grant::Replay;
use crate::secret::Secret;

/// What is known of one login.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// Counts the tokens that were accepted, and the logouts: no two tokens share a number, and an
    /// answer from before a logout has one that is no longer next.
    generation: u64,
    refresh_token: Option<RefreshToken>,
    /// How often this refresh token may have been sent.
    sendings: u8,
    /// What the last refresh token died of, until a login succeeds.
    lost: Option<(Reason, Error)>,
    failures: u32,
    not_before: Option<NotBefore>,
    /// Set when only a person can help.
    dead: Option<Error>,
}

#[derive(Debug)]
struct RefreshToken {
    secret: Secret,
    issued: Moment,
    life: Option<Duration>,
}

#[derive(Debug)]
struct NotBefore {
    since: Moment,
    wait: Duration,
    cause: Error,
}

/// What to do for a new token.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Send this refresh token; the right to do so is used up.
    Refresh(Secret),
    /// Log in.
    LogIn,
}

/// What to do after a failure.
#[derive(Debug)]
pub(crate) enum Next {
    /// Something else can be tried at once.
    Now,
    /// The same or something else may be tried after a wait.
    After(Duration),
    /// Nothing more can be done now.
    Stop,
}

/// What a failed refresh says of the refresh token.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Kept,
    Uncertain,
    Refused,
}

impl Record {
    /// A record that begins with a refresh token from elsewhere.
    pub(crate) fn seeded(refresh_token: Option<Secret>, now: Moment) -> Self {
        let mut record = Self::default();
        record.keep(refresh_token, None, now);
        record
    }

    /// Logs out: nothing is left but the count.
    pub(crate) fn forget(&mut self) {
        *self = Self {
            generation: self.next_generation(),
            ..Self::default()
        };
    }

    /// The refresh token, unless it may have been sent.
    pub(crate) fn refresh_token(&self) -> Option<&Secret> {
        let unsent = self.refresh_token.as_ref().filter(|_| self.sendings == 0);
        unsent.map(|token| &token.secret)
    }

    /// Why only a person can help, if that is so.
    pub(crate) fn dead(&self) -> Option<&Error> {
        self.dead.as_ref()
    }

    /// How long renewal rests, measured from now; without end where only a person can help.
    pub(crate) fn rest(&self, now: Moment) -> Duration {
        if self.dead.is_some() {
            return Duration::MAX;
        }
        self.not_before
            .as_ref()
            .map(|rest| rest.left(now))
            .unwrap_or_default()
    }

    /// Chooses the next step and notes it; for a refresh this must be known before anything is sent.
    pub(crate) fn begin(&mut self, now: Moment, replay: Replay) -> Result<Step, Error> {
        if let Some(error) = &self.dead {
            return Err(error.clone());
        }
        if let Some(rest) = &self.not_before {
            let wait = rest.left(now);
            if !wait.is_zero() {
                return Err(Error::NotBefore {
                    wait,
                    cause: Box::new(rest.cause.clone()),
                });
            }
        }
        let sendings = if replay == Replay::Once { 2 } else { 1 };
        match &self.refresh_token {
            Some(token) if token.is_alive(now) && self.sendings < sendings => {
                self.sendings += 1;
                Ok(Step::Refresh(token.secret.clone()))
            }
            _ => Ok(Step::LogIn),
        }
    }

    /// The number of the next token that is accepted.
    pub(crate) fn next_generation(&self) -> u64 {
        self.generation + 1
    }

    /// A token was accepted; answers whether a refresh token was replaced.
    pub(crate) fn commit(
        &mut self,
        step: &Step,
        refresh_token: Option<Secret>,
        life: Option<Duration>,
        now: Moment,
    ) -> bool {
        let rotated = refresh_token.is_some() && matches!(step, Step::Refresh(_));
        if matches!(step, Step::LogIn) {
            self.refresh_token = None;
        }
        self.keep(refresh_token, life, now);
        // An answer without a new one means that the old one goes on (RFC 6749 §6).
        self.sendings = 0;
        self.generation = self.next_generation();
        (self.failures, self.not_before, self.lost, self.dead) = (0, None, None, None);
        rotated
    }

    /// A step failed; answers what the caller is told, and what may be tried next.
    pub(crate) fn fail(&mut self, step: &Step, mut error: Error, now: Moment) -> (Error, Next) {
        if matches!(error, Error::Configuration(_)) {
            // Nothing was sent, and nothing will be before somebody changes a setting.
            if matches!(step, Step::Refresh(_)) {
                self.sendings = self.sendings.saturating_sub(1);
            }
            return (error, Next::Stop);
        }
        let successor = error.successor();
        if let Some(refresh_token) = successor {
            self.keep(Some(refresh_token), None, now);
            self.sendings = 0;
        }
        match step {
            Step::Refresh(_) => self.fail_refresh(error, now),
            Step::LogIn => self.fail_log_in(error, now),
        }
    }

    fn fail_refresh(&mut self, error: Error, now: Moment) -> (Error, Next) {
        match fate(&error) {
            Fate::Refused => {
                self.refresh_token = None;
                self.lost = Some((Reason::RefreshTokenRefused, error.clone()));
                (error, Next::Now)
            }
            Fate::Uncertain => {
                // Unless a successor was saved, only a login leads on; `begin` sees to that.
                if self.sendings > 0 {
                    self.lost = Some((Reason::RefreshTokenUncertain, error.clone()));
                }
                self.rest_after(error, now)
            }
            Fate::Kept => {
                self.sendings = self.sendings.saturating_sub(1);
                self.rest_after(error, now)
            }
        }
    }

    fn fail_log_in(&mut self, error: Error, now: Moment) -> (Error, Next) {
        let lost = self.lost.take();
        let error = match (error, lost) {
            // There was nothing to log in with: what matters is how the refresh token was lost.
            (
                Error::ReauthenticationRequired {
                    reason: Reason::NoCredentials,
                    ..
                },
                Some((reason, cause)),
            ) => Error::ReauthenticationRequired {
                reason,
                cause: Some(Box::new(cause)),
            },
            (error @ Error::ReauthenticationRequired { .. }, _) => error,
            (error @ Error::Refused(_), _) if !error.is_transient() => {
                self.dead = Some(Error::ReauthenticationRequired {
                    reason: Reason::CredentialsRefused,
                    cause: Some(Box::new(error.clone())),
                });
                return (error, Next::Stop);
            }
            (error, lost) => {
                self.lost = lost;
                return self.rest_after(error, now);
            }
        };
        self.dead = Some(error.clone());
        (error, Next::Stop)
    }

    fn rest_after(&mut self, error: Error, now: Moment) -> (Error, Next) {
        let wait = backoff::wait(&error, self.failures);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(NotBefore {
            since: now,
            wait,
            cause: error.clone(),
        });
        // An answer that makes no sense now will make none in a second.
        let next = if matches!(error, Error::Answer(_)) {
            Next::Stop
        } else {
            Next::After(wait)
        };
        (error, next)
    }

    fn keep(&mut self, refresh_token: Option<Secret>, life: Option<Duration>, now: Moment) {
        if let Some(secret) = refresh_token.filter(|secret| !secret.is_empty()) {
            self.refresh_token = Some(RefreshToken {
                secret,
                issued: now,
                life,
            });
        }
    }
}

impl RefreshToken {
    fn is_alive(&self, now: Moment) -> bool {
        self.life.is_none_or(|life| now.since(self.issued) < life)
    }
}

impl NotBefore {
    fn left(&self, now: Moment) -> Duration {
        self.wait.saturating_sub(now.since(self.since))
    }
}

/// Whether a refresh token can still be sent after this failure.
fn fate(error: &Error) -> Fate {
    match error {
        Error::Refused(refusal) => fate_of_refused(refusal),
        Error::Network { sent: Sent::No, .. } | Error::Configuration(_) => Fate::Kept,
        Error::Status {
            status,
            retry_after,
        } => fate_by_status(*status, retry_after.is_some()),
        _ => Fate::Uncertain,
    }
}

fn fate_of_refused(refusal: &Refusal) -> Fate {
    match (&refusal.code, refusal.status) {
        (ErrorCode::InvalidGrant, _) => Fate::Refused,
        (_, Some(status)) => fate_by_status(status, refusal.retry_after.is_some()),
        (_, None) => Fate::Kept,
    }
}

/// A server that failed, or something before it, may have spent the token; one that says when to
/// come back has not, and neither has one that says what is wrong with the request.
fn fate_by_status(status: u16, retry_after: bool) -> Fate {
    match status {
        503 if retry_after => Fate::Kept,
        500.. => Fate::Uncertain,
        _ => Fate::Kept,
    }
}
