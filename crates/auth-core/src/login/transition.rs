//! Every change of a record, as a pure function; in a store each is one compare-and-swap.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Moment, UnixTime};
use crate::error::LoginReason;
use crate::fingerprint::Fingerprint;

use super::record::{
    AttemptId, BackOff, Generation, Lineage, LogIn, Loss, Period, Record, Refresh, Scope,
};
use super::tokens::{Access, Tokens};

/// A change of a record.
///
/// The second half of the changes is made once a request has ended, however late, and on the record
/// that is stored by then.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// The refresh token is about to be sent.
    Begin {
        attempt: AttemptId,
        period: Period,
        scope: Option<Scope>,
    },
    /// A login is about to be tried, for all. A refresh in flight stays: a late response to it still wins.
    BeginLogin {
        attempt: AttemptId,
        period: Period,
        scope: Option<Scope>,
    },
    /// The record is stored again after the store had lost it. Another process may have begun a request
    /// that is not in it, so no process begins one before that would have ended.
    WriteBack { attempt: AttemptId, period: Period },
    /// A logout: only the count remains.
    Forget {
        lineage: Lineage,
        born: UnixTime,
        seed: Option<Fingerprint>,
    },
    /// A refresh brought tokens. Neither the deadline nor the attempt in flight by now matters: the only
    /// valid successor is never thrown away.
    Commit {
        lineage: Lineage,
        generation: Generation,
        tokens: Tokens,
        /// The scope whose back-off ends.
        scope: Option<Scope>,
        failed: Option<BackOff>,
    },
    /// A login brought tokens.
    CommitLogin {
        attempt: AttemptId,
        lineage: Lineage,
        born: UnixTime,
        tokens: Tokens,
        /// The scope whose back-off ends.
        scope: Option<Scope>,
        failed: Option<BackOff>,
    },
    /// The refresh token did not leave this machine, or the server's response means that it was not used.
    Revert {
        attempt: AttemptId,
        back_off: Option<BackOff>,
    },
    /// The refresh token is spent or may be.
    Lose {
        attempt: AttemptId,
        loss: Loss,
        back_off: Option<BackOff>,
    },
    /// A login failed; other processes may try.
    ReleaseLogin {
        attempt: AttemptId,
        back_off: Option<BackOff>,
    },
    /// Tokens from elsewhere.
    Seed {
        lineage: Lineage,
        born: UnixTime,
        tokens: Tokens,
        seed: Fingerprint,
        /// They are from a login just made; else the stored ones may be newer.
        is_new: bool,
    },
}

impl Change {
    /// The record after the change; `None` if the record does not allow it, or no longer.
    pub(crate) fn apply(&self, record: Option<&Record>, now: Moment) -> Option<Record> {
        let empty = Record::default();
        let old = record.unwrap_or(&empty);
        match self {
            Self::Begin {
                attempt,
                period,
                scope,
            } => old.begin(*attempt, *period, *scope),
            Self::BeginLogin {
                attempt,
                period,
                scope,
            } => Some(old.begin_login(*attempt, *period, *scope)),
            Self::WriteBack { attempt, period } => Some(old.write_back(*attempt, *period)),
            Self::Forget {
                lineage,
                born,
                seed,
            } => Some(Record {
                seed: *seed,
                ..old.begin_lineage(*lineage, *born, &Tokens::default())
            }),
            Self::Commit {
                lineage,
                generation,
                tokens,
                scope,
                failed,
            } => {
                let own = old.lineage == *lineage && old.generation == *generation;
                let own = own || mutant!(CommitComparesNothing);
                let own = own && !(mutant!(LateCommitRefused) && old.login != LogIn::Idle);
                own.then(|| old.commit(tokens, *scope, failed.clone()))
            }
            Self::CommitLogin {
                attempt,
                lineage,
                born,
                tokens,
                scope,
                failed,
            } => {
                let own = record.is_none() || old.is_logging_in(*attempt);
                let own = own || mutant!(LoginComparesNothing);
                own.then(|| {
                    let next = old.begin_lineage(*lineage, *born, tokens);
                    old.commit_login(next, *scope, failed.clone())
                })
            }
            Self::Revert { attempt, back_off } => old.revert(*attempt, back_off.clone()),
            Self::Lose {
                attempt,
                loss,
                back_off,
            } => old.lose(*attempt, loss, back_off.clone()),
            Self::ReleaseLogin { attempt, back_off } => {
                old.is_logging_in(*attempt).then(|| Record {
                    login: LogIn::Idle,
                    ..old.backing_off(back_off.clone())
                })
            }
            Self::Seed {
                lineage,
                born,
                tokens,
                seed,
                is_new,
            } => {
                let is_wanted = record.is_none() || *is_new || old.is_over(now);
                (is_wanted && old.seed != Some(*seed)).then(|| Record {
                    seed: Some(*seed),
                    // What was refused was another refresh token; a password is the same.
                    back_offs: old.back_offs_of_logins(),
                    ..old.begin_lineage(*lineage, *born, tokens)
                })
            }
        }
    }

