//! Calls into the keyring: one at a time, each on a thread of its own, so that the caller can stop waiting.
//!
//! A locked keyring asks the user for a password and returns when it has one, which may be tomorrow. Such a question
//! cannot be canceled, but no caller has to wait for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use auth_core::Result;
use auth_core::clock::{Clock, SystemClock};

use crate::failure;

/// Makes calls; at most one of all that share it is in progress.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    is_busy: Mutex<bool>,
    freed: Condvar,
}

/// Tells a call that its caller still waits.
#[derive(Clone, Debug)]
pub(crate) struct Wanted(Arc<AtomicBool>);

/// The right to call, until it is dropped.
struct Turn(Arc<Caller>);

impl Caller {
    /// Runs the work on another thread, and waits for its result within a bound.
    pub(crate) fn call<T: Send + 'static>(
        self: &Arc<Self>,
        at_most: Duration,
        work: impl FnOnce(&Wanted) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let now = || SystemClock::new().now().monotonic;
        let until = now() + at_most;
        let turn = self
            .turn(at_most)
            .ok_or_else(|| failure::still_waiting(at_most))?;
        let wanted = Wanted(Arc::new(AtomicBool::new(true)));
        let seen = wanted.clone();
        let (done, received) = sync_channel(1);
        let thread = thread::Builder::new().name("keyring".to_owned());
        let called = thread.spawn(move || {
            let result = work(&seen);
            // First the turn, so that the caller can call again when it has the result.
            drop(turn);
            // The caller may have stopped waiting.
            let _ = done.send(result);
        });
        called.map_err(|_| failure::no_thread())?;
        let result = received.recv_timeout(until.saturating_sub(now()));
        result.unwrap_or_else(|why| {
            wanted.0.store(false, Ordering::SeqCst);
            Err(match why {
                RecvTimeoutError::Timeout => failure::no_response(at_most),
                RecvTimeoutError::Disconnected => failure::broken(),
            })
        })
    }

    fn turn(self: &Arc<Self>, at_most: Duration) -> Option<Turn> {
        let wait = self
            .freed
            .wait_timeout_while(self.is_busy(), at_most, |busy| *busy);
        let (mut is_busy, _) = wait.unwrap_or_else(PoisonError::into_inner);
        if *is_busy {
            return None;
        }
        *is_busy = true;
        Some(Turn(Arc::clone(self)))
    }

    fn is_busy(&self) -> MutexGuard<'_, bool> {
        self.is_busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wanted {
    pub(crate) fn still(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0.is_busy() = false;
        self.0.freed.notify_one();
    }
}
