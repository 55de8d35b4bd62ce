//! Renewals ahead of expiry, for all sessions by a few threads.
//!
//! Sessions wait in an agenda, ordered by when to look at them next. A thread takes the first one that is due, renews its
//! token without a lock, and puts it back.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{self, AtomicU64};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use crate::clock::{Clock, Moment, SystemClock};
use crate::error::Error;
use crate::fingerprint::spread;
use crate::identity::Identity;
use crate::origin::Origin;
use crate::token::Times;

use super::super::background::{LONGEST, Stop, ahead_of_callers};
use super::super::builder::token_endpoint;
use super::super::{Inner, lock};
use super::Session;

#[derive(Default)]
pub(super) struct Sweep {
    agenda: Mutex<Agenda>,
    renewed: AtomicU64,
    failed: AtomicU64,
}

#[derive(Default)]
struct Agenda {
    /// Number of guards; without one, nothing is put on the agenda.
    guards: usize,
    entries: BinaryHeap<Reverse<Entry>>,
    /// Number of entries at which those of sessions that are gone are removed.
    most: usize,
    time: Option<Time>,
    /// Token endpoints that were slow or could not be reached, and until when each is spared.
    spared: HashMap<Origin, u64>,
}

struct Entry {
    /// In seconds of the agenda's time.
    at: u64,
    session: Weak<Inner>,
}

/// Seconds by the clock of the first session; they continue over a suspend, and when the wall clock is set back.
struct Time {
    clock: Option<Arc<dyn Clock>>,
    last: Moment,
    passed: Duration,
}

/// A guard's part in a sweep.
pub(super) struct Running(Arc<Sweep>);

impl Running {
    /// Looks at one session after the other until it has to stop.
    pub(super) fn run(&self, stop: &Stop) {
        loop {
            let wait = self.0.step();
            if stop.wait(wait.unwrap_or_default().min(LONGEST)) {
                return;
            }
        }
    }
}

impl Sweep {
    /// Begins a guard's part. Returns `true` if it is the first, and the sessions have to be added.
    pub(super) fn begin(self: &Arc<Self>) -> (Running, bool) {
        let mut agenda = lock(&self.agenda);
        agenda.guards += 1;
        let is_first = agenda.guards == 1;
        drop(agenda);
        (Running(Arc::clone(self)), is_first)
    }

    /// Puts a session on the agenda. One that is added twice is looked at twice as often, and not renewed more often.
    pub(super) fn add(&self, session: &Session) {
        let wait = session.0.turn().map_or(FIRST, |turn| turn.left);
        let mut agenda = lock(&self.agenda);
        if agenda.guards == 0 {
            return;
        }
        let now = agenda.now(&session.0);
        if agenda.entries.len() >= agenda.most {
            agenda
                .entries
                .retain(|Reverse(entry)| entry.session.strong_count() > 0);
            let kept = agenda.entries.len();
            agenda.most = kept + kept / 4 + FEWEST;
        }
        agenda.entries.push(Reverse(Entry {
            at: now + wait,
            session: Arc::downgrade(&session.0),
        }));
    }

    /// Returns how many renewals have succeeded and failed.
    pub(super) fn counts(&self) -> (u64, u64) {
        let [renewed, failed] =
            [&self.renewed, &self.failed].map(|count| count.load(atomic::Ordering::Relaxed));
        (renewed, failed)
    }

    /// Looks at the session that is due first; returns how long to wait if none is.
    fn step(&self) -> Option<Duration> {
        let entry = match lock(&self.agenda).next() {
            Ok(entry) => entry,
            Err(wait) => return Some(wait),
        };
        // It may be dropped here, which takes no lock of ours.
        let session = entry.session.upgrade()?;
        // A grant or an observer that panics must not end a thread that all customers rely on.
        let wait = catch_unwind(AssertUnwindSafe(|| self.look(&session))).unwrap_or(IDLE);
        let mut agenda = lock(&self.agenda);
        if agenda.guards > 0 {
            let at = agenda.now(&session) + wait;
            let session = entry.session;
            agenda.entries.push(Reverse(Entry { at, session }));
        }
        None
    }

    /// Renews a token if it is its turn; returns in how many seconds to look again.
    fn look(&self, session: &Arc<Inner>) -> u64 {
        let Some(turn) = session.turn() else {
            return IDLE;
        };
        if turn.left > 0 {
            return turn.left;
        }
        let endpoint = token_endpoint(&*session.grant);
        if let Some(wait) = self.spared(session, endpoint.as_ref()) {
            return wait;
        }
        let began = session.clock().now();
        let (held, mut failed) = (session.cache.stamp(), None);
        let renewed = session.renew_and_note(turn.ahead, &mut failed);
        let took = session.clock().now().since(began).as_secs();
        let failed = failed.or(renewed.err());
        let is_out_of_reach = matches!(failed, Some(Error::Network { .. }));
        self.spare(session, endpoint, took, is_out_of_reach);
        match failed {
            Some(error) => {
                self.failed.fetch_add(1, atomic::Ordering::Relaxed);
                session.next_try(&error)
            }
            None if session.cache.stamp() != held => {
                self.renewed.fetch_add(1, atomic::Ordering::Relaxed);
                session.turn().map_or(IDLE, |turn| turn.left.max(1))
            }
            // Another thread or process is renewing it.
            None => AGAIN,
        }
    }

