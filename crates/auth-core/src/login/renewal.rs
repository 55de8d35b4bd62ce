//! A renewal: the way to a new token, from step to step. It decides, and does nothing itself.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;
use crate::error::{Error, LoginReason, StoreFailure};
use crate::grant::LoginKind;
use crate::secret::Secret;

use super::decision::{Allowed, Circumstances};
use super::failure::{self, Fate, LATER};
use super::record::{
    AttemptId, BackOff, Lineage, LogIn, Loss, Period, Record, Refresh, Scope, Stamp,
};
use super::step::{
    After, AwaitLoad, AwaitOther, AwaitResponse, AwaitSwap, AwaitTime, Context, How, Kind, Loaded,
    Look, Next, Notice, Outcome, Rules, Sends, Serve, Step, Surroundings, Swapping, Want,
};
use super::tokens::Tokens;
use super::transition::Change;

/// Knowledge of a renewal, from step to step.
#[derive(Clone, Debug)]
pub(crate) struct Renewal {
    pub(crate) rules: Rules,
    pub(crate) sends: Sends,
    pub(crate) want: Want,
    /// The record that this process last saw in the store.
    pub(crate) base: Option<Record>,
    pub(crate) retries: u32,
    /// The attempt that this process waits for, and for how long it has.
    pub(crate) sighting: (AttemptId, Duration),
    pub(crate) waited: Duration,
    /// An attempt whose process has exited.
    pub(crate) ended: Option<AttemptId>,
    /// The token that is held, and was not stored yet.
    pub(crate) kept: Option<Stamp>,
}

impl Step {
    /// Begins a renewal.
    pub(crate) fn begin(rules: Rules, sends: Sends, want: Want) -> Self {
        let renewal = Renewal {
            rules,
            sends,
            want,
            base: None,
            retries: rules.retries,
            sighting: Default::default(),
            waited: Duration::ZERO,
            ended: None,
            kept: None,
        };
        Box::new(renewal).look(Look::Decide)
    }
}

/// Decisions.
impl Renewal {
    pub(super) fn look(self: Box<Self>, look: Look) -> Step {
        Step::Load(AwaitLoad {
            renewal: self,
            look,
        })
    }

    fn swap(self: Box<Self>, record: Record, swapping: Swapping) -> Step {
        Step::Swap(AwaitSwap {
            renewal: self,
            record: Box::new(record),
            swapping,
        })
    }

    pub(super) fn looked(
        mut self: Box<Self>,
        loaded: Option<Loaded>,
        cx: &mut Context<'_>,
    ) -> Step {
        let is_restored = loaded.as_ref().is_some_and(|loaded| loaded.is_restored);
        self.base = loaded.map(|loaded| loaded.record);
        let went_back = self.restore_newest(cx);
        if went_back || is_restored {
            let change = Change::WriteBack {
                attempt: AttemptId(cx.surroundings.number()),
                period: self.period(cx),
            };
            let now = cx.surroundings.now();
            if let Some(to) = self
                .base
                .as_ref()
                .and_then(|base| change.apply(Some(base), now))
            {
                (cx.tell)(Notice::WentBack);
                return self.swap(to, Swapping::WriteBack);
            }
        }
        self.remember(cx);
        self.decide(None, cx)
    }

    /// Takes the newest record that this process has seen, if the store shows an older one.
    pub(super) fn restore_newest(&mut self, cx: &Context<'_>) -> bool {
        let Some(newest) = &cx.memory.newest else {
            return false;
        };
        let base = self.base.as_ref();
        let went_back = base.is_none_or(|base| base.is_older_than(newest));
        let went_back = went_back && !mutant!(OldRecordAdopted);
        if went_back {
            self.base = Some(newest.clone());
        }
        went_back
    }

