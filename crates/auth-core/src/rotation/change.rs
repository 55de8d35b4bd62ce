//! The transitions of a record. Each is a pure function, and in a store one compare-and-swap.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;

use super::decide::NOBODY;
use super::{Dead, InFlight, Login, Lost, Period, Record, Recovery, Rest};

/// What is to be noted once a request has ended, however late and on whatever record is there then.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A refresh brought a token. Neither the deadline nor who is in flight now is asked: the only
    /// valid successor is never thrown away.
    Commit {
        lineage: u128,
        generation: u64,
        login: Arc<Login>,
        failed: Option<Rest>,
    },
    /// A login brought a token.
    CommitLogin {
        attempt: u128,
        lineage: u128,
        born: Duration,
        login: Arc<Login>,
        failed: Option<Rest>,
    },
    /// The refresh token did not leave this machine, or the server says that it was not used.
    Revert { attempt: u128, rest: Option<Rest> },
    /// The refresh token is spent or may be.
    Lose {
        attempt: u128,
        lost: Lost,
        rest: Option<Rest>,
    },
    /// A login failed; others may try.
    Release { attempt: u128, rest: Option<Rest> },
    /// A login failed, and only a person can help, unless there is still a refresh token to send.
    Die {
        attempt: u128,
        generation: u64,
        dead: Dead,
        now: Moment,
    },
    /// A login that was made elsewhere.
    Seed {
        lineage: u128,
        born: Duration,
        login: Arc<Login>,
        print: u64,
        /// It has just been made; else it may be older than what is stored.
        is_new: bool,
    },
}

impl Change {
    /// The record after the change; none if it is not, or no longer, this change's to make.
    pub(crate) fn apply(&self, record: Option<&Record>) -> Option<Record> {
        let empty = Record::default();
        let old = record.unwrap_or(&empty);
        match self {
            Self::Commit {
                lineage,
                generation,
                login,
                failed,
            } => {
                let mine = old.lineage == *lineage && old.generation == *generation;
                mine.then(|| old.commit(login, failed.clone()))
            }
            Self::CommitLogin {
                attempt,
                lineage,
                born,
                login,
                failed,
            } => {
                let mine = record.is_none() || old.is_recovering(*attempt);
                mine.then(|| old.commit_login(*lineage, *born, login, failed.clone()))
            }
            Self::Revert { attempt, rest } => old.revert(*attempt, rest.clone()),
            Self::Lose {
                attempt,
                lost,
                rest,
            } => old.lose(*attempt, lost, rest.clone()),
            Self::Release { attempt, rest } => {
                let released = Record {
                    recovery: None,
                    ..old.resting(rest.clone())
                };
                old.is_recovering(*attempt).then_some(released)
            }
            Self::Die {
                attempt,
                generation,
                dead,
                now,
            } => {
                let mine = old.is_recovering(*attempt) && old.generation == *generation;
                // It may have turned out meanwhile that the refresh token was not sent.
                let is_over = old.unsent().is_none_or(|token| !token.is_alive(*now));
                let ended = Record {
                    recovery: None,
                    dead: is_over.then(|| Box::new(dead.clone())),
                    ..old.next()
                };
                mine.then_some(ended)
            }
            Self::Seed {
                lineage,
                born,
                login,
                print,
                is_new,
            } => {
                let wanted = record.is_none() || *is_new || old.is_over();
                let seeded = || Record {
                    seed: *print,
                    ..old.begin_lineage(*lineage, *born, Some(login))
                };
                (wanted && old.seed != *print).then(seeded)
            }
        }
    }

    /// Whether losing it would lose a token.
    pub(crate) fn holds_a_token(&self) -> bool {
        match self {
            Self::Commit { .. } | Self::CommitLogin { .. } => true,
            Self::Seed { is_new, .. } => *is_new,
            _ => false,
        }
    }
}

impl Record {
    /// The refresh token is about to be sent.
    pub(crate) fn begin(&self, attempt: u128, period: Period) -> Self {
        let sendings = self.in_flight.as_ref().map_or(0, |flight| flight.sendings);
        Self {
            in_flight: Some(InFlight {
                attempt,
                sendings: sendings.saturating_add(1),
                period,
                lost: None,
            }),
            recovery: None,
            rest: None,
            ..self.next()
        }
    }

