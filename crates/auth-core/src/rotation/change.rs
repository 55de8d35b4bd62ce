//! The transitions of a record. Each is a pure function, and in a store one compare-and-swap.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;

use super::decide::NOBODY;
use super::{BackOff, InFlight, Login, Lost, Period, Record, Recovery, Scope, Verdict};

/// What is to be noted once a request has ended, however late and on whatever record is there then.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A refresh brought a token. Neither the deadline nor who is in flight now is asked: the only
    /// valid successor is never thrown away.
    Commit {
        lineage: u128,
        generation: u64,
        login: Arc<Login>,
        /// Whose back-off ends.
        scope: Option<Scope>,
        failed: Option<BackOff>,
    },
    /// A login brought a token.
    CommitLogin {
        attempt: u128,
        lineage: u128,
        born: Duration,
        login: Arc<Login>,
        /// Whose back-off ends.
        scope: Option<Scope>,
        failed: Option<BackOff>,
    },
    /// The refresh token did not leave this machine, or the server says that it was not used.
    Revert {
        attempt: u128,
        back_off: Option<BackOff>,
    },
    /// The refresh token is spent or may be.
    Lose {
        attempt: u128,
        lost: Lost,
        back_off: Option<BackOff>,
    },
    /// A login failed; others may try.
    Release {
        attempt: u128,
        back_off: Option<BackOff>,
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
    pub(crate) fn apply(&self, record: Option<&Record>, now: Moment) -> Option<Record> {
        let empty = Record::default();
        let old = record.unwrap_or(&empty);
        match self {
            Self::Commit {
                lineage,
                generation,
                login,
                scope,
                failed,
            } => {
                let mine = old.lineage == *lineage && old.generation == *generation;
                let mine = mine || mutant!(CommitComparesNothing);
                let mine = mine && !(mutant!(LateCommitRefused) && old.recovery.is_some());
                mine.then(|| old.commit(login, *scope, failed.clone()))
            }
            Self::CommitLogin {
                attempt,
                lineage,
                born,
                login,
                scope,
                failed,
            } => {
                let mine = record.is_none() || old.is_recovering(*attempt);
                let mine = mine || mutant!(LoginComparesNothing);
                mine.then(|| old.commit_login(*lineage, *born, login, *scope, failed.clone()))
            }
            Self::Revert { attempt, back_off } => old.revert(*attempt, back_off.clone()),
            Self::Lose {
                attempt,
                lost,
                back_off,
            } => old.lose(*attempt, lost, back_off.clone()),
            Self::Release { attempt, back_off } => {
                let released = Record {
                    recovery: None,
                    ..old.backing_off(back_off.clone())
                };
                old.is_recovering(*attempt).then_some(released)
            }
            Self::Seed {
                lineage,
                born,
                login,
                print,
                is_new,
            } => {
                let wanted = record.is_none() || *is_new || old.is_over(now);
                let seeded = || Record {
                    seed: *print,
                    // What was refused was another refresh token; a password is the same.
                    back_offs: old.back_offs_of_logins(),
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
    pub(crate) fn begin(&self, attempt: u128, period: Period, scope: Option<Scope>) -> Self {
        let sendings = self.in_flight.as_ref().map_or(0, |flight| flight.sendings);
        Self {
            in_flight: Some(InFlight {
                attempt,
                sendings: match mutant!(SendingsNotCounted) {
                    true => 1,
                    false => sendings.saturating_add(1),
                },
                period,
                lost: None,
            }),
            recovery: None,
            ..self.trying(scope)
        }
    }

    /// A login is about to be tried, for all.
    ///
    /// What is in flight stays: a late answer to it still wins.
    pub(crate) fn recover(&self, attempt: u128, period: Period, scope: Option<Scope>) -> Self {
        Self {
            recovery: Some(Recovery { attempt, period }),
            in_flight: self
                .in_flight
                .clone()
                .filter(|_| !mutant!(LoginClearsFlight)),
            ..self.trying(scope)
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
            in_flight: self
                .in_flight
                .clone()
                .or(Some(perhaps).filter(|_| !mutant!(UsedWhenWrittenBack))),
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

    fn commit(&self, login: &Login, scope: Option<Scope>, failed: Option<BackOff>) -> Self {
        Self {
            generation: self.generation + 1,
            login: Some(Arc::new(login.over(self.login.as_deref()))),
            in_flight: None,
            back_offs: self.back_offs_without(scope),
            ..self.next()
        }
        .backing_off(failed)
    }

    fn commit_login(
        &self,
        lineage: u128,
        born: Duration,
        login: &Arc<Login>,
        scope: Option<Scope>,
        failed: Option<BackOff>,
    ) -> Self {
        let mut record = Self {
            back_offs: match scope {
                Some(_) => self.back_offs_without(scope),
                // A person has logged in: it is another refresh token from now on.
                None => self.back_offs_of_logins(),
            },
            ..self.begin_lineage(lineage, born, Some(login))
        };
        if login.access.is_none() {
            // Not even the token that is still valid is given up.
            let access = self.access().cloned();
            record.login = Some(Arc::new(Login {
                access,
                ..(**login).clone()
            }));
        }
        record.backing_off(failed)
    }

    fn revert(&self, attempt: u128, back_off: Option<BackOff>) -> Option<Self> {
        let flight = self
            .in_flight
            .as_ref()
            .filter(|flight| flight.attempt == attempt || mutant!(RevertComparesNothing))
            .filter(|flight| flight.lost.is_none())?;
        let before = (flight.sendings > 1).then(|| InFlight {
            // Nobody's, or taking it back once more would take back an earlier sending as well.
            attempt: if mutant!(RevertedTwice) {
                attempt
            } else {
                NOBODY
            },
            sendings: flight.sendings - 1,
            period: Period::default(),
            ..flight.clone()
        });
        Some(Self {
            in_flight: before,
            ..self.backing_off(back_off)
        })
    }

    fn lose(&self, attempt: u128, lost: &Lost, back_off: Option<BackOff>) -> Option<Self> {
        let flight = self
            .in_flight
            .as_ref()
            .filter(|flight| flight.attempt == attempt)?;
        Some(Self {
            in_flight: Some(InFlight {
                lost: Some(Box::new(lost.clone())),
                ..flight.clone()
            }),
            ..self.backing_off(back_off)
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

    /// Replaces the back-off of this scope, and drops those that have been over for a day.
    fn backing_off(&self, back_off: Option<BackOff>) -> Self {
        let mut next = self.next();
        let Some(back_off) = back_off else {
            return next;
        };
        let now = back_off.period.since;
        next.back_offs.retain(|other| {
            let is_old = other.period.until.saturating_add(FORGOTTEN) < now;
            other.scope != back_off.scope && !is_old
        });
        next.back_offs.push(back_off);
        if next.back_offs.len() > MOST_BACK_OFFS {
            next.back_offs.remove(0);
        }
        next
    }

    /// An attempt begins: what it waited for is over, and counted on.
    fn trying(&self, scope: Option<Scope>) -> Self {
        let mut next = self.next();
        for back_off in &mut next.back_offs {
            if back_off.scope == Scope::Everyone || Some(back_off.scope) == scope {
                back_off.period.until = back_off.period.since;
            }
        }
        next
    }

    /// What is left to wait for after a success.
    fn back_offs_without(&self, scope: Option<Scope>) -> Vec<BackOff> {
        let others = self
            .back_offs
            .iter()
            .filter(|back_off| back_off.scope != Scope::Everyone && Some(back_off.scope) != scope);
        others.cloned().collect()
    }

    fn back_offs_of_logins(&self) -> Vec<BackOff> {
        let logins = self
            .back_offs
            .iter()
            .filter(|back_off| matches!(back_off.scope, Scope::Login(_)));
        logins.cloned().collect()
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
    fn is_over(&self, now: Moment) -> bool {
        let goes_on = |period: Period| !period.left(now).is_zero();
        let flight = self
            .in_flight
            .as_ref()
            .filter(|flight| flight.lost.is_none());
        let is_busy = flight.is_some_and(|flight| goes_on(flight.period))
            || self
                .recovery
                .as_ref()
                .is_some_and(|recovery| goes_on(recovery.period));
        let is_refused = self
            .back_offs
            .iter()
            .any(|back_off| self.is_given_up_by(back_off));
        let refreshes = self.unsent().is_some_and(|token| token.is_alive(now)) && !is_refused;
        let works = self.access().is_some_and(|access| access.is_valid(now));
        !is_busy && !refreshes && !works
    }

    /// Whether the refresh token was refused so often, in unclear words, that a person should log in.
    pub(crate) fn is_given_up_by(&self, back_off: &BackOff) -> bool {
        matches!(back_off.scope, Scope::Refresh(_))
            && back_off.verdict == Verdict::Unclear
            && back_off.times
                >= if mutant!(PersonAskedAtOnce) {
                    1
                } else {
                    IN_A_ROW
                }
            && back_off.generation == self.generation
    }
}

/// So many refusals of a refresh in a row, in unclear words, are not a firewall's.
pub(super) const IN_A_ROW: u32 = 3;
/// More settings than this are not tried on one login at a time; the oldest refusal goes.
const MOST_BACK_OFFS: usize = 16;
/// How long after its end a back-off still counts as the last in a row.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);
