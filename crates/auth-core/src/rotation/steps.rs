//! The steps to a new token, as a state machine that does nothing itself.
//!
//! It says what to do next, is told what came of it, and so on until it is done. A session does
//! these things; the scheduler in `proof` tries every way in which they can come out.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use crate::backoff;
use crate::clock::Moment;
use crate::error::{Error, Reason, Result, StoreFailure};
use crate::grant::Replay;
use crate::secret::Secret;
use crate::store::Swap;
use crate::token::TokenResponse;

use super::change::Change;
use super::decide::{Allowed, Circumstances};
use super::fate::{Fate, Next, fate, rest};
use super::{Dead, Login, Lost, Period, Record, Stamp};

/// What stays the same for a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) replay: Replay,
    /// How long a request and what belongs to it may take, at the most.
    pub(crate) flight: Duration,
    /// A fingerprint of what the grant logs in with.
    pub(crate) credentials: u64,
    /// How often a caller without a token tries again.
    pub(crate) retries: u32,
}

/// Why a new token is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Want {
    /// The token that is held, which is due.
    pub(crate) held: Option<Stamp>,
    /// Whether that is still valid: nobody waits then.
    pub(crate) is_valid: bool,
    /// A token that an API rejected.
    pub(crate) rejected: Option<Stamp>,
    /// How many seconds ahead of its time.
    pub(crate) ahead: u64,
    /// Somebody has just logged in: what is stored is older.
    pub(crate) new_login: bool,
}

/// What a process knows beyond the store, from one renewal to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// The newest record it has seen, in case the store forgets it.
    pub(crate) newest: Option<Record>,
    /// What could not be stored yet.
    pub(crate) owed: Option<Change>,
}

/// Time and chance, which a pure function must be given.
pub(crate) trait Surroundings {
    fn now(&self) -> Moment;
    fn is_over(&self, period: Period) -> bool;
    /// A number that nobody has had before.
    fn number(&mut self) -> u128;
}

/// What is to be done next.
#[derive(Clone, Debug)]
pub(crate) enum Do {
    Load,
    /// Replace what was loaded or stored last; to begin an attempt, if there is one.
    Swap(Box<Record>, Option<u128>),
    /// Send this refresh token, once.
    Refresh(Secret),
    LogIn,
    /// Wait for whoever makes this attempt.
    Wait(u128, Duration),
    Sleep(Duration),
    Done(Box<Outcome>),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Came {
    Begun,
    Loaded(Result<Option<Loaded>>),
    Swapped(Result<Swap>),
    /// The answer, and when the request was begun.
    Answered(Result<TokenResponse>, Moment),
    /// Whether the one who was waited for has certainly ended.
    Waited(bool),
    Slept,
}

/// A record as it came from the store.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) record: Record,
    /// It is an older one, brought back.
    pub(crate) is_restored: bool,
}

/// How a renewal ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// This token is served from now on.
    Serve(Serve),
    /// The caller alone gets this one: it was logged out or overtaken meanwhile.
    ServeOnce(Arc<Login>),
    /// Somebody else renews, and the token that is held is valid.
    Busy,
    Failed(Error),
}

#[derive(Clone, Debug)]
pub(crate) struct Serve {
    pub(crate) login: Arc<Login>,
    pub(crate) stamp: Stamp,
    pub(crate) fresh_for: u64,
    pub(crate) how: How,
    /// It is due although it is new: somebody else renews it, or it could not be stored yet.
    pub(crate) is_due: bool,
}

/// Where a token came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Obtained,
    Refreshed {
        rotated: bool,
    },
    Adopted,
    /// It is the one that is held already.
    Kept,
}

/// What an observer is told on the way.
#[derive(Debug)]
pub(crate) enum Notice {
    Failed(Error),
    Retry(Error, Duration),
    /// Only a person can help.
    Dead(Error),
    Waiting,
    NotStored(Error),
    Stored,
    WentBack,
}

