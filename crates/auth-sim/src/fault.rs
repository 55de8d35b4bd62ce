//! Faults that a test injects into single requests, and gates.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Response;

/// A fault of one request.
///
/// Queued with [`Simulator::next`](crate::Simulator::next) for the token endpoint and with
/// [`Simulator::next_api`](crate::Simulator::next_api) for everything else; each fault is used
/// once, in order. The first group handles the request, so tokens are issued and refresh tokens
/// are spent, but spoils the delivery; the second group responds in the simulator's place, and no
/// token changes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Handles the request, and responds after this much real time.
    Delay(Duration),
    /// Handles the request, and sends one byte at a time, with at least this pause in between.
    Drip(Duration),
    /// Handles the request, sends this many bytes of the whole HTTP response, and closes.
    Cut(usize),
    /// Handles the request, and closes without sending a byte: the response is lost.
    Drop,

    /// Does not handle the request, and closes without sending a byte.
    Refuse,
    /// Returns 200 with an HTML page, as a captive portal does.
    Garble,
    /// Returns 200 with bytes that are neither text nor JSON.
    Noise,
    /// Returns this status with an empty body.
    Status(u16),
    /// Returns 302 with this `Location`.
    Redirect(String),
    /// Returns 200 with a body that never ends.
    Endless,
    /// Returns this response: any status, headers and body.
    Response(Response),
    /// Sends these bytes, which need not be HTTP, and closes.
    Raw(Vec<u8>),
}

/// Holds one response back until the test releases it.
///
/// Returned by [`Simulator::hold`](crate::Simulator::hold). It lets a test of concurrency do without sleeps.
/// Dropping the gate or the simulator releases the response.
///
/// ```
/// use std::thread;
///
/// let ermeo = auth_sim::Simulator::ermeo();
/// let gate = ermeo.hold();
/// thread::scope(|scope| {
///     let client = scope.spawn(|| ureq::get(ermeo.token_url()).call().is_err());
///     gate.wait_until_reached();
///     assert_eq!(ermeo.requests()[0].status, None); // it has arrived, and has no response yet
///     gate.release();
///     assert!(client.join().unwrap());
/// });
/// ```
pub struct Gate(pub(crate) Arc<Latch>);

impl Gate {
    /// Waits until the request has arrived and has been handled.
    ///
    /// # Panics
    ///
    /// If none arrives within 30 seconds, so that a broken test fails instead of hanging.
    pub fn wait_until_reached(&self) {
        assert!(
            self.0.wait_until_reached(),
            "no request has reached the gate within 30 s"
        );
    }

    /// Returns `true` if the request has arrived.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.0.state().reached
    }

    /// Releases the response.
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

/// A barrier that opens once, and reports whether a thread has reached it.
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

    /// Marks the latch as reached, and waits until it opens.
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

    /// Waits until the latch opens, at most this long; returns `true` if it is open.
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
