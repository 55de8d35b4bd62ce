//! The one connection of a store: one thread at a time uses it, within a time-out, and replaces it if it is lost.

use std::fmt::{self, Debug};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use auth_core::clock::{Clock, SystemClock};
use auth_core::error::StoreFailure;
use auth_core::{Error, Result};
use tokio::runtime::{self, Handle, Runtime};
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

use crate::connection::{Connection, Target};
use crate::failure::{Failure, Next, Outcome};

/// Runs statements one after the other, each within the time-out of the store.
#[derive(Debug)]
pub(crate) struct Line {
    target: Target,
    timeout: Duration,
    /// `None` while a thread uses it.
    idle: Mutex<Option<Wire>>,
    given_back: Condvar,
}

/// A thread's turn; dropping it returns the wire.
struct Turn<'a> {
    line: &'a Line,
    wire: Option<Wire>,
}

/// A connection, unless it is lost, and its runtime.
struct Wire {
    connection: Option<Connection>,
    runtime: Option<Runtime>,
}

impl Line {
    pub(crate) fn new(target: Target, timeout: Duration) -> Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| {
                let detail = format!(
                    "the system is out of file descriptors or memory ({})",
                    error.kind()
                );
                Error::store(StoreFailure::Unavailable, detail)
            })?;
        Ok(Self {
            target,
            timeout,
            idle: Mutex::new(Some(Wire {
                connection: None,
                runtime: Some(runtime),
            })),
            given_back: Condvar::new(),
        })
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Runs a statement that can be repeated.
    pub(crate) fn run<T: Send>(
        &self,
        statement: impl AsyncFn(&Client) -> Outcome<T> + Sync,
    ) -> Result<T> {
        if Handle::try_current().is_err() {
            return self.wait_and_run(&statement);
        }
        // On a thread that runs async code, a second runtime would panic.
        thread::scope(|scope| {
            let done = scope.spawn(|| self.wait_and_run(&statement)).join();
            done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn wait_and_run<T>(&self, statement: &impl AsyncFn(&Client) -> Outcome<T>) -> Result<T> {
        let clock = SystemClock::new();
        let began = clock.now().monotonic;
        // The rest is for canceling the statement.
        let limit = self.timeout - self.timeout / SHARE_FOR_CANCELING;
        let mut turn = self.turn(limit)?;
        let waited = clock.now().monotonic.saturating_sub(began);
        turn.run(statement, limit.saturating_sub(waited))
    }

    fn turn(&self, limit: Duration) -> Result<Turn<'_>> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut idle, _) = self
            .given_back
            .wait_timeout_while(idle, limit, |idle| idle.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        match idle.take() {
            Some(wire) => Ok(Turn {
                line: self,
                wire: Some(wire),
            }),
            None => Err(Error::store(
                StoreFailure::Unavailable,
                "other threads used the connection to PostgreSQL for the whole time-out; is the server \
                 slow?",
            )),
        }
    }

    fn give_back(&self, wire: Wire) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(wire);
        self.given_back.notify_one();
    }
}

impl Turn<'_> {
    fn run<T>(
        &mut self,
        statement: &impl AsyncFn(&Client) -> Outcome<T>,
        limit: Duration,
    ) -> Result<T> {
        let line = self.line;
        let Some(Wire {
            connection,
            runtime: Some(runtime),
        }) = &mut self.wire
        else {
            return Err(Failure::closed().into());
        };
        let mut last = None;
        let work = line.target.persist(connection, statement, limit, &mut last);
        // The time-out uses the runtime's clock, so it is made inside of it.
        let result = runtime.block_on(async { timeout(limit, work).await });
        if let Ok(result) = result {
            return result;
        }
        if let Some(connection) = connection.take() {
            let cancel = line.target.cancel(connection.cancel_token());
            let limit = line.timeout / SHARE_FOR_CANCELING;
            // The call has failed anyway; this only spares the server.
            let _ = runtime.block_on(async { timeout(limit, cancel).await });
        }
        Err(last.unwrap_or_else(too_slow))
    }
}

impl Target {
    /// Repeats a statement until it has a result. `last` is the failure after which it waits.
    ///
    /// If no connection exists and none can be made, that is final: nothing was sent, and a session with a valid token
    /// should not wait for a server that is down. After a statement was sent, its result matters, and it is repeated until
    /// the time is over.
    async fn persist<T>(
        &self,
        kept: &mut Option<Connection>,
        statement: &impl AsyncFn(&Client) -> Outcome<T>,
        limit: Duration,
        last: &mut Option<Error>,
    ) -> Result<T> {
        let mut sent = false;
        let mut pause = FIRST_PAUSE;
        loop {
            let attempt = self.attempt(kept, statement, limit, &mut sent).await;
            let Failure { error, next } = match attempt {
                Ok(result) => return Ok(result),
                Err(failure) => failure,
            };
            if matches!(next, Next::Reconnect | Next::GiveUpConnection) {
                *kept = None;
            }
            if !sent || matches!(next, Next::GiveUp | Next::GiveUpConnection) {
                return Err(error);
            }
            *last = Some(error);
            sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn attempt<T>(
        &self,
        kept: &mut Option<Connection>,
        statement: &impl AsyncFn(&Client) -> Outcome<T>,
        limit: Duration,
        sent: &mut bool,
    ) -> Outcome<T> {
        let connection = match kept {
            Some(connection) => connection,
            none => none.insert(self.connect(limit).await?),
        };
        *sent = true;
        connection.run(statement).await
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(wire) = self.wire.take() {
            self.line.give_back(wire);
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.connection = None;
        // Dropping a runtime waits for its threads, and one may be looking up a host name.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

fn too_slow() -> Error {
    Error::store(
        StoreFailure::Unavailable,
        "PostgreSQL did not respond within the time-out; is it overloaded, or does a transaction hold a \
         lock on the table?",
    )
}

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// The time-out is divided into this many parts, one of which is for canceling.
const SHARE_FOR_CANCELING: u32 = 8;
