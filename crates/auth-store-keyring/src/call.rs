//! Calls into the keyring: one at a time, each on a thread of its own, so that it can be left behind.
//!
//! A locked keyring asks a person for a password and answers when it has one, be it tomorrow. There is
//! no way to call such a question off; but nobody has to wait for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use auth_core::Result;
use auth_core::clock::{Clock, SystemClock};

use crate::failure;

/// Makes calls; those who share it never have two of them outstanding.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    is_busy: Mutex<bool>,
    freed: Condvar,
}

/// Whether somebody still waits for what a call does.
#[derive(Clone, Debug)]
pub(crate) struct Wanted(Arc<AtomicBool>);

/// The right to call, until dropped.
struct Turn(Arc<Caller>);

impl Caller {
    /// Does the work on another thread, and waits for its result, but not for long.
    pub(crate) fn call<T: Send + 'static>(
        self: &Arc<Self>,
        at_most: Duration,
        work: impl FnOnce(&Wanted) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let now = || SystemClock::new().now().monotonic;
        let until = now() + at_most;
        let turn = self
            .turn(at_most)
            .ok_or_else(|| failure::still_asked(at_most))?;
        let wanted = Wanted(Arc::new(AtomicBool::new(true)));
        let seen = wanted.clone();
        let (done, answer) = sync_channel(1);
        let thread = thread::Builder::new().name("keyring".to_owned());
        let called = thread.spawn(move || {
            let result = work(&seen);
            // First the turn, so that whoever has the answer can call again.
            drop(turn);
            // Nobody may be left to hear it.
            let _ = done.send(result);
        });
        called.map_err(|_| failure::no_thread())?;
        let answer = answer.recv_timeout(until.saturating_sub(now()));
        answer.unwrap_or_else(|why| {
            wanted.0.store(false, Ordering::SeqCst);
            Err(match why {
                RecvTimeoutError::Timeout => failure::no_answer(at_most),
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
