//! What is known of one login, and how it may change.
//!
//! A refresh token that works once is spent by sending it, whatever comes back. So the record notes
//! *before* a sending that it may happen, and a token that may have been sent is never sent again
//! unless the vendor documents that this is harmless. Nothing here reads a clock, takes a lock or
//! opens a socket: the same transitions run over memory, over a file, over a database, and under the
//! scheduler that tries every order of events in `auth-model`.

/// A mistake that the model makes on purpose, to see whether it is noticed; never made elsewhere.
#[cfg(auth_model)]
macro_rules! mutant {
    ($name:ident) => {
        crate::model::Mutant::$name.is_made()
    };
}
#[cfg(not(auth_model))]
macro_rules! mutant {
    ($name:ident) => {
        false
    };
}

mod change;
mod codec;
mod decide;
mod failure;
mod login;
mod steps;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;
use crate::error::{Error, Reason};

pub(crate) use change::Change;
pub(crate) use failure::Verdict;
pub(crate) use login::{Access, Login, RefreshToken};
pub(crate) use steps::{
    Came, Do, How, Loaded, Memory, Notice, Outcome, Renewal, Rules, Sends, Serve, Surroundings,
    Want,
};

/// What is known of one login, as all who share it know it. What is rarely there is boxed: every
/// session keeps one of these.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// Random, new at every full login, so that an old write cannot land on a rebuilt record.
    pub(crate) lineage: u128,
    /// When the lineage began, by the wall clock of whoever began it.
    pub(crate) born: Duration,
    /// One more with every change: a store that shows a smaller one has gone back in time.
    pub(crate) revision: u64,
    /// One more with every accepted token, and with every logout.
    pub(crate) generation: u64,
    pub(crate) login: Option<Arc<Login>>,
    /// This generation's refresh token may have been sent.
    pub(crate) in_flight: Option<InFlight>,
    /// Somebody is logging in anew, for all.
    pub(crate) recovery: Option<Recovery>,
    /// What failed lately, and who waits for how long.
    pub(crate) back_offs: Vec<BackOff>,
    /// A fingerprint of what the login began with, so that it does not begin with that again.
    pub(crate) seed: u64,
}

/// One sending of a refresh token, and who may be at it.
#[derive(Clone, Debug)]
pub(crate) struct InFlight {
    /// Random: who is at it.
    pub(crate) attempt: u128,
    /// How often this generation's refresh token may have been sent; 0 if the store had lost it.
    pub(crate) sendings: u8,
    /// When it ends at the latest.
    pub(crate) period: Period,
    /// It has ended, and this is what became of the refresh token.
    pub(crate) lost: Option<Box<Lost>>,
}

/// How a refresh token was lost.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    pub(crate) reason: Reason,
    pub(crate) cause: Error,
}

/// A login for all, and who is at it.
#[derive(Clone, Debug)]
pub(crate) struct Recovery {
    pub(crate) attempt: u128,
    pub(crate) period: Period,
}

/// A wait after a failure.
#[derive(Clone, Debug)]
pub(crate) struct BackOff {
    /// Whom it holds back.
    pub(crate) scope: Scope,
    pub(crate) verdict: Verdict,
    /// How often in a row.
    pub(crate) times: u32,
    /// The generation whose renewal failed last.
    pub(crate) generation: u64,
    pub(crate) period: Period,
    pub(crate) cause: Error,
}

/// Whom a back-off holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All who share the login.
    Everyone,
    /// Those whose refreshes have this fingerprint, whatever the refresh token.
    Refresh(u64),
    /// Those whose logins have this fingerprint.
    Login(u64),
}

/// From when to when, by the wall clock of whoever wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) since: Duration,
    pub(crate) until: Duration,
}

/// Which token of which lineage: no two tokens share one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) lineage: u128,
    pub(crate) generation: u64,
}

impl Record {
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            lineage: self.lineage,
            generation: self.generation,
        }
    }

    pub(crate) fn access(&self) -> Option<&Access> {
        self.login.as_ref()?.access.as_ref()
    }

    pub(crate) fn refresh_token(&self) -> Option<&RefreshToken> {
        self.login.as_ref()?.refresh_token.as_ref()
    }

    /// The refresh token, unless it may have been sent.
    pub(crate) fn unsent(&self) -> Option<&RefreshToken> {
        self.refresh_token().filter(|_| self.in_flight.is_none())
    }

    /// What failed lately in this scope.
    pub(crate) fn back_off(&self, scope: Scope) -> Option<&BackOff> {
        self.back_offs
            .iter()
            .find(|back_off| back_off.scope == scope)
    }

    /// Whether a store that shows this after `newest` has forgotten what it acknowledged.
    pub(crate) fn is_older_than(&self, newest: &Self) -> bool {
        if self.lineage == newest.lineage {
            // The generation first: after a damage two may have gone on from the same record, and
            // the one with the later token is right, however often the other was changed.
            (self.generation, self.revision) < (newest.generation, newest.revision)
        } else {
            self.born < newest.born
        }
    }
}

impl Period {
    pub(crate) fn new(now: Moment, length: Duration) -> Self {
        Self {
            since: now.wall,
            until: now.wall.saturating_add(length),
        }
    }

    pub(crate) fn length(self) -> Duration {
        self.until.saturating_sub(self.since)
    }

    /// How long it still lasts: nothing if the clock was set back before it began.
    pub(crate) fn left(self, now: Moment) -> Duration {
        if now.wall.saturating_add(SKEW) < self.since {
            return Duration::ZERO;
        }
        self.until.saturating_sub(now.wall).min(self.length())
    }
}

/// How far the clocks of machines that share a login may be apart before one counts as set wrong.
pub(crate) const SKEW: Duration = Duration::from_secs(300);
