//! The steps of a renewal, as types: what to do next, and the one method that takes its result.
//!
//! A session performs each [`Step`] (`session/driver.rs`); the model tries every outcome of it. A result
//! of another step does not compile.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;
use crate::error::{Error, LoginReason, Result};
use crate::fingerprint::Fingerprint;
use crate::grant::{LoginKind, Replay};
use crate::secret::Secret;
use crate::store::SwapOutcome;
use crate::token::TokenResponse;

use super::record::{AttemptId, BackOff, Generation, Period, Record, Stamp};
use super::renewal::Renewal;
use super::tokens::{Access, Tokens};
use super::transition::Change;

/// The next thing to do.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Load the record.
    Load(AwaitLoad),
    /// Replace the record that was loaded or stored last.
    Swap(AwaitSwap),
    /// Send this refresh token, once.
    Refresh(Secret, AwaitResponse),
    LogIn(AwaitResponse),
    /// Wait for another process.
    Wait(AwaitOther),
    Sleep(AwaitTime),
    Done(Outcome),
}

/// Takes the record.
#[derive(Clone, Debug)]
pub(crate) struct AwaitLoad {
    pub(crate) renewal: Box<Renewal>,
    pub(crate) look: Look,
}

/// Takes the result of a swap.
#[derive(Clone, Debug)]
pub(crate) struct AwaitSwap {
    pub(crate) renewal: Box<Renewal>,
    pub(crate) record: Box<Record>,
    pub(crate) swapping: Swapping,
}

/// Takes the response to a request that was noted.
#[derive(Clone, Debug)]
pub(crate) struct AwaitResponse {
    pub(crate) renewal: Box<Renewal>,
    pub(crate) attempt: AttemptId,
    pub(crate) kind: Kind,
}

/// Takes over after a wait for the process that makes an attempt.
#[derive(Clone, Debug)]
pub(crate) struct AwaitOther {
    pub(crate) renewal: Box<Renewal>,
    pub(crate) attempt: AttemptId,
    pub(crate) wait: Duration,
}

/// Takes over after a sleep.
#[derive(Clone, Debug)]
pub(crate) struct AwaitTime {
    pub(crate) renewal: Box<Renewal>,
    pub(crate) wait: Duration,
}

/// Why the record is loaded.
#[derive(Clone, Debug)]
pub(crate) enum Look {
    Decide,
    /// To make a change, which another process was quicker than.
    Change(Box<Change>, After),
}

/// Why the record is replaced.
#[derive(Clone, Debug)]
pub(crate) enum Swapping {
    /// The store had lost it.
    WriteBack,
    /// A change that was owed.
    Settle(Box<Change>),
    /// To note an attempt, before it is made.
    Note(AttemptId, Kind, Option<Secret>),
    Change(Box<Change>, After),
}

/// Sequel of a change.
#[derive(Clone, Debug)]
pub(crate) enum After {
    Serve(Arc<Access>, How),
    Fail(Error, Next),
    Decide,
}

/// Sequel of a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Next {
    /// Another way can be tried at once, if one is left.
    Now,
    /// The same can be tried after a wait.
    After(Duration),
    Stop,
}

/// The request of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Refresh,
    LogIn,
}

/// Fingerprints of what a session would send, so that a refusal holds for exactly that.
#[derive(Clone, Debug)]
pub(crate) struct Sends {
    pub(crate) who: LoginKind,
    /// The fingerprint of its logins, or why it cannot log in.
    pub(crate) login: Result<Fingerprint>,
    /// The fingerprint of its refreshes, with any refresh token, or why it cannot refresh.
    pub(crate) refresh: Result<Fingerprint>,
}

/// Settings of a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) replay: Replay,
    /// How long a request and what belongs to it may take, at most.
    pub(crate) flight: Duration,
    /// How often a caller without a token tries again.
    pub(crate) retries: u32,
    /// How many seconds before its end a token is renewed; 0 for a share of its life.
    pub(crate) renew_ahead: u32,
}

/// Why a new token is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Want {
    /// The token that is held, which is due.
    pub(crate) held: Option<Stamp>,
    /// It is still valid: no caller waits then.
    pub(crate) is_valid: bool,
    /// A token that an API rejected.
    pub(crate) rejected: Option<Stamp>,
    /// How many seconds ahead of its time.
    pub(crate) ahead: u64,
}

/// Knowledge of a process beyond the store, from one renewal to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// The newest record it has seen, in case the store forgets it.
    pub(crate) newest: Option<Record>,
    /// A change that could not be stored yet.
    pub(crate) owed: Option<Box<Change>>,
    /// Why a user must log in, and at which generation that was reported last.
    pub(crate) told: Option<(Generation, LoginReason)>,
    /// The duration of the last request.
    pub(crate) took: Duration,
}

/// Time and chance, which pure code must be given.
pub(crate) trait Surroundings {
    fn now(&self) -> Moment;
    fn is_over(&self, period: Period) -> bool;
    /// A number that no process has drawn before.
    fn number(&mut self) -> u128;
}

/// Surroundings of a step.
pub(crate) struct Context<'a> {
    pub(crate) memory: &'a mut Memory,
    pub(crate) surroundings: &'a mut dyn Surroundings,
    pub(crate) tell: &'a mut dyn FnMut(Notice),
}

