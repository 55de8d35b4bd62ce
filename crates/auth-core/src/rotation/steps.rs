//! The steps to a new token, as a state machine that does nothing itself.
//!
//! It says what to do next, is told what came of it, and so on until it is done. A session does
//! these things; the scheduler in `proof` tries every way in which they can come out.

mod answers;
mod changes;
mod patience;
#[cfg(auth_model)]
mod seen;
mod words;

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use crate::backoff;
use crate::clock::Moment;
use crate::error::Error;
use crate::grant::LoginKind;
use crate::secret::Secret;
use crate::store::Swap;

use super::change::Change;
use super::decide::{Allowed, Circumstances};
use super::{BackOff, Login, Period, Record, Scope, Stamp};

pub(crate) use words::{
    Came, Do, How, Loaded, Memory, Notice, Outcome, Rules, Sends, Serve, Surroundings, Want,
};

/// One way to a new token.
#[derive(Clone, Debug)]
pub(crate) struct Renewal {
    rules: Rules,
    sends: Sends,
    want: Want,
    /// What the store holds, as far as we know.
    base: Option<Record>,
    doing: Doing,
    retries: u32,
    /// Whom we wait for, and how long we have.
    sighting: (u128, Duration),
    waited: Duration,
    ended: Option<u128>,
    /// The token that is held, and was not stored yet.
    kept: Option<Stamp>,
}

/// What was asked for last.
#[derive(Clone, Debug)]
enum Doing {
    Looking,
    /// The same, to make a change that came to nothing because somebody else made one.
    LookingAgain(Change, After),
    WritingBack(Record),
    Settling(Record, Change),
    /// Beginning to refresh, or to log in.
    Beginning(Record, u128, Option<Secret>),
    Sending(u128, Option<Secret>),
    Changing(Record, Change, After),
    Waiting(u128, Duration),
    Sleeping,
    Nothing,
}

/// What follows a change.
#[derive(Clone, Debug)]
enum After {
    Serve(Arc<Login>, How),
    Fail(Error, Next),
    Decide,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Next {
    /// Another way can be tried at once, if there is one.
    Now,
    /// The same can be tried after a wait.
    After(Duration),
    Stop,
}

struct Around<'a>(&'a dyn Surroundings, &'a Renewal);

impl Circumstances for Around<'_> {
    fn is_over(&self, attempt: u128, period: Period) -> bool {
        let Self(surroundings, renewal) = self;
        let (seen, waited) = renewal.sighting;
        surroundings.is_over(period)
            || renewal.ended == Some(attempt)
            // Whatever the clocks say: whoever has been watched for that long has had the time.
            || (seen == attempt && waited >= period.length() && !waited.is_zero())
    }

    fn now(&self) -> Moment {
        self.0.now()
    }
}

impl Renewal {
    pub(crate) fn new(rules: Rules, sends: Sends, want: Want) -> Self {
        Self {
            rules,
            sends,
            want,
            base: None,
            doing: Doing::Nothing,
            retries: rules.retries,
            sighting: Default::default(),
            waited: Duration::ZERO,
            ended: None,
            kept: None,
        }
    }

    /// What to do next, now that this has come.
    pub(crate) fn next(
        &mut self,
        came: Came,
        memory: &mut Memory,
        around: &mut dyn Surroundings,
        tell: &mut dyn FnMut(Notice),
    ) -> Do {
        let mut step = Step {
            renewal: self,
            memory,
            around,
            tell,
        };
        step.next(came)
    }

    fn ask(&mut self, doing: Doing) -> Do {
        let ask = match &doing {
            Doing::Beginning(to, attempt, _) => Do::Swap(Box::new(to.clone()), Some(*attempt)),
            Doing::WritingBack(to) | Doing::Settling(to, _) | Doing::Changing(to, ..) => {
                Do::Swap(Box::new(to.clone()), None)
            }
            Doing::Sending(_, Some(secret)) => Do::Refresh(secret.clone()),
            Doing::Sending(_, None) => Do::LogIn,
            Doing::Waiting(attempt, wait) => Do::Wait(*attempt, *wait),
            Doing::Looking | Doing::LookingAgain(..) | Doing::Sleeping | Doing::Nothing => Do::Load,
        };
        self.doing = doing;
        ask
    }
}

