//! How long a caller waits: for somebody else, for another try, or not at all.

use std::time::Duration;

use crate::backoff;
use crate::error::{Error, StoreFailure};

use super::super::Period;
use super::words::{Do, How, Notice, Outcome, Serve};
use super::{Doing, Step, done};

impl Step<'_> {
    pub(super) fn wait(&mut self, attempt: u128, period: Period) -> Do {
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
            return self.fail(Error::BackOff {
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

    pub(super) fn waited(&mut self, attempt: u128, wait: Duration, has_ended: bool) -> Do {
        let renewal = &mut *self.renewal;
        renewal.waited += wait;
        renewal.sighting.1 += wait;
        if has_ended {
            renewal.ended = Some(attempt);
        }
        renewal.ask(Doing::Looking)
    }

    pub(super) fn store_failed(&mut self, error: Error) -> Do {
        if !error.is_transient() {
            return self.fail(error);
        }
        let wait = backoff::LATER.wait(1);
        self.retry_or_fail(error, wait)
    }

    /// Nobody gets an error who could have a token that is stored and valid, if due as well.
    pub(super) fn fail(&self, error: Error) -> Do {
        let adopted = self.serve(How::Adopted);
        done(match adopted.filter(|_| !self.renewal.want.is_valid) {
            Some(serve) => Outcome::Serve(Serve {
                is_due: true,
                ..serve
            }),
            None => Outcome::Failed(error),
        })
    }

    /// Nobody waits for a renewal while there is a token, or longer than a caller would like; what a
    /// person has to mend always takes longer.
    pub(super) fn retry_or_fail(&mut self, error: Error, wait: Duration) -> Do {
        let is_served = self.renewal.want.is_valid || self.serve(How::Adopted).is_some();
        if is_served || self.renewal.retries == 0 || wait > LONGEST_PATIENCE {
            return self.fail(error);
        }
        self.renewal.retries -= 1;
        (self.tell)(Notice::Retry(error, wait));
        self.renewal.doing = Doing::Sleeping;
        Do::Sleep(wait)
    }
}

/// The longest wait inside a call; after a longer one the caller decides.
pub(super) const LONGEST_PATIENCE: Duration = Duration::from_secs(10);
/// The longest time between two looks at what somebody else does.
pub(crate) const LONGEST_POLL: Duration = Duration::from_secs(1);