    /// Decides what follows. A failure just now is more telling than that it has to be waited out.
    pub(super) fn decide(mut self: Box<Self>, failed: Option<Error>, cx: &mut Context<'_>) -> Step {
        if let Some(change) = cx.memory.owed.clone() {
            if let Some(to) = change.apply(self.base.as_ref(), cx.surroundings.now()) {
                return self.swap(to, Swapping::Settle(change));
            }
            self.settled(&change, cx);
        }
        let serve = self.serve(How::Adopted, cx);
        if let Some(serve) = serve.filter(|serve| !serve.is_due) {
            return Step::Done(Outcome::Serve(serve));
        }
        match self.allowed(cx) {
            Allowed::Refresh(secret) => self.begin(Kind::Refresh, Some(secret), cx),
            Allowed::LogIn => self.begin(Kind::LogIn, None, cx),
            Allowed::Wait { attempt, period } => self.wait(attempt, period, cx),
            Allowed::Nothing(error @ Error::BackOff { .. }) => {
                self.fail(failed.unwrap_or(error), cx)
            }
            Allowed::Nothing(error) => self.fail(error, cx),
        }
    }

    fn allowed(&self, cx: &Context<'_>) -> Allowed {
        let empty = Record::default();
        let base = self.base.as_ref().unwrap_or(&empty);
        let watched = Watched(cx.surroundings, self);
        base.allows(self.rules.replay, &self.sends, &watched)
    }

    /// Notes what is about to be sent.
    fn begin(self: Box<Self>, kind: Kind, secret: Option<Secret>, cx: &mut Context<'_>) -> Step {
        let attempt = AttemptId(cx.surroundings.number());
        let period = self.period(cx);
        let scope = self.scope(kind);
        let change = match kind {
            Kind::Refresh => Change::Begin {
                attempt,
                period,
                scope,
            },
            Kind::LogIn => Change::BeginLogin {
                attempt,
                period,
                scope,
            },
        };
        match change.apply(self.base.as_ref(), cx.surroundings.now()) {
            Some(_) if mutant!(SentWithoutNote) => self.request(attempt, kind, secret),
            Some(to) => self.swap(to, Swapping::Note(attempt, kind, secret)),
            // The record has no refresh token, so none was allowed.
            None => self.look(Look::Decide),
        }
    }

    /// Sends it, unless so much time has passed since it was noted that others take it for lost.
    pub(super) fn send(
        self: Box<Self>,
        attempt: AttemptId,
        kind: Kind,
        secret: Option<Secret>,
        cx: &mut Context<'_>,
    ) -> Step {
        let noted = match (kind, self.base.as_ref()) {
            (_, None) => None,
            (Kind::Refresh, Some(base)) => match base.refresh {
                Refresh::InFlight { period, .. } => Some(period),
                Refresh::Absent | Refresh::Ready(_) | Refresh::Lost { .. } => None,
            },
            (Kind::LogIn, Some(base)) => match base.login {
                LogIn::InProgress { period, .. } => Some(period),
                LogIn::Idle => None,
            },
        };
        if noted.is_some_and(|period| cx.surroundings.is_over(period)) {
            let change = Box::new(kind.undo(attempt, None));
            return self.change(change, After::Decide, cx);
        }
        self.request(attempt, kind, secret)
    }

    fn request(self: Box<Self>, attempt: AttemptId, kind: Kind, secret: Option<Secret>) -> Step {
        let response = AwaitResponse {
            renewal: self,
            attempt,
            kind,
        };
        match secret {
            Some(secret) => Step::Refresh(secret, response),
            None => Step::LogIn(response),
        }
    }

    fn wait(mut self: Box<Self>, attempt: AttemptId, period: Period, cx: &mut Context<'_>) -> Step {
        let adopted = self.serve(How::Adopted, cx);
        if let Some(serve) = adopted.filter(|serve| Some(serve.stamp) != self.want.held) {
            return Step::Done(Outcome::Serve(serve));
        }
        if self.want.is_valid {
            return Step::Done(Outcome::Busy);
        }
        if self.waited > 3 * self.rules.flight.max(period.length()) {
            let error = Error::BackOff {
                wait: LONGEST_POLL,
                cause: Box::new(Error::store(
                    StoreFailure::Unavailable,
                    "timed out waiting for other processes to renew; check their logs",
                )),
            };
            return self.fail(error, cx);
        }
        if self.waited.is_zero() {
            (cx.tell)(Notice::Waiting);
        }
        if self.sighting.0 != attempt {
            self.sighting = (attempt, Duration::ZERO);
        }
        let wait = poll(self.waited);
        Step::Wait(AwaitOther {
            renewal: self,
            attempt,
            wait,
        })
    }

