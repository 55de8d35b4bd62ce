//! One clock for a fleet and its server, which runs faster than the machine's or stands still.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use auth_all::clock::{Clock, Moment, SystemClock, UnixTime};

/// A clock derived from the machine's, usually much faster; clones share it.
///
/// All processes on a machine that have the same [`Time`] agree on the current time.
#[derive(Clone, Debug)]
pub struct FleetClock {
    time: Arc<Mutex<Time>>,
    pace: u32,
}

/// A time and its speed, relative to the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// The time of the fleet
    at: Duration,
    /// at this time of the machine's clock.
    since: Duration,
    /// Seconds of the fleet per second of the machine's clock; 0 stops the time.
    speed: u32,
}

impl Time {
    /// Starts at 2026 and stands still.
    pub fn still() -> Self {
        Self {
            at: NEW_YEAR_2026,
            since: Duration::ZERO,
            speed: 0,
        }
    }

    /// Starts at 2026 and runs this many times as fast as the machine's clock.
    pub fn running(speed: u32) -> Self {
        Self {
            at: NEW_YEAR_2026,
            since: machine(),
            speed,
        }
    }

    /// Moves forward, and stands still from then on.
    #[must_use]
    pub fn stopped(self, after: Duration) -> Self {
        Self {
            at: self.now() + after,
            since: Duration::ZERO,
            speed: 0,
        }
    }

    /// Moves forward, and continues at the same speed.
    #[must_use]
    pub fn ahead(self, by: Duration) -> Self {
        let at = self.at + by;
        Self { at, ..self }
    }

    fn now(self) -> Duration {
        let passed = machine().saturating_sub(self.since);
        self.at + passed * self.speed
    }
}

/// Returns the time of the machine's wall clock.
fn machine() -> Duration {
    SystemClock::new().now().wall.since(UnixTime::default())
}

impl FleetClock {
    /// Creates a clock whose waits take `pace` times less than requested.
    pub fn new(time: Time, pace: u32) -> Self {
        Self {
            time: Arc::new(Mutex::new(time)),
            pace,
        }
    }

    /// Returns the time and its speed.
    pub fn time(&self) -> Time {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the time and its speed.
    pub fn set(&self, time: Time) {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }

    /// Returns the time that has passed since the start of 2026.
    pub fn passed(&self) -> Duration {
        self.time().now().saturating_sub(NEW_YEAR_2026)
    }

    /// Returns the time as a `SystemTime`.
    pub fn system_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.time().now()
    }
}

impl Clock for FleetClock {
    fn now(&self) -> Moment {
        let wall = self.time().now();
        Moment::new(UnixTime::new(wall), wall.saturating_sub(NEW_YEAR_2026))
    }

    fn sleep(&self, duration: Duration) {
        SystemClock::new().sleep(duration / self.pace);
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, since, speed } = self;
        write!(f, "{} {} {speed}", at.as_nanos(), since.as_nanos())
    }
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Vec<u64> = text
            .split(' ')
            .map(|number| number.parse().map_err(|_| format!("no time: {text}")))
            .collect::<Result<_, _>>()?;
        match numbers[..] {
            [at, since, speed] => Ok(Self {
                at: Duration::from_nanos(at),
                since: Duration::from_nanos(since),
                speed: u32::try_from(speed).map_err(|_| format!("too fast: {text}"))?,
            }),
            _ => Err(format!("no time: {text}")),
        }
    }
}

const NEW_YEAR_2026: Duration = Duration::from_secs(1_767_225_600);