    /// Returns `true` if losing the change would lose a token.
    pub(crate) fn holds_a_token(&self) -> bool {
        match self {
            Self::Commit { .. } | Self::CommitLogin { .. } => true,
            Self::Seed { is_new, .. } => *is_new,
            Self::Begin { .. }
            | Self::BeginLogin { .. }
            | Self::WriteBack { .. }
            | Self::Forget { .. }
            | Self::Revert { .. }
            | Self::Lose { .. }
            | Self::ReleaseLogin { .. } => false,
        }
    }
}

impl Record {
    fn begin(&self, attempt: AttemptId, period: Period, scope: Option<Scope>) -> Option<Self> {
        let sendings = match mutant!(SendingsNotCounted) {
            true => 1,
            false => self.refresh.sendings().saturating_add(1),
        };
        Some(Self {
            refresh: Refresh::InFlight {
                token: Arc::clone(self.refresh.token()?),
                attempt,
                sendings,
                period,
            },
            login: LogIn::Idle,
            ..self.trying(scope)
        })
    }

    fn begin_login(&self, attempt: AttemptId, period: Period, scope: Option<Scope>) -> Self {
        let refresh = match mutant!(LoginClearsFlight) {
            true => Refresh::new(self.refresh.token().cloned()),
            false => self.refresh.clone(),
        };
        Self {
            refresh,
            login: LogIn::InProgress { attempt, period },
            ..self.trying(scope)
        }
    }

    fn write_back(&self, attempt: AttemptId, period: Period) -> Self {
        let mut next = self.next();
        match (&self.refresh, self.login) {
            _ if mutant!(UsedWhenWrittenBack) => {}
            (Refresh::Ready(token), _) => {
                next.refresh = Refresh::InFlight {
                    token: Arc::clone(token),
                    attempt,
                    sendings: 0,
                    period,
                };
            }
            (Refresh::InFlight { .. } | Refresh::Lost { .. }, _) => {}
            // A login that is noted may still be stored by the process that makes it.
            (Refresh::Absent, LogIn::InProgress { attempt, .. }) => {
                next.login = LogIn::InProgress { attempt, period };
            }
            (Refresh::Absent, LogIn::Idle) => next.login = LogIn::InProgress { attempt, period },
        }
        next
    }

    fn commit(&self, tokens: &Tokens, scope: Option<Scope>, failed: Option<BackOff>) -> Self {
        let access = tokens.access.as_ref().map(|new| self.with_scope(new));
        // A response without a new refresh token means that the old one stays (RFC 6749 §6).
        let refresh = tokens.refresh.as_ref().or(self.refresh.token());
        Self {
            generation: self.generation.next(),
            access: access.or_else(|| self.access.clone()),
            refresh: Refresh::new(refresh.cloned()),
            back_offs: self.back_offs_without(scope),
            ..self.next()
        }
        .backing_off(failed)
    }

    /// A response without a scope means that it is unchanged (RFC 6749 §5.1 and §6).
    fn with_scope(&self, new: &Arc<Access>) -> Arc<Access> {
        let old = self
            .access
            .as_ref()
            .and_then(|access| access.scope.as_ref());
        match (&new.scope, old) {
            (None, Some(scope)) => Arc::new(Access {
                scope: Some(scope.clone()),
                ..(**new).clone()
            }),
            _ => Arc::clone(new),
        }
    }

    fn commit_login(&self, next: Self, scope: Option<Scope>, failed: Option<BackOff>) -> Self {
        let back_offs = match scope {
            Some(_) => self.back_offs_without(scope),
            // A user has logged in: it is another refresh token from now on.
            None => self.back_offs_of_logins(),
        };
        // Not even the access token that is still valid is given up.
        let access = next.access.clone().or_else(|| self.access.clone());
        Self {
            back_offs,
            access,
            ..next
        }
        .backing_off(failed)
    }

