//! Renews the token: one thread for all, which performs the steps of a renewal.
//!
//! [`Inner::renew`] decides which thread that is and what the others get meanwhile; [`Inner::run`] is
//! the loop: it performs a step and passes the result to it.
//!
//! # Locks
//! A thread that holds one of these takes only later ones, and holds none over the network, a store, a
//! grant or an observer: `flight`, `memory`, `rejection`, the lock of the cache. `unrevoked` is held
//! alone. A [`Clock`] is read while `memory` is held. The locks of a `Sessions` come before these: its turns, a part of what
//! is kept, its agenda.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::error::{Error, RequestKind, Result};
use crate::grant::LoginKind;
use crate::login::{
    Access, AttemptId, Context, How, Loaded, Notice, Outcome, Period, Serve, Stamp, Step,
    Surroundings, Want,
};
use crate::observe::{self, Event};
use crate::request::{Readings, TokenRequest};
use crate::store::{Record as StoredRecord, WaitOutcome};
use crate::token::{Times, Token, TokenResponse};

use super::builder::sends;
use super::{Inner, lock};

/// One renewal, for all threads that wait for it.
pub(super) struct Flight {
    /// The thread that renews. It must not wait for itself.
    leader: ThreadId,
    outcome: OnceLock<Result<Token>>,
}

impl Inner {
    /// Renews, waits for the thread that renews, or returns the token that is still valid.
    ///
    /// A token that is due within `ahead` seconds is renewed as well.
    #[cold]
    pub(super) fn renew(&self, ahead: u64) -> Result<Token> {
        self.renew_and_note(ahead, &mut None)
    }

    /// As [`renew`](Inner::renew); also notes the failure of a renewal by this thread, with which a valid token is
    /// returned anyway.
    pub(super) fn renew_and_note(&self, ahead: u64, failed: &mut Option<Error>) -> Result<Token> {
        // Nothing is sent for a token that could not be shown to any API.
        self.presentation().as_ref().map_err(Error::clone)?;
        loop {
            let mut current = lock(&self.flight);
            let Some(flight) = current.clone() else {
                // Another thread may have finished between the look at the cache and this lock.
                if let Some(token) = self.cache.fresh(self.seconds() + ahead) {
                    return Ok(token);
                }
                let flight = Arc::new(Flight {
                    leader: thread::current().id(),
                    outcome: OnceLock::new(),
                });
                *current = Some(Arc::clone(&flight));
                drop(current);
                return self.lead(&flight, ahead, failed);
            };
            if let Some(token) = self.cache.valid(self.clock().now()) {
                drop(current);
                self.tell_of_renewal();
                return Ok(token);
            }
            if flight.leader == thread::current().id() {
                return Err(Error::configuration(
                    "re-entrant call: a grant, transport or observer requested a token from its own session",
                ));
            }
            let is_under_way = |current: &mut Option<Arc<Flight>>| {
                current
                    .as_ref()
                    .is_some_and(|current| Arc::ptr_eq(current, &flight))
            };
            let waited = self.landed.wait_while(current, is_under_way);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            if let Some(outcome) = flight.outcome.get() {
                return outcome.clone();
            }
            // The thread that renewed has panicked: another one must.
        }
    }

    /// Returns `true` while a thread renews.
    pub(super) fn is_in_flight(&self) -> bool {
        lock(&self.flight).is_some()
    }

    fn lead(&self, flight: &Flight, ahead: u64, failed: &mut Option<Error>) -> Result<Token> {
        let landing = Landing {
            inner: self,
            quiet: Cell::default(),
        };
        self.cache.set_being_renewed();
        let outcome = self.run(ahead, &landing.quiet).or_else(|error| {
            *failed = Some(error.clone());
            let token = self.cache.valid(self.clock().now());
            let token = token.ok_or_else(|| error.clone())?;
            // A back-off that is waited out is no news.
            if !matches!(error, Error::BackOff { .. }) {
                self.tell(&Event::RenewalFailed { error: &error });
            }
            Ok(token)
        });
        match &outcome {
            Ok(_) => lock(&self.memory).get_or_insert_default().told = None,
            Err(error) => self.tell_of_login(error),
        }
        flight.outcome.get_or_init(|| outcome).clone()
    }

