//! What an answer, or its absence, means for the record.

use std::sync::Arc;

use crate::clock::Moment;
use crate::error::{Error, LoginReason, Result};
use crate::token::TokenResponse;

use super::super::change::Change;
use super::super::failure::{self, Fate};
use super::super::{BackOff, Login, Lost, Record, Scope, Stamp};
use super::words::{Do, How, Notice};
use super::{After, Next, Step, undo};

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
        if matches!(error, Error::Configuration { .. }) {
            // Nothing was sent, and nothing will be before a setting is changed.
            let after = After::Fail(error, Next::Stop);
            return self.change(undo(attempt, is_refresh, None), after);
        }
        let successor = error.successor();
        let base = self.renewal.base.clone().unwrap_or_default();
        let now = self.around.now();
        let sends = &self.renewal.sends;
        let (fate, back_off) = match is_refresh {
            true => failure::of_refresh(&error, sends, &base, now),
            false => (Fate::Kept, failure::of_login(&error, sends, &base, now)),
        };
        if !is_refresh {
            error = base.nothing_to_log_in_with(failure::as_told(error, sends.who));
        }
        let next = match &back_off {
            // A response that makes no sense now will make none in a second.
            _ if matches!(error, Error::Response(_)) => Next::Stop,
            Some(back_off) if back_off.scope == Scope::Everyone => {
                Next::After(back_off.period.length())
            }
            // A refresh that is refused leaves the login; after that there is nothing else to try.
            _ if is_refresh && (fate == Fate::Spent || back_off.is_some()) => Next::Now,
            _ => Next::Stop,
        };
        let after = After::Fail(error.clone(), next);
        if let Some(successor) = successor {
            let login = Login::seeded(Some(successor), now);
            let change = self.commit(attempt, is_refresh, Arc::new(login), back_off);
            return self.change(change, after);
        }
        let lose = |reason, back_off| Change::Lose {
            attempt,
            lost: Lost {
                reason,
                cause: error.clone(),
            },
            back_off,
        };
        let change = match fate {
            Fate::Kept => undo(attempt, is_refresh, back_off),
            Fate::Spent => lose(LoginReason::RefreshTokenRefused, back_off),
            Fate::Uncertain => lose(LoginReason::RefreshTokenUncertain, back_off),
        };
        self.change(change, after)
    }

    pub(super) fn commit(
        &mut self,
        attempt: u128,
        is_refresh: bool,
        login: Arc<Login>,
        failed: Option<BackOff>,
    ) -> Change {
        let scope = self.scope(is_refresh);
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
                scope,
                failed,
            };
        }
        Change::CommitLogin {
            attempt,
            lineage: self.around.number(),
            born: self.around.now().wall,
            login,
            scope,
            failed,
        }
    }
}
