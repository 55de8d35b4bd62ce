//! What a record allows next.

use crate::clock::Moment;
use crate::error::{Error, Reason};
use crate::grant::Replay;
use crate::secret::Secret;

use super::{InFlight, Period, Record, RefreshToken};

/// What a record allows next.
#[derive(Clone, Debug)]
pub(super) enum Allowed {
    /// Send the refresh token for the first time, or once more.
    Refresh(Secret),
    LogIn,
    /// Somebody is at it.
    Wait {
        attempt: u128,
        period: Period,
    },
    /// Nobody may do anything.
    Nothing(Error),
}

/// What the decision depends on besides the record.
pub(super) trait Circumstances {
    /// Whether what somebody set out to do in this period has ended.
    fn is_over(&self, attempt: u128, period: Period) -> bool;
    fn now(&self) -> Moment;
}

impl Record {
    /// What may be done for a new token.
    pub(super) fn allows(
        &self,
        replay: Replay,
        credentials: u64,
        circumstances: &impl Circumstances,
    ) -> Allowed {
        if let Some(rest) = &self.rest {
            let wait = rest.period.left(circumstances.now());
            if !circumstances.is_over(NOBODY, rest.period) {
                return Allowed::Nothing(Error::NotBefore {
                    wait,
                    cause: Box::new(rest.cause.clone()),
                });
            }
        }
        if let Some(recovery) = &self.recovery
            && !circumstances.is_over(recovery.attempt, recovery.period)
        {
            return Allowed::Wait {
                attempt: recovery.attempt,
                period: recovery.period,
            };
        }
        if let Some(flight) = &self.in_flight
            && flight.lost.is_none()
            && !circumstances.is_over(flight.attempt, flight.period)
        {
            return Allowed::Wait {
                attempt: flight.attempt,
                period: flight.period,
            };
        }
        let sendable = self
            .in_flight
            .as_ref()
            .is_none_or(|flight| flight.may_be_sent_again(replay));
        // A login that was given up while somebody was at it goes on if nothing was sent after all.
        let is_given_up = self.dead.is_some() && self.in_flight.is_some();
        let alive = |token: &&RefreshToken| token.is_alive(circumstances.now());
        if let Some(token) = self.refresh_token().filter(alive)
            && sendable
            && !is_given_up
        {
            return Allowed::Refresh(token.secret.clone());
        }
        let dead = self.dead.as_ref();
        match dead.filter(|dead| dead.credentials == credentials) {
            Some(dead) => Allowed::Nothing(dead.error.clone()),
            None => Allowed::LogIn,
        }
    }

    /// What a login that is not possible means, given how the refresh token was lost.
    pub(super) fn nothing_to_log_in_with(&self, error: Error) -> Error {
        let Some(flight) = &self.in_flight else {
            return error;
        };
        let (reason, cause) = match &flight.lost {
            Some(lost) => (lost.reason, Some(Box::new(lost.cause.clone()))),
            // Whoever sent it has not been heard of again.
            None => (Reason::RefreshTokenUncertain, None),
        };
        Error::ReauthenticationRequired { reason, cause }
    }
}

impl InFlight {
    fn may_be_sent_again(&self, replay: Replay) -> bool {
        let refused = self
            .lost
            .as_ref()
            .is_some_and(|lost| lost.reason == Reason::RefreshTokenRefused);
        let most = if replay == Replay::Once { 2 } else { 1 };
        self.sendings < most && !refused
    }
}

/// Rests are nobody's attempt.
pub(super) const NOBODY: u128 = 0;