    /// Goes from step to step until there is a token, or nothing left to try now.
    fn run(&self, ahead: u64, quiet: &Cell<Duration>) -> Result<Token> {
        let logouts = self.logouts.load(Ordering::Acquire);
        let readings = Readings::default();
        let sends = sends(&*self.grant, self.who, &readings);
        let begin = || Step::begin(self.rules, sends.clone(), self.want(ahead));
        // The record that the next swap expects, as it came from the store.
        let mut stored: Option<StoredRecord> = None;
        // Shows the others that this process lives, until the renewal has ended.
        let mut sign_of_life = None;
        let mut step = begin();
        loop {
            step = match step {
                Step::Load(load) => {
                    let loaded = self.load(&mut stored);
                    self.take(|cx| load.loaded(loaded, cx))
                }
                Step::Swap(swap) => {
                    if let Some((attempt, _)) = swap.noted() {
                        sign_of_life = self.store.announce(&self.identity, attempt);
                    }
                    let record = swap.record.encode();
                    let swapped = self.store.swap(&self.identity, stored.as_ref(), &record);
                    if swapped.is_ok() {
                        stored = Some(record);
                    }
                    self.take(|cx| swap.swapped(swapped, cx))
                }
                Step::Refresh(token, response) => {
                    let request = self.grant.refresh_request(&token);
                    let (answer, started) = self.send(request, RequestKind::Refresh, &readings);
                    self.take(|cx| response.answered(answer, started, cx))
                }
                Step::LogIn(response) => {
                    let kind = match self.who {
                        LoginKind::Interactive => RequestKind::Code,
                        LoginKind::Client | LoginKind::Password => RequestKind::Login,
                    };
                    let request = self.grant.login_request();
                    let (answer, started) = self.send(request, kind, &readings);
                    self.take(|cx| response.answered(answer, started, cx))
                }
                Step::Wait(other) => {
                    let has_exited = self.wait(stored.as_ref(), other.attempt, other.wait);
                    other.waited(has_exited)
                }
                Step::Sleep(time) => {
                    self.clock().sleep(time.wait);
                    time.slept()
                }
                Step::Done(outcome) => match self.conclude(outcome, logouts, quiet) {
                    Some(result) => {
                        drop(sign_of_life);
                        return result;
                    }
                    // The token has expired since the look at it: this caller waits, too.
                    None => begin(),
                },
            };
        }
    }

