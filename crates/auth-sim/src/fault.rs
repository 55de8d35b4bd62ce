//! What can go wrong with one request, on demand.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Response;

/// What goes wrong with one request.
///
/// Queued with [`Simulator::next`](crate::Simulator::next) for the token endpoint and with
/// [`Simulator::next_api`](crate::Simulator::next_api) for everything else; each fault is used
/// once, in order. The first group handles the request, so tokens are issued and refresh tokens
/// are spent, and spoils the delivery; the second group answers in the simulator's place, and no
/// token moves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Handles the request, and answers after this much real time.
    Delay(Duration),
    /// Handles the request, and sends one byte at a time, with this pause at least in between.
    Drip(Duration),
    /// Handles the request, sends this many bytes of the whole HTTP answer, and closes.
    Cut(usize),
    /// Handles the request, and closes without a byte: the answer is lost.
    Drop,

    /// Does not handle the request, and closes without a byte.
    Refuse,
    /// Answers 200 with an HTML page, as a captive portal does.
    Garble,
    /// Answers 200 with bytes that are neither text nor JSON.
    Noise,
    /// Answers this status with an empty body.
    Status(u16),
    /// Answers 302 with this `Location`.
    Redirect(String),
    /// Answers 200 with a body that never ends.
    Endless,
    /// Answers this: any status, headers and body.
    Response(Response),
    /// Sends these bytes, which need not be HTTP, and closes.
    Raw(Vec<u8>),
}

/// Holds one answer back until the test lets it go.
///
/// From [`Simulator::hold`](crate::Simulator::hold). With it a test of concurrency needs no sleep.
/// Dropping it releases the answer, and so does dropping the simulator.
///
/// ```
/// use std::thread;
///
/// let ermeo = auth_sim::Simulator::ermeo();
/// let gate = ermeo.hold();
/// thread::scope(|scope| {
///     let client = scope.spawn(|| ureq::get(ermeo.token_url()).call().is_err());
///     gate.wait_until_reached();
///     assert_eq!(ermeo.requests()[0].status, None); // it has arrived, and nothing was answered
///     gate.release();
///     assert!(client.join().unwrap());
/// });
/// ```
pub struct Gate(pub(crate) Arc<Latch>);

impl Gate {
    /// Waits until the request has arrived and was handled.
    ///
    /// # Panics
    ///
    /// If none arrives within 30 seconds: a test that fails is better than one that hangs.
    pub fn wait_until_reached(&self) {
        assert!(
            self.0.wait_until_reached(),
            "no request has reached the gate within 30 s"
        );
    }

    /// Whether the request has arrived.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.0.state().reached
    }

    /// Lets the answer go.
    pub fn release(&self) {
        self.0.open();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.release();
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latched { reached, open } = *self.0.state();
        f.debug_struct("Gate")
            .field("reached", &reached)
            .field("released", &open)
            .finish()
    }
}

/// One entry of a queue of faults.
pub(crate) enum Plan {
    Fault(Fault),
    Hold(Arc<Latch>),
}

/// A door that opens once.
#[derive(Default)]
pub(crate) struct Latch {
    state: Mutex<Latched>,
    changed: Condvar,
}

#[derive(Default)]
pub(crate) struct Latched {
    reached: bool,
    open: bool,
}

impl Latch {
    pub(crate) fn open(&self) {
        self.state().open = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state().open
    }

    /// Says that somebody is at the door, and waits until it opens.
    pub(crate) fn pass(&self) {
        let mut state = self.state();
        state.reached = true;
        self.changed.notify_all();
        while !state.open {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits this long, or until it opens; says whether it is open.
    pub(crate) fn wait(&self, at_most: Duration) -> bool {
        let waited = self
            .changed
            .wait_timeout_while(self.state(), at_most, |state| !state.open);
        waited.unwrap_or_else(PoisonError::into_inner).0.open
    }

    fn wait_until_reached(&self) -> bool {
        let waited = self
            .changed
            .wait_timeout_while(self.state(), PATIENCE, |it| !it.reached);
        waited.unwrap_or_else(PoisonError::into_inner).0.reached
    }

    fn state(&self) -> MutexGuard<'_, Latched> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
