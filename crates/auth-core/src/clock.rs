//! What time it is, by two clocks that fail in different ways.

use std::fmt::Debug;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

/// Tells the time to a [`Session`](crate::Session), and waits for it.
///
/// Tests pass a [`ManualClock`](crate::testing::ManualClock) and never sleep; everybody else keeps the default, [`SystemClock`].
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

/// Time since 1970-01-01 00:00 UTC.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use auth_core::clock::UnixTime;
///
/// let time = UnixTime::new(Duration::from_secs(60));
/// assert_eq!(SystemTime::from(time), SystemTime::UNIX_EPOCH + Duration::from_secs(60));
/// assert_eq!(time.seconds(), 60);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(Duration);

impl UnixTime {
    /// This long after 1970.
    #[must_use]
    pub const fn new(since_1970: Duration) -> Self {
        Self(since_1970)
    }

    /// Returns the whole seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0.as_secs()
    }
}

impl From<SystemTime> for UnixTime {
    /// A time before 1970 counts as 1970.
    fn from(time: SystemTime) -> Self {
        Self(
            time.duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default(),
        )
    }
}

impl From<UnixTime> for SystemTime {
    fn from(time: UnixTime) -> Self {
        Self::UNIX_EPOCH + time.0
    }
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
