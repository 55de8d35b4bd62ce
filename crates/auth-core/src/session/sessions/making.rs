//! One call of the closure for all threads that name the same new customer.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use crate::error::{Error, Result};

use super::super::lock;
use super::Session;

/// The sessions that are being made.
pub(super) struct Making<K> {
    turns: Mutex<HashMap<K, Arc<Turn>>>,
    misses: AtomicU64,
}

/// One call of the closure.
struct Turn {
    /// The thread that makes the session. It must not wait for itself.
    maker: ThreadId,
    state: Mutex<State>,
    ended: Condvar,
}

enum State {
    Running,
    Made(Result<Session>),
    Panicked,
}

impl<K> Default for Making<K> {
    fn default() -> Self {
        Self {
            turns: Mutex::default(),
            misses: AtomicU64::new(0),
        }
    }
}

impl<K> Making<K> {
    /// Returns how many calls named a customer without a session.
    pub(super) fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }
}

impl<K: Eq + Hash + Clone> Making<K> {
    /// Makes a session, unless another thread is making it or has made it; `kept` looks for that one.
    pub(super) fn one(
        &self,
        key: &K,
        kept: impl Fn() -> Option<Session>,
        make: impl Fn() -> Result<Session>,
    ) -> Result<Session> {
        let mut miss = 1;
        loop {
            let mut turns = lock(&self.turns);
            let running = turns.get(key).cloned();
            self.misses
                .fetch_add(mem::take(&mut miss), Ordering::Relaxed);
            if let Some(turn) = running {
                drop(turns);
                match turn.wait() {
                    Some(made) => return made,
                    None => continue,
                }
            }
            // Another thread may have ended its turn between the look at what is kept and this lock.
            if let Some(session) = kept() {
                return Ok(session);
            }
            let turn = Arc::new(Turn {
                maker: thread::current().id(),
                state: Mutex::new(State::Running),
                ended: Condvar::new(),
            });
            turns.insert(key.clone(), Arc::clone(&turn));
            drop(turns);
            let ending = Ending(self, key, &turn);
            let made = make();
            *lock(&turn.state) = State::Made(made.clone());
            drop(ending);
            return made;
        }
    }
}

impl Turn {
    /// Waits for the end of the turn; `None` if the closure panicked.
    fn wait(&self) -> Option<Result<Session>> {
        if self.maker == thread::current().id() {
            return Some(Err(Error::configuration(
                "re-entrant call: the closure of a `Sessions` requested the session that it makes",
            )));
        }
        let is_running = |state: &mut State| matches!(state, State::Running);
        let state = self.ended.wait_while(lock(&self.state), is_running);
        match &*state.unwrap_or_else(PoisonError::into_inner) {
            State::Made(made) => Some(made.clone()),
            State::Running | State::Panicked => None,
        }
    }
}

/// Ends a turn, also when the closure panics.
struct Ending<'a, K: Eq + Hash>(&'a Making<K>, &'a K, &'a Turn);

impl<K: Eq + Hash> Drop for Ending<'_, K> {
    fn drop(&mut self) {
        let Self(making, key, turn) = self;
        lock(&making.turns).remove(*key);
        let mut state = lock(&turn.state);
        if matches!(*state, State::Running) {
            *state = State::Panicked;
        }
        drop(state);
        turn.ended.notify_all();
    }
}