    /// Passes a result to a step. Its notices are delivered without a lock, because an observer may call the session.
    fn take(&self, result: impl FnOnce(&mut Context<'_>) -> Step) -> Step {
        let mut notices = Vec::new();
        let step = result(&mut Context {
            memory: lock(&self.memory).get_or_insert_default(),
            surroundings: &mut Machine(self.clock()),
            tell: &mut |notice| notices.push(notice),
        });
        notices.iter().for_each(|notice| self.tell_notice(notice));
        step
    }

    fn want(&self, ahead: u64) -> Want {
        let rejected = lock(&self.rejection).as_ref().map(|last| last.stamp);
        Want {
            held: self.cache.stamp(),
            is_valid: self.cache.valid(self.clock().now()).is_some(),
            rejected,
            ahead,
        }
    }

    fn load(&self, stored: &mut Option<StoredRecord>) -> Result<Option<Loaded>> {
        *stored = self.store.load(&self.identity)?;
        stored.as_ref().map(Loaded::decode).transpose()
    }

    fn send(
        &self,
        request: Result<TokenRequest>,
        kind: RequestKind,
        readings: &Readings,
    ) -> (Result<TokenResponse>, Moment) {
        let started = self.clock().now();
        let (prover, clock) = (self.prover.as_ref(), self.clock.as_ref());
        let request = request.map(|request| request.of_session(prover, clock, readings));
        let answer = request.and_then(|request| request.send(&*self.transport));
        let took = self.clock().now().since(started);
        lock(&self.memory).get_or_insert_default().took = took;
        (answer.map_err(|error| error.answering(kind)), started)
    }

    /// Returns `true` if the process that makes the attempt is known to have exited.
    fn wait(&self, stored: Option<&StoredRecord>, attempt: AttemptId, at_most: Duration) -> bool {
        if self.store.has_exited(&self.identity, attempt) {
            return true;
        }
        let waited = self.store.wait(&self.identity, stored, at_most);
        if !matches!(waited, Ok(WaitOutcome::Changed | WaitOutcome::TimedOut)) {
            self.clock().sleep(at_most);
        }
        false
    }

    /// The result for the caller; `None` if another process renews, and no token is valid meanwhile.
    fn conclude(
        &self,
        outcome: Outcome,
        logouts: u64,
        quiet: &Cell<Duration>,
    ) -> Option<Result<Token>> {
        match outcome {
            Outcome::Serve(serve) => {
                if serve.is_due {
                    quiet.set(LOOK_AGAIN);
                }
                Some(self.serve(&serve, logouts))
            }
            Outcome::ServeOnce(access) => {
                let presentation = self.presentation().as_ref().ok();
                let token = presentation.and_then(|presentation| {
                    Token::new(&access, Times::default(), Stamp::default(), presentation)
                });
                Some(token.ok_or_else(nothing_to_serve))
            }
            Outcome::Busy => {
                let token = self.cache.valid(self.clock().now())?;
                quiet.set(LOOK_AGAIN);
                self.tell(&Event::ServedWhileRenewing);
                Some(Ok(token))
            }
            Outcome::Failed(error) => {
                quiet.set(self.quiet_after(&error));
                Some(Err(error))
            }
        }
    }

    fn serve(&self, serve: &Serve, logouts: u64) -> Result<Token> {
        let now = self.clock().now();
        let fresh_for = if serve.is_due { 0 } else { serve.fresh_for };
        let token = self
            .token(&serve.access, serve.stamp, fresh_for, now)
            .ok_or_else(nothing_to_serve)?;
        {
            // A logout takes this lock, too.
            let _memory = lock(&self.memory);
            if self.logouts.load(Ordering::Acquire) != logouts {
                // This call still gets its token, no other does.
                return Ok(token);
            }
            self.cache.set(Some(token.clone()));
        }
        let expires_at = token.expires_at();
        let took = lock(&self.memory).get_or_insert_default().took;
        match serve.how {
            How::Obtained => self.tell(&Event::LoggedIn { expires_at, took }),
            How::Adopted => self.tell(&Event::Adopted { expires_at }),
            How::Kept => {}
            How::Refreshed { rotated } => self.tell(&Event::Refreshed {
                expires_at,
                rotated,
                took,
            }),
        }
        Ok(token)
    }

    /// The token as the API takes it, with its times by this machine's clocks; `None` if no header can hold it.
    pub(super) fn token(
        &self,
        access: &Access,
        stamp: Stamp,
        fresh_for: u64,
        now: Moment,
    ) -> Option<Token> {
        let times = Times {
            issued: access.issued(now)?,
            life: access.life,
            fresh_for,
        };
        Token::new(access, times, stamp, self.presentation().as_ref().ok()?)
    }

    /// How long a token that is still valid is served without another look.
    pub(super) fn quiet_after(&self, error: &Error) -> Duration {
        let now = self.clock().now();
        let memory = lock(&self.memory);
        let newest = memory.as_ref().and_then(|memory| memory.newest.as_ref());
        let waits = newest.into_iter().flat_map(|record| &record.back_offs);
        let wait = match error {
            Error::BackOff { wait, .. } => *wait,
            Error::LoginRequired { .. } => LOOK_FOR_OTHERS,
            Error::Store { .. } => LOOK_AGAIN,
            _ => waits
                .map(|back_off| back_off.period.left(now))
                .max()
                .unwrap_or_default(),
        };
        wait.min(LOOK_FOR_OTHERS)
    }

    /// Reports that a user must log in, once for each reason.
    fn tell_of_login(&self, error: &Error) {
        let Error::LoginRequired { reason, .. } = error else {
            return;
        };
        let mut locked = lock(&self.memory);
        let memory = locked.get_or_insert_default();
        let newest = memory.newest.as_ref();
        let generation = newest.map(|record| record.generation);
        let told = (generation.unwrap_or_default(), *reason);
        if memory.told.replace(told) != Some(told) {
            drop(locked);
            self.tell(&Event::LoginRequired { error });
        }
    }

    /// Reports that a due token is served because another thread renews it.
    #[cold]
    pub(super) fn tell_of_renewal(&self) {
        if self.cache.is_being_renewed() {
            self.tell(&Event::ServedWhileRenewing);
        }
    }

    fn tell_notice(&self, notice: &Notice) {
        match notice {
            Notice::Failed(Error::Refused(refusal)) => self.tell(&Event::Refused { refusal }),
            // A login may follow a refusal without a code, and then no caller gets to know of it.
            Notice::Failed(error @ Error::Response(_)) => observe::log(&self.identity, error),
            Notice::Failed(error @ Error::Status { .. }) if !error.is_transient() => {
                observe::log(&self.identity, error);
            }
            Notice::Failed(_) => {}
            Notice::Retry(error, wait) => self.tell(&Event::Retry { error, wait: *wait }),
            Notice::Waiting => self.tell(&Event::Waiting),
            Notice::NotStored(error) => self.tell(&Event::NotStored { error }),
            Notice::Stored => self.tell(&Event::Stored),
            Notice::WentBack => self.tell(&Event::StoreWentBack),
        }
    }

    pub(super) fn tell(&self, event: &Event<'_>) {
        event.log(&self.identity);
        if let Some(observer) = &self.observer {
            observer.observe(&self.identity, event);
        }
    }
}

/// Ends a flight, also when the grant, the transport or an observer panics.
struct Landing<'a> {
    inner: &'a Inner,
    /// How long a token that is due is served as it is.
    quiet: Cell<Duration>,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let Self { inner, quiet } = self;
        inner.rest();
        let now = inner.clock().now();
        inner
            .cache
            .quiet_until(now.plus(quiet.get()).wall.seconds());
        *lock(&inner.flight) = None;
        inner.landed.notify_all();
    }
}

/// The clock of a session, and random numbers.
struct Machine<'a>(&'a dyn Clock);

impl Surroundings for Machine<'_> {
    fn now(&self) -> Moment {
        self.0.now()
    }

    fn is_over(&self, period: Period) -> bool {
        period.left(self.0.now()).is_zero()
    }

    fn number(&mut self) -> u128 {
        random()
    }
}

/// A number that was not drawn before, neither here nor in a copy of this process or machine.
pub(super) fn random() -> u128 {
    let mut bytes = [0; 16];
    if getrandom::getrandom(&mut bytes).is_err() {
        // A system without randomness: as different as the rest of it allows.
        bytes = fastrand::u128(..).to_le_bytes();
    }
    u128::from_le_bytes(bytes).max(1)
}

fn nothing_to_serve() -> Error {
    Error::response("its access token has a character that no header may hold")
}

/// Delay before the store is read again for a token that another process may have renewed.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Delay while this session backs off or requires a user: another session may have logged in.
const LOOK_FOR_OTHERS: Duration = Duration::from_secs(60);