    pub(super) fn store_failed(self: Box<Self>, error: Error, cx: &mut Context<'_>) -> Step {
        if !error.is_transient() {
            return self.fail(error, cx);
        }
        self.retry_or_fail(error, LATER.wait(1), cx)
    }

    /// Fails, unless the caller can have a token that is stored and valid, if due as well.
    fn fail(&self, error: Error, cx: &Context<'_>) -> Step {
        let adopted = self.serve(How::Adopted, cx);
        Step::Done(match adopted.filter(|_| !self.want.is_valid) {
            Some(serve) => Outcome::Serve(Serve {
                is_due: true,
                ..serve
            }),
            None => Outcome::Failed(error),
        })
    }

    /// Waits for another try. No caller waits while it has a token, or longer than a caller would like; what an
    /// operator or a user has to correct always takes longer.
    fn retry_or_fail(
        mut self: Box<Self>,
        error: Error,
        wait: Duration,
        cx: &mut Context<'_>,
    ) -> Step {
        let is_served = self.want.is_valid || self.serve(How::Adopted, cx).is_some();
        if is_served || self.retries == 0 || wait > LONGEST_PATIENCE {
            return self.fail(error, cx);
        }
        self.retries -= 1;
        (cx.tell)(Notice::Retry(error, wait));
        Step::Sleep(AwaitTime {
            renewal: self,
            wait,
        })
    }
}

/// Changes of the record: stored, overtaken by another process, or owed.
impl Renewal {
    /// Makes a change, on the record that is stored by now.
    pub(super) fn change(
        self: Box<Self>,
        change: Box<Change>,
        after: After,
        cx: &mut Context<'_>,
    ) -> Step {
        match change.apply(self.base.as_ref(), cx.surroundings.now()) {
            Some(to) => self.swap(to, Swapping::Change(change, after)),
            None => self.overtaken(after, cx),
        }
    }

    pub(super) fn stored(
        mut self: Box<Self>,
        record: Record,
        swapping: Swapping,
        cx: &mut Context<'_>,
    ) -> Step {
        self.base = Some(record);
        self.remember(cx);
        match swapping {
            Swapping::WriteBack => self.decide(None, cx),
            Swapping::Settle(change) => {
                self.settled(&change, cx);
                self.decide(None, cx)
            }
            Swapping::Note(attempt, kind, secret) => self.send(attempt, kind, secret, cx),
            Swapping::Change(_, after) => self.changed(after, cx),
        }
    }

    fn changed(self: Box<Self>, after: After, cx: &mut Context<'_>) -> Step {
        match after {
            After::Serve(_, how) => match self.serve(how, cx) {
                Some(serve) => Step::Done(Outcome::Serve(Serve {
                    is_due: false,
                    ..serve
                })),
                None => self.decide(None, cx),
            },
            After::Fail(error, Next::After(wait)) => self.retry_or_fail(error, wait, cx),
            After::Fail(error, Next::Stop) => self.fail(error, cx),
            After::Fail(error, Next::Now) => self.decide(Some(error), cx),
            After::Decide => self.decide(None, cx),
        }
    }

    /// Another process was quicker, or logged out.
    fn overtaken(self: Box<Self>, after: After, cx: &mut Context<'_>) -> Step {
        self.remember(cx);
        let adopted = self.serve(How::Adopted, cx);
        if let Some(serve) = adopted.filter(|serve| Some(serve.stamp) != self.want.held) {
            return Step::Done(Outcome::Serve(serve));
        }
        match after {
            After::Serve(access, _) => Step::Done(Outcome::ServeOnce(access)),
            After::Fail(error, _) => self.fail(error, cx),
            After::Decide => self.decide(None, cx),
        }
    }