/// A record as it came from the store.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) record: Record,
    /// It is an older one, brought back.
    pub(crate) is_restored: bool,
}

/// How a renewal ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// This token is served from now on.
    Serve(Serve),
    /// The caller alone gets this one: the session was logged out or overtaken meanwhile.
    ServeOnce(Arc<Access>),
    /// Another process renews, and the token that is held is valid.
    Busy,
    Failed(Error),
}

#[derive(Clone, Debug)]
pub(crate) struct Serve {
    pub(crate) access: Arc<Access>,
    pub(crate) stamp: Stamp,
    pub(crate) fresh_for: u64,
    pub(crate) how: How,
    /// It is due although it is new: another process renews it, or it could not be stored yet.
    pub(crate) is_due: bool,
}

/// Where a token came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Obtained,
    Refreshed {
        rotated: bool,
    },
    Adopted,
    /// It is the one that is held already.
    Kept,
}

/// News for an observer, on the way.
#[derive(Debug)]
pub(crate) enum Notice {
    Failed(Error),
    Retry(Error, Duration),
    Waiting,
    NotStored(Error),
    Stored,
    WentBack,
}

impl AwaitLoad {
    pub(crate) fn loaded(self, loaded: Result<Option<Loaded>>, cx: &mut Context<'_>) -> Step {
        let Self { mut renewal, look } = self;
        match (look, loaded) {
            (Look::Decide, Ok(loaded)) => renewal.looked(loaded, cx),
            (Look::Decide, Err(error)) => renewal.store_failed(error, cx),
            (Look::Change(change, after), Ok(loaded)) => {
                renewal.base = loaded.map(|loaded| loaded.record);
                renewal.restore_newest(cx);
                renewal.change(change, after, cx)
            }
            (Look::Change(change, after), Err(error)) => renewal.owe(change, after, error, cx),
        }
    }
}

impl AwaitSwap {
    /// The attempt that is noted by this, if one is, and its request.
    pub(crate) fn noted(&self) -> Option<(AttemptId, Kind)> {
        match self.swapping {
            Swapping::Note(attempt, kind, _) => Some((attempt, kind)),
            Swapping::WriteBack | Swapping::Settle(_) | Swapping::Change(..) => None,
        }
    }

    pub(crate) fn swapped(self, swapped: Result<SwapOutcome>, cx: &mut Context<'_>) -> Step {
        let Self {
            renewal,
            record,
            swapping,
        } = self;
        match swapped {
            Ok(SwapOutcome::Stored) => renewal.stored(*record, swapping, cx),
            Ok(SwapOutcome::Conflict) => renewal.look(match swapping {
                Swapping::Change(change, after) => Look::Change(change, after),
                // What they were based on has changed.
                Swapping::WriteBack | Swapping::Settle(_) | Swapping::Note(..) => Look::Decide,
            }),
            Err(error) => match swapping {
                Swapping::Change(change, after) => renewal.owe(change, after, error, cx),
                Swapping::Note(attempt, kind, _) => {
                    // It may have been noted; nothing was sent.
                    cx.memory.owed = Some(Box::new(kind.undo(attempt, None)));
                    renewal.store_failed(error, cx)
                }
                Swapping::WriteBack | Swapping::Settle(_) => renewal.store_failed(error, cx),
            },
        }
    }
}

impl AwaitResponse {
    /// Takes the response, and when the request was begun.
    pub(crate) fn answered(
        self,
        answer: Result<TokenResponse>,
        started: Moment,
        cx: &mut Context<'_>,
    ) -> Step {
        let Self {
            renewal,
            attempt,
            kind,
        } = self;
        match answer.and_then(|response| Tokens::new(response, started)) {
            Ok((access, tokens)) => {
                let rotated = tokens.refresh.is_some();
                let how = match kind {
                    Kind::Refresh => How::Refreshed { rotated },
                    Kind::LogIn => How::Obtained,
                };
                let change = renewal.commit(attempt, kind, tokens, None, cx);
                renewal.change(change, After::Serve(access, how), cx)
            }
            Err(error) => renewal.failed(attempt, kind, error, cx),
        }
    }
}

impl AwaitOther {
    /// Takes whether the process that makes the attempt is known to have exited.
    pub(crate) fn waited(self, has_exited: bool) -> Step {
        let Self {
            mut renewal,
            attempt,
            wait,
        } = self;
        renewal.waited += wait;
        renewal.sighting.1 += wait;
        if has_exited {
            renewal.ended = Some(attempt);
        }
        renewal.look(Look::Decide)
    }
}

impl AwaitTime {
    pub(crate) fn slept(self) -> Step {
        self.renewal.look(Look::Decide)
    }
}

impl Kind {
    /// The change that removes a noted attempt without an outcome.
    pub(super) fn undo(self, attempt: AttemptId, back_off: Option<BackOff>) -> Change {
        match self {
            Self::Refresh => Change::Revert { attempt, back_off },
            Self::LogIn => Change::ReleaseLogin { attempt, back_off },
        }
    }
}

impl Next {
    /// Returns `true` if a caller without a token waits for it.
    #[cfg(auth_model)]
    pub(crate) fn is_soon(self) -> bool {
        matches!(self, Self::After(wait) if wait <= super::renewal::LONGEST_PATIENCE)
    }
}
