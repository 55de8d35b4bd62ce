//! What a record allows next.

use crate::clock::Moment;
use crate::error::{Error, Reason};
use crate::grant::Replay;
use crate::secret::Secret;

use super::{BackOff, InFlight, Period, Record, RefreshToken, Scope, Sends, Verdict};

/// What a record allows next.
#[derive(Clone, Debug)]
pub(super) enum Allowed {
    /// Send the refresh token for the first time, or once more.
    Refresh(Secret),
    LogIn,
    /// Another attempt is in progress.
    Wait {
        attempt: u128,
        period: Period,
    },
    /// No request is allowed yet, or none is possible.
    Nothing(Error),
}

/// What the decision depends on besides the record.
pub(super) trait Circumstances {
    /// Whether what an attempt set out to do in this period has ended.
    fn is_over(&self, attempt: u128, period: Period) -> bool;
    fn now(&self) -> Moment;
}

impl Record {
    /// What may be done for a new token, by a session that would send this.
    pub(super) fn allows(
        &self,
        replay: Replay,
        sends: &Sends,
        new_login: bool,
        circumstances: &impl Circumstances,
    ) -> Allowed {
        if let Some(back_off) = self.holds_back(Scope::Everyone, circumstances) {
            return Allowed::Nothing(back_off.error(circumstances.now()));
        }
        if new_login {
            return Allowed::LogIn;
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
        match self.sendable(replay, circumstances.now()) {
            Some(token) => self.allows_refresh(token, sends, circumstances),
            None => self.allows_login(sends, circumstances),
        }
    }

    fn allows_refresh(
        &self,
        token: &RefreshToken,
        sends: &Sends,
        circumstances: &impl Circumstances,
    ) -> Allowed {
        let now = circumstances.now();
        let print = match &sends.refresh {
            Ok(print) => *print,
            Err(error) => return Allowed::Nothing(error.clone()),
        };
        let Some(back_off) = self.holds_back(Scope::Refresh(print), circumstances) else {
            return Allowed::Refresh(token.secret.clone());
        };
        if back_off.verdict != Verdict::Unclear {
            return Allowed::Nothing(back_off.error(now));
        }
        match sends.login {
            // The refresh token stays until the login has succeeded.
            Ok(_) => self.allows_login(sends, circumstances),
            // A caller with a valid token is served that one anyway.
            Err(_) if self.is_given_up_by(back_off) => {
                Allowed::Nothing(Error::ReauthenticationRequired {
                    reason: Reason::RefreshTokenRefused,
                    cause: Some(Box::new(back_off.cause.clone())),
                })
            }
            Err(_) => Allowed::Nothing(back_off.error(now)),
        }
    }

    fn allows_login(&self, sends: &Sends, circumstances: &impl Circumstances) -> Allowed {
        let print = match &sends.login {
            Ok(print) => *print,
            Err(error) => return Allowed::Nothing(self.nothing_to_log_in_with(error.clone())),
        };
        // Some grants refresh by logging in, so both are one request.
        let scopes = [Scope::Login(print), Scope::Refresh(print)];
        let held_back = |scope| self.holds_back(scope, circumstances);
        match scopes.into_iter().find_map(held_back) {
            Some(back_off) => Allowed::Nothing(back_off.error(circumstances.now())),
            None => Allowed::LogIn,
        }
    }

    /// The back-off in this scope, unless it is over.
    fn holds_back(&self, scope: Scope, circumstances: &impl Circumstances) -> Option<&BackOff> {
        self.back_off(scope).filter(|back_off| {
            !circumstances.is_over(NOBODY, back_off.period) && !mutant!(NoBackOff)
        })
    }

    /// The refresh token, if it may be sent.
    fn sendable(&self, replay: Replay, now: Moment) -> Option<&RefreshToken> {
        let flight = self.in_flight.as_ref();
        let is_allowed = flight.is_none_or(|flight| flight.may_be_sent_again(replay));
        self.refresh_token()
            .filter(|token| is_allowed && token.is_alive(now))
    }

    /// What a login that is not possible means, given how the refresh token was lost.
    pub(super) fn nothing_to_log_in_with(&self, error: Error) -> Error {
        let is_lack = matches!(
            error,
            Error::ReauthenticationRequired {
                reason: Reason::NoCredentials,
                ..
            }
        );
        let Some(flight) = self.in_flight.as_ref().filter(|_| is_lack) else {
            return error;
        };
        let (reason, cause) = match &flight.lost {
            Some(lost) => (lost.reason, Some(Box::new(lost.cause.clone()))),
            // The process that sent it has not been heard of again.
            None => (Reason::RefreshTokenUncertain, None),
        };
        Error::ReauthenticationRequired { reason, cause }
    }
}

impl BackOff {
    /// What a caller is told who is held back.
    fn error(&self, now: Moment) -> Error {
        let cause = self.cause.clone();
        if self.verdict == Verdict::Wrong {
            return Error::ReauthenticationRequired {
                reason: Reason::CredentialsRefused,
                cause: Some(Box::new(cause)),
            };
        }
        let cause = match self.scope {
            Scope::Login(_) => cause.with_hint(OTHERS_AT_ONCE),
            Scope::Everyone | Scope::Refresh(_) => cause,
        };
        Error::NotBefore {
            wait: self.period.left(now),
            cause: Box::new(cause),
        }
    }
}

impl InFlight {
    fn may_be_sent_again(&self, replay: Replay) -> bool {
        let refused = self
            .lost
            .as_ref()
            .is_some_and(|lost| lost.reason == Reason::RefreshTokenRefused);
        let most = if replay == Replay::Once { 2 } else { 1 };
        let most = most + u8::from(mutant!(OverdueSentAgain));
        self.sendings < most && !refused
    }
}

/// What helps sooner than waiting.
const OTHERS_AT_ONCE: &str =
    "corrected settings are tried at once, and these ones after `Session::forget`";
/// Back-offs are no process's attempt.
pub(super) const NOBODY: u128 = 0;
