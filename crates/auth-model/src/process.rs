//! A process that shares the login: its renewal, what it remembers, and what it waits for.

use std::cell::Cell;

use crate::login::inside::{AwaitOther, AwaitResponse, AwaitSwap, AwaitTime, Renewal, Swapping};
use crate::login::{AttemptId, Change, Generation, Memory, Record, Stamp};

use super::server::Answer;

/// One process.
#[derive(Clone, Debug, Default)]
pub(super) struct Process {
    pub(super) memory: Memory,
    pub(super) todo: Todo,
    /// The record that its next swap expects is the stored one.
    pub(super) is_current: bool,
    pub(super) attempt: Option<Attempt>,
    /// The token that it serves.
    pub(super) held: Option<Stamp>,
    /// It is valid, while a renewal is under way.
    pub(super) is_served: bool,
    /// The token that an API rejected.
    pub(super) rejected: Option<Stamp>,
    /// The access token that is one of these.
    pub(super) known: Option<usize>,
    /// It got an error that requires a user.
    pub(super) has_given_up: bool,
    /// It has the client's old secret, which the server does not take any more.
    pub(super) has_old_secret: bool,
    pub(super) temper: Temper,
    /// Its fingerprint, until it changes, where the store may fail or not.
    pub(super) print: Cell<Option<(bool, u128)>>,
}

/// Current step of a renewal. Loading takes no time: a process that is about to load holds no record yet.
#[derive(Clone, Debug, Default)]
pub(super) enum Todo {
    /// No renewal is under way.
    #[default]
    Ask,
    Swap(AwaitSwap),
    /// Send this refresh token, or log in; and the server's response, if it has come.
    Exchange(Option<usize>, Option<Answer>, AwaitResponse),
    Wait(AwaitOther),
    Sleep(AwaitTime),
}

/// An attempt that a process noted in the store, to refresh or to log in.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) number: AttemptId,
    /// The token that it is to replace.
    pub(super) stamp: Stamp,
    /// How often the refresh token may have been sent, as was noted.
    pub(super) sendings: u8,
    pub(super) is_refresh: bool,
    /// The store has it.
    pub(super) is_noted: bool,
    /// The process has ended the attempt.
    pub(super) has_ended: bool,
    /// The token that it obtained.
    pub(super) got: Option<usize>,
}

/// Condition under which a process requests another token than the one it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Temper {
    /// Ahead of expiry, or when it has expired.
    #[default]
    Early,
    /// When it has expired, or an API has rejected it.
    Late,
}

impl Process {
    /// The attempt that it is still at.
    pub(super) fn is_at(&self) -> Option<&Attempt> {
        self.attempt.as_ref().filter(|attempt| !attempt.has_ended)
    }

    /// Returns `true` if it has noted that it sends something, and has not stored the result.
    pub(super) fn may_send(&self) -> bool {
        let attempt = self.is_at().filter(|attempt| attempt.is_noted);
        attempt.is_some() && matches!(self.todo, Todo::Exchange(..) | Todo::Swap(..))
    }

    /// Returns `true` if it is about to store this token.
    pub(super) fn carries(&self, token: usize) -> bool {
        let doing = match &self.todo {
            Todo::Swap(swap) => match &swap.swapping {
                Swapping::Change(change, _) | Swapping::Settle(change) => Some(&**change),
                Swapping::WriteBack | Swapping::Note(..) => None,
            },
            _ => None,
        };
        let owed = self.memory.owed.as_deref();
        [doing, owed]
            .into_iter()
            .flatten()
            .any(|change| is_about(change, token))
    }

    /// Returns `true` if it has seen this token in the store.
    pub(super) fn remembers(&self, token: usize) -> bool {
        let newest = self.memory.newest.as_ref();
        let newest = newest.and_then(|record| record.refresh.token());
        newest.is_some_and(|newest| number_of(&newest.secret) == token)
    }

    /// Returns `true` if another call would change nothing, with this in the store.
    pub(super) fn is_at_rest(&self, record: Option<&Record>, generation: Generation) -> bool {
        let Some(record) = record else {
            return false;
        };
        let holds = self.held == Some(record.stamp()) && record.generation >= generation;
        let is_hopeless = record.refresh.unsent().is_none()
            || record
                .back_offs
                .iter()
                .any(|back_off| record.is_given_up_by(back_off));
        matches!(self.todo, Todo::Ask) && (holds || self.has_given_up && is_hopeless)
    }
}

impl Todo {
    /// The renewal, if one is under way.
    pub(super) fn renewal(&self) -> Option<&Renewal> {
        match self {
            Self::Ask => None,
            Self::Swap(swap) => Some(&swap.renewal),
            Self::Exchange(_, _, response) => Some(&response.renewal),
            Self::Wait(other) => Some(&other.renewal),
            Self::Sleep(time) => Some(&time.renewal),
        }
    }
}

fn is_about(change: &Change, token: usize) -> bool {
    let (Change::Commit { tokens, .. } | Change::CommitLogin { tokens, .. }) = change else {
        return false;
    };
    let secret = tokens.refresh.as_ref().map(|token| &token.secret);
    secret.is_some_and(|secret| number_of(secret) == token)
}

/// The number of a token by its text.
pub(super) fn number_of(secret: &crate::secret::Secret) -> usize {
    let digits = secret.expose().trim_start_matches(['a', 'r']);
    digits
        .parse()
        .unwrap_or_else(|_| unreachable!("the server numbers its tokens"))
}