    /// How long to leave this endpoint alone.
    fn spared(&self, session: &Inner, endpoint: Option<&Origin>) -> Option<u64> {
        let mut agenda = lock(&self.agenda);
        let now = agenda.now(session);
        let left = agenda.spared.get(endpoint?)?.saturating_sub(now);
        // They come back one after the other, and the first one finds out.
        (left > 0).then(|| left + spread(&session.identity) % (left + LONG_ENOUGH))
    }

    /// Leaves an endpoint that is slow or out of reach alone for four times as long as it has just taken.
    fn spare(&self, session: &Inner, endpoint: Option<Origin>, took: u64, is_out_of_reach: bool) {
        let Some(endpoint) = endpoint else {
            return;
        };
        let mut agenda = lock(&self.agenda);
        if took >= SLOW || is_out_of_reach {
            let now = agenda.now(session);
            let until = now + (4 * took).max(LONG_ENOUGH);
            agenda.spared.retain(|_, until| *until > now);
            agenda.spared.insert(endpoint, until);
        } else {
            agenda.spared.remove(&endpoint);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut agenda = lock(&self.0.agenda);
        agenda.guards -= 1;
        if agenda.guards == 0 {
            *agenda = Agenda::default();
        }
    }
}

impl Agenda {
    fn now(&mut self, session: &Inner) -> u64 {
        let time = self.time.get_or_insert_with(|| Time {
            clock: session.clock.clone(),
            last: session.clock().now(),
            passed: Duration::ZERO,
        });
        time.now()
    }

    /// Takes the first entry if it is due, or returns how long it is not.
    fn next(&mut self) -> Result<Entry, Duration> {
        let now = self.time.as_mut().map_or(0, Time::now);
        match self.entries.peek() {
            Some(Reverse(first)) if first.at > now => Err(Duration::from_secs(first.at - now)),
            _ => self
                .entries
                .pop()
                .map(|Reverse(first)| first)
                .ok_or(LONGEST),
        }
    }
}

impl Time {
    fn now(&mut self) -> u64 {
        let now = self.clock.as_deref().unwrap_or(&SystemClock).now();
        self.passed += now.since(self.last);
        self.last = now;
        self.passed.as_secs()
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Entry {}

/// When the sweep renews a token.
struct Turn {
    /// In how many seconds.
    left: u64,
    /// A token that a caller finds due within so many seconds is renewed; a newer one of another process is not.
    ahead: u64,
}

impl Turn {
    /// The turn of a token of this age.
    ///
    /// Each login has a second of its own in each third of its token's life, by a hash of its identity. The turn is the
    /// last such second before a caller finds the token due. So tokens that were obtained at once are renewed over a third
    /// of their life, and stay apart from then on; and all processes agree on the second.
    fn new(identity: &Identity, times: &Times, age: u64) -> Self {
        let latest = times.fresh_for - ahead_of_callers(times);
        let third = (times.life / 3).min(latest / 2).max(1);
        let own = spread(identity) % third;
        let past_own = (times.issued.wall.seconds() + latest + third - own) % third;
        // The time at which a token is due varies with each look at it, by a tenth of the window.
        let window = times.life - times.fresh_for;
        Self {
            left: (latest - past_own.min(latest)).saturating_sub(age),
            ahead: (times.life - window * 3 / 4).saturating_sub(age),
        }
    }
}

impl Inner {
    /// The turn of the token that is held; `None` without a token that is valid.
    fn turn(&self) -> Option<Turn> {
        let times = self.cache.times()?;
        let age = self.clock().now().since(times.issued).as_secs();
        (age < times.life).then(|| Turn::new(&self.identity, &times, age))
    }

    /// In how many seconds to try again after a failure.
    fn next_try(&self, error: &Error) -> u64 {
        let Some(times) = self.cache.times() else {
            return IDLE;
        };
        let age = self.clock().now().since(times.issued).as_secs();
        let left = times.life.saturating_sub(age);
        if !error.is_transient() {
            // A person has to act: not before there is another token.
            return left.max(1);
        }
        let back_off = error.retry_after().unwrap_or_default();
        let back_off = back_off.max(self.quiet_after(error)).as_secs();
        back_off.max((left / 8).clamp(AGAIN, LONG_ENOUGH))
    }
}

/// When a session without a token is first looked at: its caller has obtained one by then.
const FIRST: u64 = 30;
/// When a session without a valid token is looked at again.
const IDLE: u64 = 300;
/// When a session is looked at again whose token another thread or process renews.
const AGAIN: u64 = 2;
/// Shortest time for which a token endpoint is left alone.
const LONG_ENOUGH: u64 = 30;
/// Seconds after which a token endpoint counts as slow.
const SLOW: u64 = 5;
/// Room on the agenda for sessions that are gone.
const FEWEST: usize = 64;

#[cfg(test)]
mod tests;
