//! A password: one for good, or one that is asked for.

use std::fmt::{self, Debug};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use auth_core::clock::{Clock, SystemClock};
use auth_core::error::StoreFailure;
use auth_core::{Error, Result, Secret};
use tokio_postgres::Config;

use crate::failure::{Failure, Next, Outcome};

/// Where the password of a new connection comes from, if it is not in the settings of all of them.
#[derive(Clone)]
pub(crate) struct Asked(Arc<Inner>);

struct Inner {
    ask: Box<dyn Fn() -> Result<Secret> + Send + Sync>,
    /// The server has accepted one of its passwords.
    was_right: AtomicBool,
}

impl Asked {
    pub(crate) fn new(ask: impl Fn() -> Result<Secret> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            ask: Box::new(ask),
            was_right: AtomicBool::new(false),
        }))
    }

    /// The settings with a password, asked for now, in no more than this time.
    pub(crate) fn settings(&self, config: &Config, at_most: Duration) -> Outcome<Config> {
        let clock = SystemClock::new();
        let began = clock.now();
        // A runtime moves this thread, and one of the closure's own would panic within it.
        let asked = thread::scope(|scope| scope.spawn(|| (self.0.ask)()).join());
        let password = asked.unwrap_or_else(|panic| panic::resume_unwind(panic));
        let unavailable = |detail: String| Failure {
            error: Error::store(StoreFailure::Unavailable, detail),
            next: Next::GiveUp,
        };
        let password = password.map_err(|error| {
            unavailable(format!(
                "`password_with` gave no password for PostgreSQL: {error}"
            ))
        })?;
        if clock.now().since(began) >= at_most {
            return Err(unavailable(
                "`password_with` took as long as a load or swap may take in all; keep the password as \
                 long as it works, or raise `timeout`"
                    .to_owned(),
            ));
        }
        let mut config = config.clone();
        config.password(password.expose());
        Ok(config)
    }

    pub(crate) fn accepted(&self) {
        self.0.was_right.store(true, Ordering::Relaxed);
    }

    /// Once one was right a refusal passes: the next connection asks for another.
    pub(crate) fn refused(&self, code: &str) -> Error {
        let detail = format!(
            "PostgreSQL refused the user or the password that `password_with` gave{code}; the next \
             connection asks for another"
        );
        match self.0.was_right.load(Ordering::Relaxed) {
            true => Error::store(StoreFailure::Unavailable, detail),
            false => Error::configuration(detail),
        }
    }
}

impl Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").finish_non_exhaustive()
    }
}