/// A renewal with all it needs for one step.
struct Step<'a> {
    renewal: &'a mut Renewal,
    memory: &'a mut Memory,
    around: &'a mut dyn Surroundings,
    tell: &'a mut dyn FnMut(Notice),
}

impl Step<'_> {
    fn next(&mut self, came: Came) -> Do {
        match (mem::replace(&mut self.renewal.doing, Doing::Nothing), came) {
            (Doing::Looking, Came::Loaded(Ok(loaded))) => self.looked(loaded),
            (Doing::LookingAgain(change, after), Came::Loaded(Ok(loaded))) => {
                self.renewal.base = loaded.map(|loaded| loaded.record);
                self.restore_newest();
                self.change(change, after)
            }
            (Doing::LookingAgain(change, after), Came::Loaded(Err(error)))
            | (Doing::Changing(_, change, after), Came::Swapped(Err(error))) => {
                self.owe(change, after, error)
            }
            (Doing::Looking, Came::Loaded(Err(error)))
            | (Doing::WritingBack(_) | Doing::Settling(..), Came::Swapped(Err(error))) => {
                self.store_failed(error)
            }
            (Doing::WritingBack(to), Came::Swapped(Ok(Swap::Stored))) => {
                self.stored(to);
                self.decide()
            }
            (Doing::Settling(to, change), Came::Swapped(Ok(Swap::Stored))) => {
                self.stored(to);
                self.settled(&change);
                self.decide()
            }
            (Doing::Beginning(to, attempt, secret), Came::Swapped(Ok(Swap::Stored))) => {
                self.stored(to);
                self.send(attempt, secret)
            }
            (Doing::Beginning(_, attempt, secret), Came::Swapped(Err(error))) => {
                // It may have been noted all the same; nothing was sent.
                self.memory.owed = Some(Box::new(undo(attempt, secret.is_some(), None)));
                self.store_failed(error)
            }
            (Doing::Changing(to, change, after), Came::Swapped(Ok(swap))) => match swap {
                Swap::Stored => {
                    self.stored(to);
                    self.changed(after)
                }
                Swap::Conflict => self.renewal.ask(Doing::LookingAgain(change, after)),
            },
            (Doing::Sending(attempt, secret), Came::Answered(answer, started)) => {
                self.answered(attempt, secret.is_some(), answer, started)
            }
            (Doing::Waiting(attempt, wait), Came::Waited(has_ended)) => {
                self.waited(attempt, wait, has_ended)
            }
            // The beginning, a sleep, or a swap that somebody else was quicker to make.
            _ => self.renewal.ask(Doing::Looking),
        }
    }

    fn looked(&mut self, loaded: Option<Loaded>) -> Do {
        let is_restored = loaded.as_ref().is_some_and(|loaded| loaded.is_restored);
        self.renewal.base = loaded.map(|loaded| loaded.record);
        let went_back = self.restore_newest();
        if (went_back || is_restored)
            && let Some(base) = self.renewal.base.clone()
        {
            (self.tell)(Notice::WentBack);
            let period = self.period();
            let to = base.written_back(self.around.number(), period);
            return self.renewal.ask(Doing::WritingBack(to));
        }
        self.remember();
        self.decide()
    }

    /// What we have seen, if the store shows something older.
    fn restore_newest(&mut self) -> bool {
        let Some(newest) = &self.memory.newest else {
            return false;
        };
        let base = self.renewal.base.as_ref();
        let went_back = base.is_none_or(|base| base.is_older_than(newest));
        if went_back {
            self.renewal.base = Some(newest.clone());
        }
        went_back
    }

    fn decide(&mut self) -> Do {
        self.decide_after(None)
    }

    /// What follows; what has just failed is more telling than that it has to be waited out.
    fn decide_after(&mut self, failed: Option<Error>) -> Do {
        if let Some(change) = self.memory.owed.as_deref().cloned() {
            if let Some(to) = change.apply(self.renewal.base.as_ref(), self.around.now()) {
                return self.renewal.ask(Doing::Settling(to, change));
            }
            self.settled(&change);
        }
        if let Some(serve) = self.serve(How::Adopted).filter(|serve| !serve.is_due) {
            return done(Outcome::Serve(serve));
        }
        match self.allowed() {
            Allowed::Refresh(secret) => self.begin(Some(secret)),
            Allowed::LogIn => self.begin(None),
            Allowed::Wait { attempt, period } => self.wait(attempt, period),
            Allowed::Nothing(error @ Error::NotBefore { .. }) => self.fail(failed.unwrap_or(error)),
            Allowed::Nothing(error) => self.fail(error),
        }
    }

    fn allowed(&self) -> Allowed {
        let empty = Record::default();
        let base = self.renewal.base.as_ref().unwrap_or(&empty);
        let around = Around(self.around, self.renewal);
        let Renewal {
            rules, sends, want, ..
        } = &*self.renewal;
        base.allows(rules.replay, sends, want.new_login, &around)
    }

    /// Notes what is about to be sent.
    fn begin(&mut self, secret: Option<Secret>) -> Do {
        let attempt = self.around.number();
        let period = self.period();
        let base = self.renewal.base.clone().unwrap_or_default();
        let to = match secret {
            Some(_) => base.begin(attempt, period, self.scope(true)),
            None => base.recover(attempt, period, self.scope(false)),
        };
        if mutant!(SentWithoutNote) {
            return self.renewal.ask(Doing::Sending(attempt, secret));
        }
        self.renewal.ask(Doing::Beginning(to, attempt, secret))
    }

    /// Sends it, unless so much time has passed since it was noted that others take it for lost.
    fn send(&mut self, attempt: u128, secret: Option<Secret>) -> Do {
        let base = self.renewal.base.as_ref();
        let period = match secret {
            Some(_) => base.and_then(|r| r.in_flight.as_ref()).map(|f| f.period),
            None => base.and_then(|r| r.recovery.as_ref()).map(|r| r.period),
        };
        if period.is_some_and(|period| self.around.is_over(period)) {
            return self.change(undo(attempt, secret.is_some(), None), After::Decide);
        }
        self.renewal.want.new_login = false;
        self.renewal.ask(Doing::Sending(attempt, secret))
    }

    /// The token of the record, if it can be served.
    fn serve(&self, how: How) -> Option<Serve> {
        let Want {
            held,
            is_valid,
            rejected,
            ahead,
            new_login,
        } = self.renewal.want;
        let base = self.renewal.base.as_ref()?;
        let access = base.access()?;
        let stamp = base.stamp();
        let now = self.around.now();
        let is_held = held == Some(stamp);
        // What is held may have been overtaken before it was stored, and is newer all the same.
        let newest = held.or(self.renewal.kept);
        let is_older = newest.is_some_and(|newest| stamp.generation < newest.generation);
        let (how, usable) = match how {
            How::Adopted if is_held => (How::Kept, is_valid),
            How::Adopted if self.renewal.kept == Some(stamp) => (How::Kept, is_valid),
            How::Adopted if is_valid && is_older => (how, false),
            How::Adopted | How::Kept => (how, access.is_valid(now)),
            // Good for this one call, if for no more.
            How::Obtained | How::Refreshed { .. } => (how, true),
        };
        let fresh_for = backoff::fresh_for(access.life, self.renewal.rules.renew_ahead);
        let is_fresh = access.age(now).is_some_and(|age| age + ahead < fresh_for);
        (usable && rejected != Some(stamp) && !new_login).then(|| Serve {
            login: base.login.clone().unwrap_or_default(),
            stamp,
            fresh_for,
            how,
            // What is held is asked about because it is due.
            is_due: is_held || !is_fresh,
        })
    }

    /// Whose refusals concern what this session sends; none for a login that a person has just made.
    fn scope(&self, is_refresh: bool) -> Option<Scope> {
        let sends = &self.renewal.sends;
        if is_refresh {
            return sends.refresh.as_ref().ok().copied().map(Scope::Refresh);
        }
        let is_person = sends.who == LoginKind::Interactive;
        let login = sends.login.as_ref().ok().filter(|_| !is_person);
        login.copied().map(Scope::Login)
    }

    fn period(&self) -> Period {
        Period::new(self.around.now(), self.renewal.rules.flight)
    }
}

/// Takes back what was noted: nothing came of it.
fn undo(attempt: u128, is_refresh: bool, back_off: Option<BackOff>) -> Change {
    if is_refresh {
        Change::Revert { attempt, back_off }
    } else {
        Change::Release { attempt, back_off }
    }
}

fn done(outcome: Outcome) -> Do {
    Do::Done(Box::new(outcome))
}
