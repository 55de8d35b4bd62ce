//! The record of a login.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Moment, UnixTime};
use crate::error::{Error, LoginReason};
use crate::fingerprint::Fingerprint;
pub(crate) use crate::store::AttemptId;

use super::tokens::{Access, RefreshToken};

/// Knowledge that all processes share of one login. Rare parts are boxed: every session keeps one of
/// these.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// New at every full login, so that an old write cannot land on a rebuilt record.
    pub(crate) lineage: Lineage,
    /// When the lineage began, by the wall clock of the process that began it.
    pub(crate) born: UnixTime,
    /// One more with every change: a store that shows a smaller one has gone back in time.
    pub(crate) revision: u64,
    pub(crate) generation: Generation,
    pub(crate) access: Option<Arc<Access>>,
    pub(crate) refresh: Refresh,
    pub(crate) login: LogIn,
    /// Recent failures, and which sessions wait for how long.
    pub(crate) back_offs: Vec<BackOff>,
    /// The fingerprint of the tokens that the login began with, so that it does not begin with them again.
    pub(crate) seed: Option<Fingerprint>,
}

/// The refresh token of this generation, and what may have become of it.
#[derive(Clone, Debug, Default)]
pub(crate) enum Refresh {
    #[default]
    Absent,
    Ready(Arc<RefreshToken>),
    /// It may have been sent, and its response may still come.
    InFlight {
        token: Arc<RefreshToken>,
        attempt: AttemptId,
        /// How often it may have been sent; 0 if the store had lost the record.
        sendings: u8,
        /// When the attempt ends at the latest.
        period: Period,
    },
    /// It was sent, and no response can be expected any more. A late one is still accepted.
    Lost {
        token: Arc<RefreshToken>,
        attempt: AttemptId,
        sendings: u8,
        loss: Box<Loss>,
    },
}

/// The login with the grant's own credentials, which one process makes for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogIn {
    #[default]
    Idle,
    InProgress {
        attempt: AttemptId,
        period: Period,
    },
}

/// How a refresh token was lost.
#[derive(Clone, Debug)]
pub(crate) struct Loss {
    pub(crate) reason: LoginReason,
    /// The failure that led to it, if a process has stored one.
    pub(crate) cause: Option<Error>,
}

/// A wait after a failure.
#[derive(Clone, Debug)]
pub(crate) struct BackOff {
    /// Which sessions it holds back.
    pub(crate) scope: Scope,
    pub(crate) verdict: Verdict,
    /// How often in a row.
    pub(crate) times: u32,
    /// The generation whose renewal failed last.
    pub(crate) generation: Generation,
    pub(crate) period: Period,
    pub(crate) cause: Error,
}

/// Which sessions a back-off holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All that share the login.
    Everyone,
    /// Those whose refreshes have this fingerprint, with any refresh token.
    Refresh(Fingerprint),
    /// Those whose logins have this fingerprint.
    Login(Fingerprint),
}

/// Why requests are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The network or the server failed.
    Later,
    /// The server throttles, or names a time.
    Throttled,
    /// A response without a usable token.
    Unusable,
    /// A setting of the client or of the server is at fault.
    Setting,
    /// A refresh was refused, and the response does not show what is at fault.
    Unclear,
    /// A login was refused, and the user's password may be wrong.
    Doubted,
    /// The user's password is wrong.
    Wrong,
}

/// All that descends from one login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lineage(pub(crate) u128);

/// One more with every accepted token, and with every logout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Generation(pub(crate) u64);

/// One token of one lineage: no two tokens share one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) lineage: Lineage,
    pub(crate) generation: Generation,
}

/// From when to when, by the wall clock of the process that wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) since: UnixTime,
    pub(crate) until: UnixTime,
}

impl Record {
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            lineage: self.lineage,
            generation: self.generation,
        }
    }

    /// The last failure in this scope.
    pub(crate) fn back_off(&self, scope: Scope) -> Option<&BackOff> {
        self.back_offs
            .iter()
            .find(|back_off| back_off.scope == scope)
    }

    /// Returns `true` if a store that shows this after `newest` has forgotten what it acknowledged.
    pub(crate) fn is_older_than(&self, newest: &Self) -> bool {
        if self.lineage == newest.lineage {
            // The generation first: after a damage two may have continued from the same record, and
            // the one with the later token is right, however often the other was changed.
            (self.generation, self.revision) < (newest.generation, newest.revision)
        } else {
            self.born < newest.born
        }
    }

    /// Returns `true` if no renewal can continue this login by itself.
    pub(crate) fn is_over(&self, now: Moment) -> bool {
        let lasts = |period: &Period| !period.left(now).is_zero();
        let is_busy = match (&self.refresh, &self.login) {
            (Refresh::InFlight { period, .. }, _) if lasts(period) => true,
            (_, LogIn::InProgress { period, .. }) => lasts(period),
            (_, LogIn::Idle) => false,
        };
        let is_refused = || self.back_offs.iter().any(|it| self.is_given_up_by(it));
        let token = self.refresh.unsent();
        let refreshes = token.is_some_and(|token| token.is_alive(now)) && !is_refused();
        let access = self.access.as_ref();
        let works = access.is_some_and(|access| access.is_valid(now));
        !is_busy && !refreshes && !works
    }

    /// Returns `true` if the refresh token was refused so often, in unclear words, that a user should log in.
    pub(crate) fn is_given_up_by(&self, back_off: &BackOff) -> bool {
        let enough = match mutant!(PersonAskedAtOnce) {
            true => 1,
            false => IN_A_ROW,
        };
        matches!(back_off.scope, Scope::Refresh(_))
            && back_off.verdict == Verdict::Unclear
            && back_off.times >= enough
            && back_off.generation == self.generation
    }
}

impl Refresh {
    /// A token that was not sent yet.
    pub(crate) fn new(token: Option<Arc<RefreshToken>>) -> Self {
        token.map_or(Self::Absent, Self::Ready)
    }

    /// The token, sent or not.
    pub(crate) fn token(&self) -> Option<&Arc<RefreshToken>> {
        match self {
            Self::Absent => None,
            Self::Ready(token) | Self::InFlight { token, .. } | Self::Lost { token, .. } => {
                Some(token)
            }
        }
    }

    /// The token, unless it may have been sent.
    pub(crate) fn unsent(&self) -> Option<&Arc<RefreshToken>> {
        match self {
            Self::Ready(token) => Some(token),
            Self::Absent | Self::InFlight { .. } | Self::Lost { .. } => None,
        }
    }

    /// How often the token may have been sent.
    pub(crate) fn sendings(&self) -> u8 {
        match self {
            Self::Absent | Self::Ready(_) => 0,
            Self::InFlight { sendings, .. } | Self::Lost { sendings, .. } => *sendings,
        }
    }
}

impl Generation {
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Period {
    pub(crate) fn new(now: Moment, length: Duration) -> Self {
        Self {
            since: now.wall,
            until: now.wall.plus(length),
        }
    }

    pub(crate) fn length(self) -> Duration {
        self.until.since(self.since)
    }

    /// How long it still lasts: nothing if the clock was set back before it began.
    pub(crate) fn left(self, now: Moment) -> Duration {
        if now.wall.plus(SKEW) < self.since {
            return Duration::ZERO;
        }
        self.until.since(now.wall).min(self.length())
    }
}

/// How far the clocks of machines that share a login may be apart before one counts as set wrong.
pub(super) const SKEW: Duration = Duration::from_secs(300);
/// So many refusals of a refresh in a row, in unclear words, are not a firewall's.
pub(super) const IN_A_ROW: u32 = 3;
