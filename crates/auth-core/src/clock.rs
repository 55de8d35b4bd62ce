//! What time it is, by two clocks that fail in different ways.

use std::fmt::Debug;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use time::OffsetDateTime;

/// Tells the time to a [`Session`](crate::Session), and waits for it.
///
/// Tests pass a [`ManualClock`] and never sleep; everybody else keeps the default, [`SystemClock`].
pub trait Clock: Debug + Send + Sync {
    /// Both clocks, read together.
    fn now(&self) -> Moment;

    /// Whole seconds of the wall clock since 1970, as cheaply as the machine can tell.
    ///
    /// A held token is compared with this on every call. The default asks [`now`](Clock::now).
    fn seconds(&self) -> u64 {
        self.now().wall.as_secs()
    }

    /// Waits, between two tries that a grant allows.
    fn sleep(&self, duration: Duration);
}

/// One reading of both clocks.
///
/// The wall clock goes on while a machine is suspended, and may be set to anything at any time; the
/// monotonic clock never jumps, and on most systems stands still during a suspend. A life has ended
/// as soon as one of them says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Since 1970-01-01 00:00 UTC.
    pub wall: Duration,
    /// Since some fixed moment of this process.
    pub monotonic: Duration,
}

/// The machine's own clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// A clock that stands still until a test moves it.
///
/// Clones share the time. Sleeping advances the clock at once, so retries cost a test nothing.
///
/// ```
/// use std::time::Duration;
/// use auth_core::{Clock, ManualClock};
///
/// let clock = ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().wall - before.wall, Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Moment>>);

impl Moment {
    /// The time that has passed since `earlier`, by the clock that saw more of it.
    ///
    /// A wall clock that was set back before `earlier` is not asked.
    pub fn since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_sub(earlier.monotonic);
        self.wall.saturating_sub(earlier.wall).max(monotonic)
    }

    /// This moment and then some.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let Self { wall, monotonic } = self;
        Self {
            wall: wall.saturating_add(duration),
            monotonic: monotonic.saturating_add(duration),
        }
    }

    /// The wall clock as a date, if it can be one.
    pub fn date(self) -> Option<OffsetDateTime> {
        OffsetDateTime::UNIX_EPOCH.checked_add(self.wall.try_into().ok()?)
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clocks"
    )]
    fn now(&self) -> Moment {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        let monotonic = START.elapsed();
        // A machine that believes it is before 1970 is at 1970: every life then counts from there.
        let wall = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Moment { wall, monotonic }
    }

    /// The kernel's coarse clock: whole seconds need no more, and it costs a third.
    #[cfg(target_os = "linux")]
    fn seconds(&self) -> u64 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        u64::try_from(now.tv_sec).unwrap_or_default()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that really waits")]
    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

impl ManualClock {
    /// A clock at 2026-01-01 00:00 UTC.
    pub fn new() -> Self {
        Self::at(OffsetDateTime::UNIX_EPOCH + Duration::from_secs(NEW_YEAR_2026))
    }

    /// A clock at a date; one before 1970 counts as 1970.
    pub fn at(date: OffsetDateTime) -> Self {
        let wall = u64::try_from(date.unix_timestamp()).unwrap_or_default();
        let monotonic = Duration::from_secs(1000);
        Self(Arc::new(Mutex::new(Moment {
            wall: Duration::from_secs(wall),
            monotonic,
        })))
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        self.change(|now| {
            now.wall += duration;
            now.monotonic += duration;
        });
    }

    /// Lets the machine sleep: the wall clock goes on, the monotonic one stands still.
    pub fn suspend(&self, duration: Duration) {
        self.change(|now| now.wall += duration);
    }

    /// Sets the wall clock, as a person or a time server would.
    pub fn set_wall(&self, date: OffsetDateTime) {
        let wall = u64::try_from(date.unix_timestamp()).unwrap_or_default();
        self.change(|now| now.wall = Duration::from_secs(wall));
    }

    /// The wall clock as the standard library's type, for code that wants that.
    pub fn system_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.now().wall
    }

    fn change(&self, change: impl FnOnce(&mut Moment)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}

const NEW_YEAR_2026: u64 = 1_767_225_600;