    fn revert(&self, attempt: AttemptId, back_off: Option<BackOff>) -> Option<Self> {
        let Refresh::InFlight {
            token,
            attempt: noted,
            sendings,
            ..
        } = &self.refresh
        else {
            return None;
        };
        if *noted != attempt && !mutant!(RevertComparesNothing) {
            return None;
        }
        let token = Arc::clone(token);
        let refresh = match sendings {
            0 | 1 => Refresh::Ready(token),
            _ if mutant!(RevertedTwice) => Refresh::InFlight {
                token,
                attempt,
                sendings: sendings - 1,
                period: Period::default(),
            },
            // The earlier sending stays lost, and no attempt can take that back.
            _ => Refresh::Lost {
                token,
                attempt: AttemptId::default(),
                sendings: sendings - 1,
                loss: Box::new(Loss {
                    reason: LoginReason::RefreshTokenUncertain,
                    cause: None,
                }),
            },
        };
        Some(Self {
            refresh,
            ..self.backing_off(back_off)
        })
    }

    fn lose(&self, attempt: AttemptId, loss: &Loss, back_off: Option<BackOff>) -> Option<Self> {
        let (Refresh::InFlight {
            token,
            attempt: noted,
            sendings,
            ..
        }
        | Refresh::Lost {
            token,
            attempt: noted,
            sendings,
            ..
        }) = &self.refresh
        else {
            return None;
        };
        (*noted == attempt).then(|| Self {
            refresh: Refresh::Lost {
                token: Arc::clone(token),
                attempt,
                sendings: *sendings,
                loss: Box::new(loss.clone()),
            },
            ..self.backing_off(back_off)
        })
    }

    fn begin_lineage(&self, lineage: Lineage, born: UnixTime, tokens: &Tokens) -> Self {
        Self {
            lineage,
            // Later than the one it follows, even if the clocks of two machines disagree.
            born: born.max(self.born.plus(Duration::from_millis(1))),
            revision: self.revision + 1,
            generation: self.generation.next(),
            access: tokens.access.clone(),
            refresh: Refresh::new(tokens.refresh.clone()),
            login: LogIn::Idle,
            back_offs: Vec::new(),
            seed: self.seed,
        }
    }

    /// Replaces the back-off of this scope, and drops those that ended more than a day ago.
    fn backing_off(&self, back_off: Option<BackOff>) -> Self {
        let mut next = self.next();
        let Some(back_off) = back_off else {
            return next;
        };
        let now = back_off.period.since;
        next.back_offs.retain(|other| {
            let is_old = other.period.until.plus(FORGOTTEN) < now;
            other.scope != back_off.scope && !is_old
        });
        next.back_offs.push(back_off);
        if next.back_offs.len() > MOST_BACK_OFFS {
            next.back_offs.remove(0);
        }
        next
    }

    /// An attempt begins: the back-offs that it waited for end, and are counted on.
    fn trying(&self, scope: Option<Scope>) -> Self {
        let mut next = self.next();
        for back_off in &mut next.back_offs {
            if back_off.scope == Scope::Everyone || Some(back_off.scope) == scope {
                back_off.period.until = back_off.period.since;
            }
        }
        next
    }

    /// The back-offs that remain after a success.
    fn back_offs_without(&self, scope: Option<Scope>) -> Vec<BackOff> {
        let remains = |it: &&BackOff| it.scope != Scope::Everyone && Some(it.scope) != scope;
        self.back_offs.iter().filter(remains).cloned().collect()
    }

    fn back_offs_of_logins(&self) -> Vec<BackOff> {
        let remains = |it: &&BackOff| matches!(it.scope, Scope::Login(_));
        self.back_offs.iter().filter(remains).cloned().collect()
    }

    /// This record, one revision later.
    pub(crate) fn next(&self) -> Self {
        Self {
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    fn is_logging_in(&self, by: AttemptId) -> bool {
        matches!(self.login, LogIn::InProgress { attempt, .. } if attempt == by)
    }
}

/// More settings than this are not tried on one login at a time; the oldest refusal goes.
const MOST_BACK_OFFS: usize = 16;
/// How long after its end a back-off still counts as the last in a row.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);