    /// A login is about to be tried, for all.
    ///
    /// What is in flight stays: a late answer to it still wins.
    pub(crate) fn recover(&self, attempt: u128, period: Period) -> Self {
        Self {
            recovery: Some(Recovery { attempt, period }),
            rest: None,
            ..self.next()
        }
    }

    /// The record again, in a store that had lost it: whether somebody was about to send the refresh
    /// token is not known, so nobody does before that would have ended.
    pub(crate) fn written_back(&self, attempt: u128, period: Period) -> Self {
        let perhaps = InFlight {
            attempt,
            sendings: 0,
            period,
            lost: None,
        };
        Self {
            in_flight: self.in_flight.clone().or(Some(perhaps)),
            ..self.next()
        }
    }

    /// A logout: nothing is left but the count.
    pub(crate) fn forget(&self, lineage: u128, born: Duration, seed: u64) -> Self {
        Self {
            seed,
            ..self.begin_lineage(lineage, born, None)
        }
    }

    fn commit(&self, login: &Login, failed: Option<Rest>) -> Self {
        Self {
            generation: self.generation + 1,
            login: Some(Arc::new(login.over(self.login.as_deref()))),
            in_flight: None,
            failures: 0,
            rest: None,
            dead: None,
            ..self.next()
        }
        .resting(failed)
    }

    fn commit_login(
        &self,
        lineage: u128,
        born: Duration,
        login: &Arc<Login>,
        failed: Option<Rest>,
    ) -> Self {
        let mut record = self.begin_lineage(lineage, born, Some(login));
        if login.access.is_none() {
            // Not even the token that is still valid is given up.
            let access = self.access().cloned();
            record.login = Some(Arc::new(Login {
                access,
                ..(**login).clone()
            }));
        }
        record.resting(failed)
    }

    fn revert(&self, attempt: u128, rest: Option<Rest>) -> Option<Self> {
        let flight = self
            .in_flight
            .as_ref()
            .filter(|flight| flight.attempt == attempt && flight.lost.is_none())?;
        let before = (flight.sendings > 1).then(|| InFlight {
            // Nobody's, or taking it back once more would take back an earlier sending as well.
            attempt: NOBODY,
            sendings: flight.sendings - 1,
            period: Period::default(),
            ..flight.clone()
        });
        Some(Self {
            in_flight: before,
            ..self.resting(rest)
        })
    }

    fn lose(&self, attempt: u128, lost: &Lost, rest: Option<Rest>) -> Option<Self> {
        let flight = self
            .in_flight
            .as_ref()
            .filter(|flight| flight.attempt == attempt)?;
        Some(Self {
            in_flight: Some(InFlight {
                lost: Some(Box::new(lost.clone())),
                ..flight.clone()
            }),
            ..self.resting(rest)
        })
    }

    fn begin_lineage(&self, lineage: u128, born: Duration, login: Option<&Arc<Login>>) -> Self {
        Self {
            lineage,
            // Never before the one it follows, whatever the clocks of two machines say.
            born: born.max(self.born + Duration::from_millis(1)),
            revision: self.revision + 1,
            generation: self.generation + 1,
            login: login.cloned(),
            seed: self.seed,
            ..Self::default()
        }
    }

    fn resting(&self, rest: Option<Rest>) -> Self {
        let next = self.next();
        match rest {
            None => next,
            Some(rest) => Self {
                failures: next.failures.saturating_add(1),
                rest: Some(Box::new(rest)),
                ..next
            },
        }
    }

    /// The same, one revision later.
    pub(crate) fn next(&self) -> Self {
        Self {
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    fn is_recovering(&self, attempt: u128) -> bool {
        self.recovery
            .as_ref()
            .is_some_and(|recovery| recovery.attempt == attempt)
    }

    /// Whether nothing more can come of this login by itself.
    fn is_over(&self) -> bool {
        self.dead.is_some() || (self.refresh_token().is_none() && self.access().is_none())
    }
}
