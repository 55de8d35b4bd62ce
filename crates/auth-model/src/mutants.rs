//! Mistakes that could be made in the protocol. Each is made on purpose, and must be noticed.
//!
//! `auth-core` has a `mutant!` where each of them would be; it is `false` everywhere but here.

use std::cell::Cell;

use super::scenario::Scenario;

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "only the tests of this crate match it"
)]
pub enum Mutant {
    /// A refresh token is sent without noting it first.
    SentWithoutNote,
    /// A commit does not look at the record that is stored.
    CommitComparesNothing,
    /// A late commit is refused once another process logs in.
    LateCommitRefused,
    /// A process that takes over an overdue refresh sends the token again.
    OverdueSentAgain,
    /// A process takes back the note of another one.
    RevertComparesNothing,
    /// One note is taken back twice.
    RevertedTwice,
    /// The record does not count how often a token was sent.
    SendingsNotCounted,
    /// A login that begins clears the note of a refresh.
    LoginClearsFlight,
    /// A login is stored although another process has begun one since.
    LoginComparesNothing,
    /// A token that could not be stored is forgotten.
    UnsavedForgotten,
    /// A refresh token is dropped at a refusal in unclear words.
    DroppedWhenUnclear,
    /// The user is asked to log in at the first refusal in unclear words.
    PersonAskedAtOnce,
    /// A wrong password is tried again and again.
    WrongPasswordTriedOn,
    /// A refusal of one session's credentials holds another one back.
    RefusalStopsOthers,
    /// A process does not wait for a back-off to end.
    NoBackOff,
    /// A record that the store had lost is used as soon as it is written back.
    UsedWhenWrittenBack,
    /// A process takes over an older record than the one it has seen.
    OldRecordAdopted,
    /// A refresh token whose response was lost counts as unsent.
    UncertainKept,
    /// A refresh token that the server refused counts as unsent.
    SpentKept,
}

thread_local! {
    static MADE: Cell<Option<Mutant>> = const { Cell::new(None) };
}

impl Mutant {
    /// Every mistake, and the scenario that notices it.
    pub const ALL: &[(Self, &str)] = &[
        (Self::SentWithoutNote, "a logout and a record brought back"),
        (Self::CommitComparesNothing, "a logout"),
        (Self::LateCommitRefused, "a logout"),
        (Self::OverdueSentAgain, "a logout"),
        (
            Self::RevertComparesNothing,
            "a logout and a record brought back",
        ),
        (
            Self::RevertedTwice,
            "a second sending and a store that fails",
        ),
        (Self::SendingsNotCounted, "a second sending"),
        (Self::LoginClearsFlight, "a logout"),
        (Self::LoginComparesNothing, "a logout"),
        (Self::UnsavedForgotten, "a new login"),
        (
            Self::DroppedWhenUnclear,
            "refused in unclear words with nothing to log in with",
        ),
        (
            Self::PersonAskedAtOnce,
            "refused in unclear words with nothing to log in with",
        ),
        (Self::WrongPasswordTriedOn, "a wrong password"),
        (
            Self::RefusalStopsOthers,
            "a new secret that is not everywhere yet",
        ),
        (Self::NoBackOff, "a refused login that comes back"),
        (
            Self::UsedWhenWrittenBack,
            "a logout and a record brought back",
        ),
        (Self::OldRecordAdopted, "a record brought back"),
        (Self::UncertainKept, "no credentials"),
        (Self::SpentKept, "a server with a single session"),
    ];

    /// Returns `true` while this mistake is made on this thread.
    pub(crate) fn is_made(self) -> bool {
        MADE.get() == Some(self)
    }

    /// Makes this mistake while `work` runs.
    pub(super) fn made<T>(self, work: impl FnOnce() -> T) -> T {
        MADE.set(Some(self));
        let result = work();
        MADE.set(None);
        result
    }

    /// The scenario that notices it.
    pub(super) fn scenario(self) -> Option<Scenario> {
        let (_, name) = Self::ALL.iter().find(|(mutant, _)| *mutant == self)?;
        super::scenarios::named(name)
    }
}
