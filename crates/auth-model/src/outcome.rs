//! How a renewal ended, and what happened in words.

use crate::error::{Error, ErrorCode, LoginReason};
use crate::login::{Access, Outcome, Record, Refresh};

use super::checks::logging_in;
use super::process::{Todo, number_of};
use super::scenario::Credentials;
use super::world::{Checked, Story, World};

impl World<'_> {
    /// A renewal has ended.
    pub(super) fn conclude(&mut self, at: usize, outcome: Outcome, story: &mut Story) -> Checked {
        match outcome {
            Outcome::Serve(serve) => {
                let held = self.processes[at].held.unwrap_or_default();
                story.tell(|| format!("P{at} serves generation {}", serve.stamp.generation.0));
                if self.processes[at].is_served && serve.stamp.generation < held.generation {
                    return Err(format!("P{at} serves an older token than before"));
                }
                if serve.stamp != self.stamp() && !serve.is_due {
                    return Err(format!("P{at} serves a token that is not stored for long"));
                }
                if self.processes[at].rejected == Some(serve.stamp) {
                    return Err(format!("P{at} serves a token that was rejected"));
                }
                let process = self.process(at);
                process.held = Some(serve.stamp);
                process.known = Some(access(&serve.access));
                process.has_given_up = false;
            }
            Outcome::ServeOnce(_) => story.tell(|| format!("P{at} serves its token once")),
            Outcome::Busy => story.tell(|| format!("P{at} keeps the token that it has")),
            Outcome::Failed(error) => {
                story.tell(|| format!("P{at} fails: {error}"));
                self.check_failure(at, &error)?;
                self.check_nothing_to_serve(at, &error)?;
            }
        }
        let process = self.process(at);
        process.todo = Todo::Ask;
        if let Some(attempt) = &mut process.attempt {
            attempt.has_ended = true;
        }
        Ok(())
    }

    /// No process gets `LoginRequired` without a reason, or with the wrong one.
    fn check_failure(&mut self, at: usize, error: &Error) -> Checked {
        let Error::LoginRequired { reason, .. } = error else {
            return self.check_cause(at, error);
        };
        let has_token = self
            .record
            .as_ref()
            .is_some_and(|r| r.refresh.token().is_some());
        let is_true = match reason {
            LoginReason::NoCredentials => {
                !has_token && self.scenario.credentials == Credentials::None
            }
            LoginReason::CredentialsRefused => self.wrong > 0,
            LoginReason::RefreshTokenRefused => self.refused > 0 || self.balked() >= IN_A_ROW,
            LoginReason::RefreshTokenUncertain => self.troubles() > 0,
            LoginReason::TimedOut | LoginReason::Cancelled => false,
        };
        if !is_true {
            return Err(format!("the wrong reason: P{at} is told that {reason}"));
        }
        self.process(at).has_given_up = true;
        Ok(())
    }

    /// No process is held back by a refusal of what another one sends.
    fn check_cause(&self, at: usize, error: &Error) -> Checked {
        let refusal = error.refusal();
        let is_client = refusal.is_some_and(|refusal| refusal.code == ErrorCode::InvalidClient);
        match is_client && !self.has_old_secret(at) {
            true => Err(format!(
                "the wrong client: P{at} waits for what was not its own refusal"
            )),
            false => Ok(()),
        }
    }

    /// No process gets an error that could have had the token that is stored.
    fn check_nothing_to_serve(&self, at: usize, error: &Error) -> Checked {
        let process = &self.processes[at];
        let has_looked = process.is_current && !matches!(error, Error::Store { .. });
        let stored = self.record.as_ref().and_then(|it| it.access.as_deref());
        let stored = stored.map(access);
        let is_wanted = !process.is_served;
        if has_looked && is_wanted && stored > process.known {
            return Err(format!(
                "an error instead of a token: P{at} could have served the stored one"
            ));
        }
        Ok(())
    }

    /// The change of a swap, in words.
    pub(super) fn difference(&self, new: &Record) -> String {
        let empty = Record::default();
        let old = self.record.as_deref().unwrap_or(&empty);
        let token = new.refresh.token().map(|token| number_of(&token.secret));
        let token = token.map_or_else(
            || "no refresh token".to_owned(),
            |token| format!("r{token}"),
        );
        let attempt = |record: &Record| match record.refresh {
            Refresh::Absent | Refresh::Ready(_) => None,
            Refresh::InFlight { attempt, .. } => Some((attempt, false)),
            Refresh::Lost { attempt, .. } => Some((attempt, true)),
        };
        if new.lineage != old.lineage || new.generation != old.generation {
            return format!("generation {} with {token}", new.generation.0);
        }
        if attempt(new) != attempt(old) {
            return match attempt(new) {
                None => format!("that {token} was not sent"),
                Some((_, true)) => format!("that {token} is lost"),
                Some(_) => format!("that it is about to send {token}"),
            };
        }
        match (logging_in(old), logging_in(new)) {
            (old, new) if old == new => "the same".to_owned(),
            (_, Some(_)) => "that it is about to log in".to_owned(),
            (_, None) => "that it does not log in after all".to_owned(),
        }
    }
}

fn access(access: &Access) -> usize {
    number_of(&access.token)
}

/// Number of refusals in unclear words, in a row, that require a user.
const IN_A_ROW: u8 = 3;