    /// Keeps a change that could not be stored, for the next opportunity.
    pub(super) fn owe(
        mut self: Box<Self>,
        change: Box<Change>,
        after: After,
        error: Error,
        cx: &mut Context<'_>,
    ) -> Step {
        let unstored = change.apply(self.base.as_ref(), cx.surroundings.now());
        if change.holds_a_token() {
            (cx.tell)(Notice::NotStored(error));
        }
        if !mutant!(UnsavedForgotten) {
            cx.memory.owed = Some(change);
        }
        match after {
            After::Serve(access, how) => {
                self.base = unstored;
                Step::Done(match self.serve(how, cx) {
                    Some(serve) => Outcome::Serve(Serve {
                        is_due: true,
                        ..serve
                    }),
                    None => Outcome::ServeOnce(access),
                })
            }
            After::Fail(error, _) => self.fail(error, cx),
            After::Decide => {
                let detail = "too slow to continue, and then not reached again; nothing was sent";
                self.fail(Error::store(StoreFailure::Unavailable, detail), cx)
            }
        }
    }

    /// No change is owed any more: it is stored, or was, or a newer one is.
    fn settled(&mut self, change: &Change, cx: &mut Context<'_>) {
        cx.memory.owed = None;
        if change.holds_a_token() {
            // The token was due for being stored, and may be fresh otherwise.
            self.kept = self.want.held.take();
        }
        if matches!(change, Change::Commit { .. } | Change::CommitLogin { .. }) {
            (cx.tell)(Notice::Stored);
        }
    }

    fn remember(&self, cx: &mut Context<'_>) {
        cx.memory.newest.clone_from(&self.base);
    }

    /// The token of the record, if it can be served.
    fn serve(&self, how: How, cx: &Context<'_>) -> Option<Serve> {
        let Want {
            held,
            is_valid,
            rejected,
            ahead,
        } = self.want;
        let base = self.base.as_ref()?;
        let access = base.access.as_ref()?;
        let stamp = base.stamp();
        let now = cx.surroundings.now();
        let is_held = held == Some(stamp);
        // The token that is held may have been overtaken before it was stored, and is newer nevertheless.
        let newest = held.or(self.kept);
        let is_older = newest.is_some_and(|newest| stamp.generation < newest.generation);
        let (how, usable) = match how {
            How::Adopted if is_held => (How::Kept, is_valid),
            How::Adopted if self.kept == Some(stamp) => (How::Kept, is_valid),
            How::Adopted if is_valid && is_older => (how, false),
            How::Adopted | How::Kept => (how, access.is_valid(now)),
            // Good for this one call, if for no more.
            How::Obtained | How::Refreshed { .. } => (how, true),
        };
        let fresh_for = access.fresh_for(self.rules.renew_ahead);
        let is_fresh = access.age(now).is_some_and(|age| age + ahead < fresh_for);
        (usable && rejected != Some(stamp)).then(|| Serve {
            access: Arc::clone(access),
            stamp,
            fresh_for,
            how,
            // The token that is held is looked at because it is due.
            is_due: is_held || !is_fresh,
        })
    }
}

