//! Who renews, in which steps, and what the others get meanwhile.

use std::sync::{Arc, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use time::OffsetDateTime;

use crate::backoff;
use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::held::Current;
use crate::observer::Event;
use crate::rotation::{Next, Step};
use crate::token::{Expires, Token, TokenResponse};

use super::{Inner, lock};

/// One renewal, for all who wait for it.
pub(super) struct Flight {
    /// Who renews. It must not wait for itself.
    leader: ThreadId,
    outcome: OnceLock<Result<Token>>,
}

impl Flight {
    fn begin() -> Self {
        Self {
            leader: thread::current().id(),
            outcome: OnceLock::new(),
        }
    }
}

impl Inner {
    /// Renews, waits for whoever renews, or goes on with the valid token meanwhile.
    #[cold]
    pub(super) fn renew(&self) -> Result<Token> {
        loop {
            let mut current = lock(&self.flight);
            let Some(flight) = current.clone() else {
                // Somebody may have finished between the look at the held token and this lock.
                if let Some(token) = self.held.fresh(self.seconds()) {
                    return Ok(token);
                }
                let flight = Arc::new(Flight::begin());
                *current = Some(Arc::clone(&flight));
                drop(current);
                return self.lead(&flight);
            };
            if let Some(token) = self.held.valid(self.clock().now()) {
                drop(current);
                self.tell_of_renewal();
                return Ok(token);
            }
            if flight.leader == thread::current().id() {
                return Err(Error::configuration(
                    "a grant, transport or observer asked its own session for a token while that was getting one",
                ));
            }
            while current
                .as_ref()
                .is_some_and(|current| Arc::ptr_eq(current, &flight))
            {
                current = self
                    .landed
                    .wait(current)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if let Some(outcome) = flight.outcome.get() {
                return outcome.clone();
            }
            // The thread that renewed has panicked: somebody else must.
        }
    }

    fn lead(&self, flight: &Flight) -> Result<Token> {
        let _landing = Landing(self);
        self.held.set_being_renewed();
        let outcome = self.try_steps().or_else(|error| {
            let token = self
                .held
                .valid(self.clock().now())
                .ok_or_else(|| error.clone())?;
            // A rest that is waited out is no news.
            if !matches!(error, Error::NotBefore { .. }) {
                self.tell(&Event::ServedAfterFailure { error: &error });
            }
            Ok(token)
        });
        flight.outcome.get_or_init(|| outcome).clone()
    }

    /// Goes from step to step until there is a token, or nothing left to try now.
    fn try_steps(&self) -> Result<Token> {
        let mut retries = self.retries;
        loop {
            let started = self.clock().now();
            let (generation, step) = {
                let mut record = lock(&self.record);
                (
                    record.next_generation(),
                    record.begin(started, self.grant.replay())?,
                )
            };
            let answer = match &step {
                Step::Refresh(refresh_token) => self.grant.refresh(refresh_token, &*self.transport),
                Step::LogIn => self.grant.obtain(&*self.transport),
            };
            let error = match answer
                .and_then(|response| self.accept(generation, &step, response, started))
            {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            let (error, next) = self.fail(generation, &step, error);
            self.tell_failure(&error);
            match next {
                Next::Now => {}
                Next::After(wait) if retries > 0 && self.is_worth_waiting(wait) => {
                    retries -= 1;
                    self.tell(&Event::Retry {
                        error: &error,
                        wait,
                    });
                    self.clock().sleep(wait);
                }
                Next::After(_) | Next::Stop => return Err(error),
            }
        }
    }

    /// Nobody waits for a renewal while there is a token, or longer than a caller would like; what a
    /// person has to mend always takes longer.
    fn is_worth_waiting(&self, wait: Duration) -> bool {
        wait <= LONGEST_PATIENCE && self.held.valid(self.clock().now()).is_none()
    }

    fn accept(
        &self,
        generation: u64,
        step: &Step,
        response: TokenResponse,
        started: Moment,
    ) -> Result<Token> {
        let refresh_token = response.refresh_token.clone();
        let refresh_token_life = response.refresh_token_life;
        let mut record = lock(&self.record);
        let current = current(response, generation, started)
            .map_err(|error| error.with_successor(refresh_token.clone()))?;
        let token = current.token.clone();
        if record.next_generation() != generation {
            // Logged out meanwhile: this call still gets its token, nobody else does.
            return Ok(token);
        }
        let rotated = record.commit(step, refresh_token, refresh_token_life, started);
        self.held.set(Some(current));
        drop(record);
        let expires_at = token.expires_at();
        self.tell(&match step {
            Step::Refresh(_) => Event::Refreshed { expires_at },
            Step::LogIn => Event::Obtained { expires_at },
        });
        if rotated {
            self.tell(&Event::Rotated);
        }
        Ok(token)
    }

    fn fail(&self, generation: u64, step: &Step, error: Error) -> (Error, Next) {
        let mut record = lock(&self.record);
        if record.next_generation() == generation {
            record.fail(step, error, self.clock().now())
        } else {
            (error, Next::Stop)
        }
    }

    pub(super) fn reject(&self, token: &Token) -> bool {
        let now = self.clock().now();
        let mut replaced = lock(&self.replaced);
        let newer = self
            .held
            .valid(now)
            .is_some_and(|held| held.generation() > token.generation());
        if newer {
            return true;
        }
        if replaced.is_some_and(|at| now.since(at) < SHORTEST_TRUST) {
            return false;
        }
        if self.held.remove(token) {
            *replaced = Some(now);
            drop(replaced);
            self.tell(&Event::Rejected);
        }
        true
    }

    fn tell_failure(&self, error: &Error) {
        if let Error::Refused(refusal) = error {
            self.tell(&Event::Refused { refusal });
        }
        // Bound first: an observer may ask the session, and the record must not be locked then.
        let dead = lock(&self.record).dead().cloned();
        if let Some(error) = dead {
            self.tell(&Event::ReauthenticationRequired { error: &error });
        }
    }

    /// Tells that a due token is served because somebody else renews it.
    #[cold]
    pub(super) fn tell_of_renewal(&self) {
        if self.held.is_being_renewed() {
            self.tell(&Event::ServedWhileRenewing);
        }
    }

    fn tell(&self, event: &Event<'_>) {
        event.log(&self.identity);
        if let Some(observer) = &self.observer {
            observer.observe(&self.identity, event);
        }
    }
}

/// Ends a flight, also when the grant, the transport or an observer panics.
struct Landing<'a>(&'a Inner);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let Landing(inner) = self;
        let now = inner.clock().now();
        let rest = lock(&inner.record).rest(now);
        inner.held.rest_until(now.plus(rest).wall.as_secs());
        *lock(&inner.flight) = None;
        inner.landed.notify_all();
    }
}

