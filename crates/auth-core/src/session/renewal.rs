//! Which thread renews, and what the others get meanwhile.

use std::cell::Cell;
use std::sync::{Arc, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::observe::Event;
use crate::token::Token;

use super::{Inner, Rejection, lock};

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
    ///
    /// A token that is due within `ahead` seconds is renewed as well.
    #[cold]
    pub(super) fn renew(&self, ahead: u64) -> Result<Token> {
        // Nothing is sent for a token that could not be shown to any API.
        self.presentation().as_ref().map_err(Error::clone)?;
        loop {
            let mut current = lock(&self.flight);
            let Some(flight) = current.clone() else {
                // Somebody may have finished between the look at the held token and this lock.
                if let Some(token) = self.held.fresh(self.seconds() + ahead) {
                    return Ok(token);
                }
                let flight = Arc::new(Flight::begin());
                *current = Some(Arc::clone(&flight));
                drop(current);
                return self.lead(&flight, ahead);
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

    fn lead(&self, flight: &Flight, ahead: u64) -> Result<Token> {
        let landing = Landing::new(self);
        self.held.set_being_renewed();
        let outcome = self.go_through(ahead, &landing.quiet).or_else(|error| {
            let token = self
                .held
                .valid(self.clock().now())
                .ok_or_else(|| error.clone())?;
            // A rest that is waited out is no news.
            if !matches!(error, Error::BackOff { .. }) {
                self.tell(&Event::RenewalFailed { error: &error });
            }
            Ok(token)
        });
        match &outcome {
            Ok(_) => lock(&self.memory).told = None,
            Err(error) => self.tell_of_login(error),
        }
        flight.outcome.get_or_init(|| outcome).clone()
    }

    /// Tells that a person must log in, once for each reason.
    fn tell_of_login(&self, error: &Error) {
        let Error::LoginRequired { reason, .. } = error else {
            return;
        };
        let mut memory = lock(&self.memory);
        let newest = memory.newest.as_ref();
        let told = (newest.map_or(0, |record| record.generation), *reason);
        if memory.told.replace(told) != Some(told) {
            drop(memory);
            self.tell(&Event::LoginRequired { error });
        }
    }

    pub(super) fn reject(&self, token: &Token) -> bool {
        let now = self.clock().now();
        let mut rejection = lock(&self.rejection);
        let other = self.held.valid(now).is_some() && self.held.stamp() != Some(token.stamp());
        let again = rejection
            .as_ref()
            .is_some_and(|last| last.stamp == token.stamp());
        if other || again {
            return true;
        }
        if rejection
            .as_ref()
            .is_some_and(|last| now.since(last.at) < SHORTEST_TRUST)
        {
            return false;
        }
        if self.held.remove(token) {
            *rejection = Some(Box::new(Rejection {
                stamp: token.stamp(),
                at: now,
            }));
            drop(rejection);
            self.tell(&Event::Rejected);
        }
        true
    }

    /// Tells that a due token is served because somebody else renews it.
    #[cold]
    pub(super) fn tell_of_renewal(&self) {
        if self.held.is_being_renewed() {
            self.tell(&Event::ServedWhileRenewing);
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

impl<'a> Landing<'a> {
    fn new(inner: &'a Inner) -> Self {
        Self {
            inner,
            quiet: Cell::default(),
        }
    }
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let Self { inner, quiet } = self;
        let now = inner.clock().now();
        inner.held.rest_until(now.plus(quiet.get()).wall.as_secs());
        *lock(&inner.flight) = None;
        inner.landed.notify_all();
    }
}

/// A token that replaced a rejected one is not rejected again this soon.
const SHORTEST_TRUST: Duration = Duration::from_secs(60);
