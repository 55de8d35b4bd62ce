//! The machine's clock, some seconds ahead, for the benchmarks that wait for a token to be due.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use auth_core::clock::{Clock, Moment, SystemClock};

/// The machine's clock, some seconds ahead.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shifted(Arc<AtomicU64>);

impl Shifted {
    pub(crate) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Shifted {
    fn now(&self) -> Moment {
        let ahead = Duration::from_secs(self.0.load(Ordering::Relaxed));
        SystemClock::new().now().plus(ahead)
    }

    fn seconds(&self) -> u64 {
        SystemClock::new().seconds() + self.0.load(Ordering::Relaxed)
    }

    fn sleep(&self, duration: Duration) {
        SystemClock::new().sleep(duration);
    }
}
