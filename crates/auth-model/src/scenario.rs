//! Scenarios: servers, grants, beginnings, and how much may go wrong.

use crate::grant::{LoginKind, Replay};
use crate::login::Generation;

/// One exploration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// How many states it has at least: fewer mean that something is no longer explored.
    pub(super) at_least: usize,
    pub(super) server: ServerKind,
    pub(super) processes: usize,
    pub(super) credentials: Credentials,
    pub(super) replay: Replay,
    pub(super) start: Start,
    /// The kind of credentials that a login sends.
    pub(super) who: LoginKind,
    /// Every other process has the client's old secret.
    pub(super) has_old_secrets: bool,
    /// How often a renewal tries again by itself.
    pub(super) retries: u32,
    /// The store can tell that the process of an attempt has exited.
    pub(super) has_signs: bool,
    /// A process that holds the stored token is content from this generation on.
    pub(super) generation: Generation,
    pub(super) left: Budget,
}

/// Behaviour of a server towards refresh tokens. All rotate them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ServerKind {
    Plain,
    /// A spent token that comes again ends everything that descends from the same login.
    FamilyRevoking,
    /// A login ends the earlier ones.
    SingleSession,
    /// A spent token that comes again is answered as the first time.
    Tolerant,
}

/// Credentials that a grant can log in with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Credentials {
    None,
    Right,
    Wrong,
}

/// The state in which the processes begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Start {
    /// A login, and every process holds its token, which is due.
    LoggedIn,
    Empty,
    /// Nothing, and every process was given the same refresh token.
    Seeded,
}

/// Number of times that each failure may happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Budget {
    /// A process is killed; it begins anew and remembers nothing.
    pub(super) crashes: u8,
    /// A request is lost or arrives too late, or its answer is lost or unreadable.
    pub(super) lost: u8,
    /// A server cannot be reached, or throttles.
    pub(super) denied: u8,
    /// A server, or a gateway before it, refuses in unclear words and does nothing.
    pub(super) balked: u8,
    /// The store does not respond; it has swapped or not.
    pub(super) unreachable: u8,
    /// The deadline of an attempt passes while its process is still running.
    pub(super) overdue: u8,
    /// A user logs out.
    pub(super) logouts: u8,
    /// The store's newest record is damaged, and the one before it brought back.
    pub(super) restores: u8,
}

impl Budget {
    /// The number of failures of all kinds.
    pub(super) fn sum(self) -> u8 {
        self.parts().iter().sum()
    }

    pub(super) fn parts(self) -> [u8; 8] {
        [
            self.crashes,
            self.lost,
            self.denied,
            self.balked,
            self.unreachable,
            self.overdue,
            self.logouts,
            self.restores,
        ]
    }
}

impl Scenario {
    /// Returns `true` if a renewal that takes too long is distinguished from one that does not.
    pub(super) fn is_timed(&self) -> bool {
        self.left.restores > 0
    }
}
