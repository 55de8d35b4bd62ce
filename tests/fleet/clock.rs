//! One clock for a fleet and its server: faster than the machine's, or at rest.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use auth_all::clock::{Clock, Moment, SystemClock, UnixTime};

/// A clock that goes by the machine's, and much faster; clones share it.
///
/// All processes of a machine that were told the same [`Time`] agree on what time it is.
#[derive(Clone, Debug)]
pub struct FleetClock {
    time: Arc<Mutex<Time>>,
    pace: u32,
}

/// From when on time goes by how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// What time it was,
    at: Duration,
    /// when the machine's clock said this.
    since: Duration,
    /// How many seconds go by in one of the machine's; none, and it stands still.
    speed: u32,
}

impl Time {
    /// It is 2026, and time stands still.
    pub fn still() -> Self {
        Self {
            at: NEW_YEAR_2026,
            since: Duration::ZERO,
            speed: 0,
        }
    }

    /// It is 2026, and time goes by this many times as fast as outside.
    pub fn running(speed: u32) -> Self {
        Self {
            at: NEW_YEAR_2026,
            since: machine(),
            speed,
        }
    }

    /// Later, and standing still from then on.
    #[must_use]
    pub fn stopped(self, after: Duration) -> Self {
        Self {
            at: self.now() + after,
            since: Duration::ZERO,
            speed: 0,
        }
    }

    /// Later, and going on as before.
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

/// The machine's wall clock.
fn machine() -> Duration {
    SystemClock::new().now().wall.since(UnixTime::default())
}

impl FleetClock {
    /// A clock on which waiting takes `pace` times less than it says.
    pub fn new(time: Time, pace: u32) -> Self {
        Self {
            time: Arc::new(Mutex::new(time)),
            pace,
        }
    }

    /// How it goes.
    pub fn time(&self) -> Time {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets it.
    pub fn set(&self, time: Time) {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }

    /// How much time has gone by since the year began.
    pub fn passed(&self) -> Duration {
        self.time().now().saturating_sub(NEW_YEAR_2026)
    }

    /// The time as the standard library has it.
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
