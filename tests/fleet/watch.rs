//! A store and a transport that stop at a given point, and count calls.

use std::io::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth_all::Result;
use auth_all::clock::{Clock, UnixTime};
use auth_all::grant::Identity;
use auth_all::http::{Request, Response};
use auth_all::store::{AttemptId, LivenessGuard, Record, Store, SwapOutcome, WaitOutcome};
use auth_all::transport::{HttpTransport, Transport};

use super::{Calls, FleetClock, Point, Report};

/// Observes every step of a worker's renewals; clones share their state.
///
/// It infers the step from the calls that the session makes, so the session needs no code for tests.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    state: Arc<(Mutex<State>, Condvar)>,
    clock: FleetClock,
    /// The time after which other processes may give up a renewal.
    flight: Duration,
}

#[derive(Debug, Default)]
struct State {
    stop_at: Option<Point>,
    step: Step,
    /// When the renewal began, by the fleet's clock.
    begun: UnixTime,
    calls: Calls,
}

/// The next step of a session, as far as its store is concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Step {
    #[default]
    Other,
    Begin,
    Send,
    Commit,
}

#[derive(Debug)]
pub(super) struct WatchedStore {
    pub(super) store: Box<dyn Store>,
    pub(super) watch: Watch,
    pub(super) pace: u32,
}

pub(super) struct WatchedTransport {
    pub(super) transport: HttpTransport,
    pub(super) watch: Watch,
    pub(super) pace: u32,
}

impl Watch {
    pub(super) fn new(clock: FleetClock, flight: Duration) -> Self {
        Self {
            state: Arc::default(),
            clock,
            flight,
        }
    }

    /// Stops the next thread that reaches this point.
    pub(super) fn stop_at(&self, point: Point) {
        self.state().stop_at = Some(point);
    }

    /// Releases the stopped thread, and stops no other.
    pub(super) fn release(&self) {
        self.state().stop_at = None;
        self.state.1.notify_all();
    }

    /// Returns the calls to the store since the last time, and resets them.
    pub(super) fn take_calls(&self) -> Calls {
        std::mem::take(&mut self.state().calls)
    }

    pub(super) fn pass(&self, point: Point) {
        let mut state = self.state();
        if state.stop_at != Some(point) {
            return;
        }
        say(&Report::At(point));
        while state.stop_at == Some(point) {
            state = self
                .state
                .1
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports if the renewal that has ended took too long.
    pub(super) fn end(&self) {
        let now = self.clock.now().wall;
        let mut state = self.state();
        let step = std::mem::take(&mut state.step);
        let took = now.since(state.begun);
        drop(state);
        if matches!(step, Step::Send | Step::Commit) && took >= self.flight {
            say(&Report::Late);
        }
    }

    /// Records the outcome of a swap, and returns the point that was reached.
    fn swapped(&self, step: Step, stored: bool) -> Option<Point> {
        let now = self.clock.now().wall;
        let mut state = self.state();
        match (step, stored) {
            (Step::Begin, true) => {
                state.step = Step::Send;
                state.begun = now;
                Some(Point::AfterBegin)
            }
            (Step::Begin, false) => {
                state.step = Step::Other;
                None
            }
            (Step::Send | Step::Commit, true) => {
                drop(state);
                self.end();
                (step == Step::Commit).then_some(Point::AfterCommit)
            }
            _ => None,
        }
    }
}

impl Store for WatchedStore {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        self.watch.state().calls.loads += 1;
        self.store.load(identity)
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let step = self.watch.state().step;
        match step {
            Step::Begin => self.watch.pass(Point::BeforeBegin),
            Step::Commit => self.watch.pass(Point::BeforeCommit),
            Step::Send | Step::Other => {}
        }
        self.watch.state().calls.swaps += 1;
        let swapped = self.store.swap(identity, expected, record);
        let stored = swapped
            .as_ref()
            .is_ok_and(|swap| *swap == SwapOutcome::Stored);
        if let Some(point) = self.watch.swapped(step, stored) {
            self.watch.pass(point);
        }
        swapped
    }

    fn timeout(&self) -> Duration {
        self.store.timeout() * self.pace
    }

    fn wait(
        &self,
        identity: &Identity,
        seen: Option<&Record>,
        at_most: Duration,
    ) -> Result<WaitOutcome> {
        self.watch.state().calls.waits += 1;
        self.store.wait(identity, seen, at_most / self.pace)
    }

    /// The session calls it just before it begins.
    fn announce(&self, identity: &Identity, attempt: AttemptId) -> Option<LivenessGuard> {
        self.watch.state().step = Step::Begin;
        self.store.announce(identity, attempt)
    }

    fn has_exited(&self, identity: &Identity, attempt: AttemptId) -> bool {
        self.store.has_exited(identity, attempt)
    }
}

impl Transport for WatchedTransport {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        self.watch.pass(Point::BeforeSend);
        let answer = self.transport.send(request);
        self.watch.pass(Point::Answered);
        let mut state = self.watch.state();
        if state.step == Step::Send {
            state.step = Step::Commit;
        }
        answer
    }

    fn timeout(&self) -> Duration {
        self.transport.timeout() * self.pace
    }
}

/// Writes a report. If the parent no longer reads, it has ended, and this process ends too.
pub(super) fn say(report: &Report) {
    if writeln!(io::stdout(), "{report}").is_err() {
        std::process::exit(1);
    }
}
