//! What an answer, or its absence, means for the record.

use std::sync::Arc;

use crate::clock::Moment;
use crate::error::{Error, Reason, Result};
use crate::token::TokenResponse;

use super::super::change::Change;
use super::super::fate::{Fate, Next, fate, rest};
use super::super::{Dead, Login, Lost, Record, Rest, Stamp};
use super::words::{Do, How, Notice};
use super::{After, Step, undo};

impl Step<'_> {
    pub(super) fn answered(
        &mut self,
        attempt: u128,
        is_refresh: bool,
        answer: Result<TokenResponse>,
        started: Moment,
    ) -> Do {
        match answer.and_then(|response| Login::new(response, started)) {
            Ok(login) => {
                let rotated = login.refresh_token.is_some();
                let how = if is_refresh {
                    How::Refreshed { rotated }
                } else {
                    How::Obtained
                };
                let login = Arc::new(login);
                let change = self.commit(attempt, is_refresh, Arc::clone(&login), None);
                self.change(change, After::Serve(login, how))
            }
            Err(error) => self.refused_or_lost(attempt, is_refresh, error),
        }
    }

    pub(super) fn refused_or_lost(
        &mut self,
        attempt: u128,
        is_refresh: bool,
        mut error: Error,
    ) -> Do {
        (self.tell)(Notice::Failed(error.clone()));
        if matches!(error, Error::Configuration(_)) {
            // Nothing was sent, and nothing will be before somebody changes a setting.
            let after = After::Fail(error, Next::Stop);
            return self.change(undo(attempt, is_refresh, None), after);
        }
        let successor = error.successor();
        let base = self.renewal.base.clone().unwrap_or_default();
        let (rest, next) = rest(&error, base.failures, self.around.now());
        let after = |next| After::Fail(error.clone(), next);
        if let Some(successor) = successor {
            let login = Login::seeded(Some(successor), self.around.now());
            let change = self.commit(attempt, is_refresh, Arc::new(login), Some(rest));
            return self.change(change, after(next));
        }
        let lose = |reason, rest| Change::Lose {
            attempt,
            lost: Lost {
                reason,
                cause: error.clone(),
            },
            rest,
        };
        let (change, next) = match (is_refresh, fate(&error)) {
            (true, Fate::Refused) => (lose(Reason::RefreshTokenRefused, None), Next::Now),
            (true, Fate::Uncertain) => (lose(Reason::RefreshTokenUncertain, Some(rest)), next),
            (true, Fate::Kept) => (undo(attempt, true, Some(rest)), next),
            (false, _) => return self.login_failed(attempt, &base, error, (rest, next)),
        };
        self.change(change, after(next))
    }

    pub(super) fn login_failed(
        &mut self,
        attempt: u128,
        base: &Record,
        error: Error,
        (rest, next): (Rest, Next),
    ) -> Do {
        let (dead, error) = match error {
            Error::ReauthenticationRequired {
                reason: Reason::NoCredentials,
                ..
            } => {
                let error = base.nothing_to_log_in_with(error);
                (Some(error.clone()), error)
            }
            Error::ReauthenticationRequired { .. } => (Some(error.clone()), error),
            Error::Refused(_) if !error.is_transient() => {
                let dead = Error::ReauthenticationRequired {
                    reason: Reason::CredentialsRefused,
                    cause: Some(Box::new(error.clone())),
                };
                (Some(dead), error)
            }
            error => (None, error),
        };
        let Some(dead) = dead else {
            // A new login over a dead one: another try would only find, and report, why that one is dead.
            let known = base.dead.as_ref().map(|dead| dead.credentials);
            let is_last = known == Some(self.renewal.rules.credentials);
            let next = if is_last { Next::Stop } else { next };
            let change = undo(attempt, false, Some(rest));
            return self.change(change, After::Fail(error, next));
        };
        let change = Change::Die {
            attempt,
            generation: base.generation,
            dead: Dead {
                error: dead,
                credentials: self.renewal.rules.credentials,
            },
            now: self.around.now(),
        };
        self.change(change, After::Fail(error, Next::Now))
    }

    pub(super) fn commit(
        &mut self,
        attempt: u128,
        is_refresh: bool,
        login: Arc<Login>,
        failed: Option<Rest>,
    ) -> Change {
        let Stamp {
            lineage,
            generation,
        } = self
            .renewal
            .base
            .as_ref()
            .map(Record::stamp)
            .unwrap_or_default();
        if is_refresh {
            return Change::Commit {
                lineage,
                generation,
                login,
                failed,
            };
        }
        Change::CommitLogin {
            attempt,
            lineage: self.around.number(),
            born: self.around.now().wall,
            login,
            failed,
        }
    }
}
