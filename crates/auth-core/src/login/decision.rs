//! The request that a record allows next.

use std::time::Duration;

use crate::clock::Moment;
use crate::error::{Error, LoginReason};
use crate::grant::Replay;
use crate::secret::Secret;

use super::record::{AttemptId, BackOff, LogIn, Period, Record, Refresh, Scope, Verdict};
use super::step::Sends;
use super::tokens::RefreshToken;

/// The request that a record allows.
#[derive(Clone, Debug)]
pub(super) enum Allowed {
    /// To send the refresh token for the first time, or once more.
    Refresh(Secret),
    LogIn,
    /// Another attempt is in progress.
    Wait {
        attempt: AttemptId,
        period: Period,
    },
    /// No request is allowed yet, or none is possible.
    Nothing(Error),
}

/// Prospects of a call for a token, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prospects {
    /// It gets one, from the server or from another process.
    Token,
    /// It fails until the back-off is over.
    BackOff(Duration),
    /// It fails until the user logs in.
    Login,
}

/// Facts on which the decision depends, apart from the record.
pub(super) trait Circumstances {
    /// Returns `true` if the time is over that an attempt had.
    fn has_ended(&self, attempt: AttemptId, period: Period) -> bool;
    /// Returns `true` if a back-off is over.
    fn is_over(&self, back_off: Period) -> bool;
    fn now(&self) -> Moment;
}

impl Record {
    /// The next request for a new token, by a session that would send this.
    pub(super) fn allows(
        &self,
        replay: Replay,
        sends: &Sends,
        circumstances: &impl Circumstances,
    ) -> Allowed {
        if let Some(back_off) = self.holds_back(Scope::Everyone, circumstances) {
            return Allowed::Nothing(back_off.error(circumstances.now()));
        }
        if let LogIn::InProgress { attempt, period } = self.login
            && !circumstances.has_ended(attempt, period)
        {
            return Allowed::Wait { attempt, period };
        }
        if let Refresh::InFlight {
            attempt, period, ..
        } = self.refresh
            && !circumstances.has_ended(attempt, period)
        {
            return Allowed::Wait { attempt, period };
        }
        let token = self.refresh.sendable(replay);
        match token.filter(|token| token.is_alive(circumstances.now())) {
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
            Err(_) if self.is_given_up_by(back_off) => Allowed::Nothing(Error::LoginRequired {
                reason: LoginReason::RefreshTokenRefused,
                cause: Some(Box::new(back_off.cause.clone())),
            }),
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
        self.back_off(scope)
            .filter(|back_off| !circumstances.is_over(back_off.period) && !mutant!(NoBackOff))
    }

    /// Returns what a call for a token would get, judged without reading a secret: a back-off counts for all settings
    /// of its kind of request.
    pub(crate) fn prospects(&self, replay: Replay, logs_in: bool, now: Moment) -> Prospects {
        let left = |is_of: fn(&BackOff) -> bool| {
            let lasting = self.back_offs.iter().filter(|back_off| is_of(back_off));
            let left = lasting.map(|back_off| back_off.period.left(now));
            left.max().unwrap_or_default()
        };
        let is_busy = |period: Period| !period.left(now).is_zero();
        match (&self.refresh, self.login) {
            (Refresh::InFlight { period, .. }, _) if is_busy(*period) => return Prospects::Token,
            (_, LogIn::InProgress { period, .. }) if is_busy(period) => return Prospects::Token,
            _ => {}
        }
        let token = self.refresh.sendable(replay);
        let refreshes = token.is_some_and(|token| token.is_alive(now));
        let is_given_up = self.back_offs.iter().any(|it| self.is_given_up_by(it));
        if !logs_in && (!refreshes || is_given_up) {
            return Prospects::Login;
        }
        let refresh = left(|back_off| matches!(back_off.scope, Scope::Refresh(_)));
        let login = left(|back_off| matches!(back_off.scope, Scope::Login(_)));
        let own = match (refreshes, logs_in) {
            (true, true) => refresh.min(login),
            (true, false) => refresh,
            (false, _) => login,
        };
        match own.max(left(|back_off| back_off.scope == Scope::Everyone)) {
            Duration::ZERO => Prospects::Token,
            wait => Prospects::BackOff(wait),
        }
    }

    /// The error of a login that is not possible, given how the refresh token was lost.
    pub(super) fn nothing_to_log_in_with(&self, error: Error) -> Error {
        let Error::LoginRequired {
            reason: LoginReason::NoCredentials,
            ..
        } = error
        else {
            return error;
        };
        let (reason, cause) = match &self.refresh {
            Refresh::Absent | Refresh::Ready(_) => return error,
            Refresh::Lost { loss, .. } => (loss.reason, loss.cause.clone()),
            // The process that sent it has stored no outcome.
            Refresh::InFlight { .. } => (LoginReason::RefreshTokenUncertain, None),
        };
        Error::LoginRequired {
            reason,
            cause: cause.map(Box::new),
        }
    }
}

impl Refresh {
    /// The token, if it may be sent by now.
    fn sendable(&self, replay: Replay) -> Option<&RefreshToken> {
        let most = match replay {
            Replay::Never => 1,
            Replay::Once => 2,
        };
        let most = most + u8::from(mutant!(OverdueSentAgain));
        match self {
            Self::Absent => None,
            Self::Ready(token) => Some(token),
            Self::InFlight {
                token, sendings, ..
            } => (*sendings < most).then_some(token),
            Self::Lost {
                token,
                sendings,
                loss,
                ..
            } => {
                let is_refused = loss.reason == LoginReason::RefreshTokenRefused;
                (*sendings < most && !is_refused).then_some(token)
            }
        }
    }
}

impl BackOff {
    /// The error for a caller that is held back.
    fn error(&self, now: Moment) -> Error {
        let cause = self.cause.clone();
        if self.verdict == Verdict::Wrong {
            return Error::LoginRequired {
                reason: LoginReason::CredentialsRefused,
                cause: Some(Box::new(cause)),
            };
        }
        let cause = match self.scope {
            Scope::Login(_) => cause.with_hint(OTHERS_AT_ONCE),
            Scope::Everyone | Scope::Refresh(_) => cause,
        };
        Error::BackOff {
            wait: self.period.left(now),
            cause: Box::new(cause),
        }
    }
}

/// A hint at ways that are quicker than waiting.
const OTHERS_AT_ONCE: &str =
    "corrected settings are tried at once, and these ones after `Session::forget`";