/// The answer as a token with times of this machine's clock; its life counts from the request.
pub(super) fn current(response: TokenResponse, generation: u64, issued: Moment) -> Result<Current> {
    let life = match response.expires {
        Expires::After(life) => life,
        Expires::Unknown => ASSUMED_LIFE,
        Expires::At(at) => remaining(at, issued)?,
    }
    .as_secs();
    let expires_at = match response.expires {
        Expires::Unknown => None,
        // Whole seconds, as the life is.
        _ => issued
            .plus(Duration::from_secs(life))
            .date()
            .map(OffsetDateTime::truncate_to_second),
    };
    let token = Token::new(response, generation, expires_at)?;
    Ok(Current {
        token,
        issued,
        life,
        fresh_for: backoff::fresh_for(life),
    })
}

fn remaining(at: OffsetDateTime, now: Moment) -> Result<Duration> {
    let left = now.date().and_then(|now| Duration::try_from(at - now).ok());
    left.filter(|left| !left.is_zero()).ok_or_else(|| {
        Error::answer("its expiry has passed by this machine's clock and it has no date to compare; set the clock")
    })
}

/// A token whose life nobody knows is asked for again after this long; "for ever" is never assumed.
const ASSUMED_LIFE: Duration = Duration::from_secs(300);
/// The longest wait inside a call; after a longer one the caller decides.
const LONGEST_PATIENCE: Duration = Duration::from_secs(10);
/// A token that replaced a rejected one is not rejected again this soon.
const SHORTEST_TRUST: Duration = Duration::from_secs(60);
