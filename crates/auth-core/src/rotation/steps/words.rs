//! What a renewal is told and says.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;
use crate::error::{Error, LoginReason, Result};
use crate::grant::{LoginKind, Replay};
use crate::secret::Secret;
use crate::store::SwapOutcome;
use crate::token::TokenResponse;

use super::super::{Change, Login, Period, Record, Stamp};

/// What stays the same for a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) replay: Replay,
    /// How long a request and what belongs to it may take, at the most.
    pub(crate) flight: Duration,
    /// How often a caller without a token tries again.
    pub(crate) retries: u32,
    /// How many seconds before its end a token is renewed; 0 for a share of its life.
    pub(crate) renew_ahead: u32,
}

/// What a session would send, so that a refusal holds for exactly that.
#[derive(Clone, Debug)]
pub(crate) struct Sends {
    pub(crate) who: LoginKind,
    /// The fingerprint of its logins, or why it cannot log in.
    pub(crate) login: Result<u64>,
    /// The fingerprint of its refreshes, whatever the refresh token, or why it cannot refresh.
    pub(crate) refresh: Result<u64>,
}

/// Why a new token is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Want {
    /// The token that is held, which is due.
    pub(crate) held: Option<Stamp>,
    /// Whether that is still valid: nobody waits then.
    pub(crate) is_valid: bool,
    /// A token that an API rejected.
    pub(crate) rejected: Option<Stamp>,
    /// How many seconds ahead of its time.
    pub(crate) ahead: u64,
    /// Somebody has just logged in: what is stored is older.
    pub(crate) new_login: bool,
}

/// What a process knows beyond the store, from one renewal to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// The newest record it has seen, in case the store forgets it.
    pub(crate) newest: Option<Record>,
    /// What could not be stored yet.
    pub(crate) owed: Option<Box<Change>>,
    /// Why a person must log in, and at which generation that was told last.
    /// How long the last request took.
    pub(crate) took: Duration,
    pub(crate) told: Option<(u64, LoginReason)>,
}

/// Time and chance, which a pure function must be given.
pub(crate) trait Surroundings {
    fn now(&self) -> Moment;
    fn is_over(&self, period: Period) -> bool;
    /// A number that nobody has had before.
    fn number(&mut self) -> u128;
}

/// What is to be done next.
#[derive(Clone, Debug)]
pub(crate) enum Do {
    Load,
    /// Replace what was loaded or stored last; to begin an attempt, if there is one.
    Swap(Box<Record>, Option<u128>),
    /// Send this refresh token, once.
    Refresh(Secret),
    LogIn,
    /// Wait for whoever makes this attempt.
    Wait(u128, Duration),
    Sleep(Duration),
    Done(Box<Outcome>),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Came {
    Begun,
    Loaded(Result<Option<Loaded>>),
    Swapped(Result<SwapOutcome>),
    /// The answer, and when the request was begun.
    Answered(Result<TokenResponse>, Moment),
    /// Whether the one who was waited for has certainly ended.
    Waited(bool),
    Slept,
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
    /// The caller alone gets this one: it was logged out or overtaken meanwhile.
    ServeOnce(Arc<Login>),
    /// Somebody else renews, and the token that is held is valid.
    Busy,
    Failed(Error),
}

#[derive(Clone, Debug)]
pub(crate) struct Serve {
    pub(crate) login: Arc<Login>,
    pub(crate) stamp: Stamp,
    pub(crate) fresh_for: u64,
    pub(crate) how: How,
    /// It is due although it is new: somebody else renews it, or it could not be stored yet.
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

/// What an observer is told on the way.
#[derive(Debug)]
pub(crate) enum Notice {
    Failed(Error),
    Retry(Error, Duration),
    Waiting,
    NotStored(Error),
    Stored,
    WentBack,
}