/// One way to a new token.
#[derive(Clone, Debug)]
pub(crate) struct Renewal {
    rules: Rules,
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
    pub(crate) fn new(rules: Rules, want: Want) -> Self {
        Self {
            rules,
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
                self.memory.owed = Some(undo(attempt, secret.is_some(), None));
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
        if let Some(change) = self.memory.owed.clone() {
            if let Some(to) = change.apply(self.renewal.base.as_ref()) {
                return self.renewal.ask(Doing::Settling(to, change));
            }
            self.settled(&change);
        }
        if let Some(serve) = self.serve(How::Adopted).filter(|serve| !serve.is_due) {
            return done(Outcome::Serve(serve));
        }
        let empty = Record::default();
        let base = self.renewal.base.as_ref().unwrap_or(&empty);
        let around = Around(self.around, self.renewal);
        let rules = self.renewal.rules;
        match base.allows(rules.replay, rules.credentials, &around) {
            Allowed::Nothing(error @ Error::NotBefore { .. }) => failed(error),
            _ if self.renewal.want.new_login => self.begin(None),
            Allowed::Refresh(secret) => self.begin(Some(secret)),
            Allowed::LogIn => self.begin(None),
            Allowed::Wait { attempt, period } => self.wait(attempt, period),
            Allowed::Nothing(error) => failed(error),
        }
    }

    /// Nothing is owed any more: it is stored, or was, or something newer is.
    fn settled(&mut self, change: &Change) {
        self.memory.owed = None;
        if change.holds_a_token() {
            // The token was due for being stored, and may be fresh otherwise.
            self.renewal.kept = self.renewal.want.held.take();
        }
        if matches!(change, Change::Commit { .. } | Change::CommitLogin { .. }) {
            (self.tell)(Notice::Stored);
        }
    }

    /// Notes what is about to be sent.
    fn begin(&mut self, secret: Option<Secret>) -> Do {
        let attempt = self.around.number();
        let period = self.period();
        let base = self.renewal.base.clone().unwrap_or_default();
        let to = match secret {
            Some(_) => base.begin(attempt, period),
            None => base.recover(attempt, period),
        };
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

    fn answered(
        &mut self,
        attempt: u128,
        is_refresh: bool,
        answer: Result<TokenResponse>,
        started: Moment,
    ) -> Do {
        match answer.and_then(|response| Login::new(response, started)) {
            Ok(login) => {
                let rotated = login.refresh_token.is_some();
                let how = if is_refresh {
                    How::Refreshed { rotated }
                } else {
                    How::Obtained
                };
                let login = Arc::new(login);
                let change = self.commit(attempt, is_refresh, Arc::clone(&login), None);
                self.change(change, After::Serve(login, how))
            }
            Err(error) => self.refused_or_lost(attempt, is_refresh, error),
        }
    }

    fn refused_or_lost(&mut self, attempt: u128, is_refresh: bool, mut error: Error) -> Do {
        (self.tell)(Notice::Failed(error.clone()));
        if matches!(error, Error::Configuration(_)) {
            // Nothing was sent, and nothing will be before somebody changes a setting.
            let after = After::Fail(error, Next::Stop);
            return self.change(undo(attempt, is_refresh, None), after);
        }
        let successor = error.successor();
        let base = self.renewal.base.clone().unwrap_or_default();
        let (rest, next) = rest(&error, base.failures, self.around.now());
        let after = |next| After::Fail(error.clone(), next);
        if let Some(successor) = successor {
            let login = Login::seeded(Some(successor), self.around.now());
            let change = self.commit(attempt, is_refresh, Arc::new(login), Some(rest));
            return self.change(change, after(next));
        }
        let lose = |reason, rest| Change::Lose {
            attempt,
            lost: Lost {
                reason,
                cause: error.clone(),
            },
            rest,
        };
        let (change, next) = match (is_refresh, fate(&error)) {
            (true, Fate::Refused) => (lose(Reason::RefreshTokenRefused, None), Next::Now),
            (true, Fate::Uncertain) => (lose(Reason::RefreshTokenUncertain, Some(rest)), next),
            (true, Fate::Kept) => (undo(attempt, true, Some(rest)), next),
            (false, _) => return self.login_failed(attempt, &base, error, (rest, next)),
        };
        self.change(change, after(next))
    }

    fn login_failed(
        &mut self,
        attempt: u128,
        base: &Record,
        error: Error,
        (rest, next): (super::Rest, Next),
    ) -> Do {
        let (dead, error) = match error {
            Error::ReauthenticationRequired {
                reason: Reason::NoCredentials,
                ..
            } => {
                let error = base.nothing_to_log_in_with(error);
                (Some(error.clone()), error)
            }
            Error::ReauthenticationRequired { .. } => (Some(error.clone()), error),
            Error::Refused(_) if !error.is_transient() => {
                let dead = Error::ReauthenticationRequired {
                    reason: Reason::CredentialsRefused,
                    cause: Some(Box::new(error.clone())),
                };
                (Some(dead), error)
            }
            error => (None, error),
        };
        let Some(dead) = dead else {
            let change = undo(attempt, false, Some(rest));
            return self.change(change, After::Fail(error, next));
        };
        let change = Change::Die {
            attempt,
            generation: base.generation,
            dead: Dead {
                error: dead,
                credentials: self.renewal.rules.credentials,
            },
        };
        self.change(change, After::Fail(error, Next::Stop))
    }

    fn commit(
        &mut self,
        attempt: u128,
        is_refresh: bool,
        login: Arc<Login>,
        failed: Option<super::Rest>,
    ) -> Change {
        let Stamp {
            lineage,
            generation,
        } = self
            .renewal
            .base
            .as_ref()
            .map(Record::stamp)
            .unwrap_or_default();
        if is_refresh {
            return Change::Commit {
                lineage,
                generation,
                login,
                failed,
            };
        }
        Change::CommitLogin {
            attempt,
            lineage: self.around.number(),
            born: self.around.now().wall,
            login,
            failed,
        }
    }

    /// Makes a change, on whatever record is there.
    fn change(&mut self, change: Change, after: After) -> Do {
        match change.apply(self.renewal.base.as_ref()) {
            Some(to) => self.renewal.ask(Doing::Changing(to, change, after)),
            None => self.overtaken(after),
        }
    }

    fn changed(&mut self, after: After) -> Do {
        match after {
            After::Serve(_, how) => match self.serve(how) {
                Some(serve) => done(Outcome::Serve(Serve {
                    is_due: false,
                    ..serve
                })),
                None => self.decide(),
            },
            After::Fail(error, Next::After(wait)) => self.retry_or_fail(error, wait),
            After::Fail(error, Next::Stop) => failed(error),
            After::Fail(_, Next::Now) | After::Decide => self.decide(),
        }
    }

    /// Somebody else was quicker, or logged out.
    fn overtaken(&mut self, after: After) -> Do {
        self.remember();
        if let Some(serve) = self
            .serve(How::Adopted)
            .filter(|serve| Some(serve.stamp) != self.renewal.want.held)
        {
            return done(Outcome::Serve(serve));
        }
        match after {
            After::Serve(login, _) => done(Outcome::ServeOnce(login)),
            After::Fail(error, _) => failed(error),
            After::Decide => self.decide(),
        }
    }

    /// What could not be stored is kept, and stored at the next opportunity.
    fn owe(&mut self, change: Change, after: After, error: Error) -> Do {
        let unstored = change.apply(self.renewal.base.as_ref());
        if change.holds_a_token() {
            (self.tell)(Notice::NotStored(error));
        }
        self.memory.owed = Some(change);
        match after {
            After::Serve(login, how) => {
                self.renewal.base = unstored;
                match self.serve(how) {
                    Some(serve) => done(Outcome::Serve(Serve {
                        is_due: true,
                        ..serve
                    })),
                    None => done(Outcome::ServeOnce(login)),
                }
            }
            After::Fail(error, _) => failed(error),
            After::Decide => failed(Error::store(
                StoreFailure::Unavailable,
                "too slow to go on, and then not reached again; nothing was sent",
            )),
        }
    }

    fn wait(&mut self, attempt: u128, period: Period) -> Do {
        let adopted = self
            .serve(How::Adopted)
            .filter(|serve| Some(serve.stamp) != self.renewal.want.held);
        if let Some(serve) = adopted {
            return done(Outcome::Serve(serve));
        }
        if self.renewal.want.is_valid {
            return done(Outcome::Busy);
        }
        if self.renewal.waited > 3 * self.renewal.rules.flight.max(period.length()) {
            return failed(Error::NotBefore {
                wait: LONGEST_POLL,
                cause: Box::new(Error::store(
                    StoreFailure::Unavailable,
                    "other processes have been renewing this login for too long; see whether they fail",
                )),
            });
        }
        if self.renewal.waited.is_zero() {
            (self.tell)(Notice::Waiting);
        }
        if self.renewal.sighting.0 != attempt {
            self.renewal.sighting = (attempt, Duration::ZERO);
        }
        let wait = backoff::poll(self.renewal.waited);
        self.renewal.ask(Doing::Waiting(attempt, wait))
    }

    fn waited(&mut self, attempt: u128, wait: Duration, has_ended: bool) -> Do {
        let renewal = &mut *self.renewal;
        renewal.waited += wait;
        renewal.sighting.1 += wait;
        if has_ended {
            renewal.ended = Some(attempt);
        }
        renewal.ask(Doing::Looking)
    }

    fn store_failed(&mut self, error: Error) -> Do {
        if !error.is_transient() {
            return failed(error);
        }
        let wait = backoff::wait(&error, 0);
        self.retry_or_fail(error, wait)
    }

    /// Nobody waits for a renewal while there is a token, or longer than a caller would like; what a
    /// person has to mend always takes longer.
    fn retry_or_fail(&mut self, error: Error, wait: Duration) -> Do {
        let is_served = self.renewal.want.is_valid || self.serve(How::Adopted).is_some();
        if is_served || self.renewal.retries == 0 || wait > LONGEST_PATIENCE {
            return failed(error);
        }
        self.renewal.retries -= 1;
        (self.tell)(Notice::Retry(error, wait));
        self.renewal.doing = Doing::Sleeping;
        Do::Sleep(wait)
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
        let (how, usable) = match how {
            How::Adopted if is_held => (How::Kept, is_valid),
            How::Adopted if self.renewal.kept == Some(stamp) => (How::Kept, is_valid),
            How::Adopted | How::Kept => (how, access.is_valid(now)),
            // Good for this one call, if for no more.
            How::Obtained | How::Refreshed { .. } => (how, true),
        };
        let fresh_for = backoff::fresh_for(access.life);
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

    fn stored(&mut self, record: Record) {
        self.renewal.base = Some(record);
        self.remember();
    }

    fn remember(&mut self) {
        let dead = |record: &Option<Record>| Some(record.as_ref()?.dead.as_ref()?.error.clone());
        if let (None, Some(error)) = (dead(&self.memory.newest), dead(&self.renewal.base)) {
            (self.tell)(Notice::Dead(error));
        }
        self.memory.newest.clone_from(&self.renewal.base);
    }

    fn period(&self) -> Period {
        Period::new(self.around.now(), self.renewal.rules.flight)
    }
}

/// Takes back what was noted: nothing came of it.
fn undo(attempt: u128, is_refresh: bool, rest: Option<super::Rest>) -> Change {
    if is_refresh {
        Change::Revert { attempt, rest }
    } else {
        Change::Release { attempt, rest }
    }
}

fn failed(error: Error) -> Do {
    done(Outcome::Failed(error))
}

fn done(outcome: Outcome) -> Do {
    Do::Done(Box::new(outcome))
}

/// The longest wait inside a call; after a longer one the caller decides.
const LONGEST_PATIENCE: Duration = Duration::from_secs(10);
/// The longest time between two looks at what somebody else does.
pub(crate) const LONGEST_POLL: Duration = Duration::from_secs(1);