/// Responses, or their absence, and what they change.
impl Renewal {
    pub(super) fn failed(
        self: Box<Self>,
        attempt: AttemptId,
        kind: Kind,
        mut error: Error,
        cx: &mut Context<'_>,
    ) -> Step {
        if kind == Kind::LogIn && failure::is_of_password(&error, &self.sends) {
            error = error.with_hint("check the user name and the password");
        }
        (cx.tell)(Notice::Failed(error.clone()));
        if matches!(error, Error::Configuration { .. }) {
            // Nothing was sent, and nothing will be before a setting is changed.
            let after = After::Fail(error, Next::Stop);
            return self.change(Box::new(kind.undo(attempt, None)), after, cx);
        }
        let successor = error.successor();
        let empty = Record::default();
        let base = self.base.as_ref().unwrap_or(&empty);
        let now = cx.surroundings.now();
        let (fate, back_off) = match kind {
            Kind::Refresh => failure::of_refresh(&error, &self.sends, base, now),
            Kind::LogIn => {
                let back_off = failure::of_login(&error, &self.sends, base, now);
                error = base.nothing_to_log_in_with(error);
                (Fate::Kept, back_off)
            }
        };
        let is_refresh = kind == Kind::Refresh;
        let next = match &back_off {
            // A response that makes no sense now will make none in a second.
            _ if matches!(error, Error::Response(_)) => Next::Stop,
            Some(back_off) if back_off.scope == Scope::Everyone => {
                Next::After(back_off.period.length())
            }
            // A refresh that is refused leaves the login; after that nothing else can be tried.
            _ if is_refresh && (fate == Fate::Spent || back_off.is_some()) => Next::Now,
            _ => Next::Stop,
        };
        let after = After::Fail(error.clone(), next);
        if let Some(successor) = successor {
            let tokens = Tokens::seeded(Some(successor), now);
            let change = self.commit(attempt, kind, tokens, back_off, cx);
            return self.change(change, after, cx);
        }
        let fate = match fate {
            Fate::Uncertain if mutant!(UncertainKept) => Fate::Kept,
            other => other,
        };
        let lose = |reason, back_off| Change::Lose {
            attempt,
            loss: Loss {
                reason,
                cause: Some(error),
            },
            back_off,
        };
        let change = match fate {
            Fate::Kept => kind.undo(attempt, back_off),
            Fate::Spent => lose(LoginReason::RefreshTokenRefused, back_off),
            Fate::Uncertain => lose(LoginReason::RefreshTokenUncertain, back_off),
        };
        self.change(Box::new(change), after, cx)
    }

    pub(super) fn commit(
        &self,
        attempt: AttemptId,
        kind: Kind,
        tokens: Tokens,
        failed: Option<BackOff>,
        cx: &mut Context<'_>,
    ) -> Box<Change> {
        let scope = self.scope(kind);
        let Stamp {
            lineage,
            generation,
        } = self.base.as_ref().map(Record::stamp).unwrap_or_default();
        Box::new(match kind {
            Kind::Refresh => Change::Commit {
                lineage,
                generation,
                tokens,
                scope,
                failed,
            },
            Kind::LogIn => Change::CommitLogin {
                attempt,
                lineage: Lineage(cx.surroundings.number()),
                born: cx.surroundings.now().wall,
                tokens,
                scope,
                failed,
            },
        })
    }

    /// The scope of refusals of what this session sends; `None` for a login that a user has just made.
    fn scope(&self, kind: Kind) -> Option<Scope> {
        let Sends {
            who,
            login,
            refresh,
        } = &self.sends;
        match kind {
            Kind::Refresh => refresh.as_ref().ok().copied().map(Scope::Refresh),
            Kind::LogIn if *who == LoginKind::Interactive => None,
            Kind::LogIn => login.as_ref().ok().copied().map(Scope::Login),
        }
    }

    fn period(&self, cx: &Context<'_>) -> Period {
        Period::new(cx.surroundings.now(), self.rules.flight)
    }
}

/// The surroundings, with what this renewal has seen of other processes.
struct Watched<'a>(&'a dyn Surroundings, &'a Renewal);

impl Circumstances for Watched<'_> {
    fn has_ended(&self, attempt: AttemptId, period: Period) -> bool {
        let Self(surroundings, renewal) = self;
        let (seen, waited) = renewal.sighting;
        surroundings.is_over(period)
            || renewal.ended == Some(attempt)
            // By any clock: an attempt that was watched for its whole period is over.
            || (seen == attempt && waited >= period.length() && !waited.is_zero())
    }

    fn is_over(&self, back_off: Period) -> bool {
        self.0.is_over(back_off)
    }

    fn now(&self) -> Moment {
        self.0.now()
    }
}

/// The delay before another process is polled again, after having waited so long.
fn poll(waited: Duration) -> Duration {
    let longest = (SHORTEST_POLL + waited / 2).min(LONGEST_POLL);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// The longest wait inside a call; after a longer one the caller decides.
pub(super) const LONGEST_PATIENCE: Duration = Duration::from_secs(10);
const SHORTEST_POLL: Duration = Duration::from_millis(100);
const LONGEST_POLL: Duration = Duration::from_secs(1);
