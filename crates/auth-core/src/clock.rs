//! Time, by two clocks that fail in different ways.

use std::fmt::Debug;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime};

/// Tells the time to a [`Session`](crate::Session), and waits for it.
///
/// Tests pass a [`ManualClock`](crate::testing::ManualClock) and never sleep; programs keep the default, [`SystemClock`].
///
/// A device whose wall clock is wrong, and that knows by how much, has a clock of its own:
///
/// ```
/// use std::time::Duration;
/// use auth_core::clock::{Clock, Moment, SystemClock};
///
/// /// The machine's clock, corrected by a time server's difference.
/// #[derive(Debug)]
/// struct Corrected(Duration);
///
/// impl Clock for Corrected {
///     fn now(&self) -> Moment {
///         let now = SystemClock::new().now();
///         Moment::new(now.wall.plus(self.0), now.monotonic)
///     }
///
///     fn sleep(&self, duration: Duration) {
///         SystemClock::new().sleep(duration);
///     }
/// }
///
/// let hour = Duration::from_secs(3600);
/// let uncorrected = SystemClock::new().now();
/// assert!(Corrected(hour).now().since(uncorrected) >= hour);
/// // `Session::builder(grant).clock(Corrected(hour))`
/// ```
pub trait Clock: Debug + Send + Sync {
    /// Both clocks, read together.
    fn now(&self) -> Moment;

    /// Reads the wall clock in whole seconds since 1970, as cheaply as the machine can.
    ///
    /// A held token is compared with this on every call. The default calls [`now`](Clock::now).
    fn seconds(&self) -> u64 {
        self.now().wall.seconds()
    }

    /// Waits, between two tries that a grant allows.
    fn sleep(&self, duration: Duration);
}

/// Time since 1970-01-01 00:00 UTC, by the wall clock of a machine.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use auth_core::clock::UnixTime;
///
/// let time = UnixTime::from(SystemTime::UNIX_EPOCH + Duration::from_secs(60));
/// assert_eq!(time.seconds(), 60);
/// assert_eq!(time.plus(Duration::from_secs(5)).since(time), Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(Duration);

/// One reading of both clocks.
///
/// The wall clock continues while a machine is suspended, and may be set to anything at any time; the
/// monotonic clock never jumps, and on most systems stops during a suspend. A token has expired
/// as soon as it has by either of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moment {
    /// The wall clock.
    pub wall: UnixTime,
    /// The monotonic clock, since a fixed moment of this process.
    pub monotonic: Duration,
}

/// The machine's own clocks.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl UnixTime {
    /// The last second of the year 9999, after which calendars have no date.
    pub(crate) const LAST_DATE: Self = Self::new(Duration::from_secs(253_402_300_799));

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

    /// The time that has passed since `earlier`; zero if that is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// This time and `duration` more.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl From<SystemTime> for UnixTime {
    /// A time before 1970 counts as 1970: every life then counts from there.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        Self(since.unwrap_or_default())
    }
}

impl From<UnixTime> for SystemTime {
    /// A time that is not a date is the last second of the year 9999.
    fn from(time: UnixTime) -> Self {
        Self::UNIX_EPOCH + time.min(UnixTime::LAST_DATE).0
    }
}

impl Moment {
    /// A reading, for a [`Clock`] of your own.
    #[must_use]
    pub const fn new(wall: UnixTime, monotonic: Duration) -> Self {
        Self { wall, monotonic }
    }

    /// The time that has passed since `earlier`, by the clock that saw more of it.
    ///
    /// A wall clock that was set back before `earlier` is not considered.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_sub(earlier.monotonic);
        self.wall.since(earlier.wall).max(monotonic)
    }

    /// This moment and `duration` more.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self {
            wall: self.wall.plus(duration),
            monotonic: self.monotonic.saturating_add(duration),
        }
    }
}

impl SystemClock {
    /// The machine's own clocks.
    #[must_use]
    pub const fn new() -> Self {
        Self
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
        Moment::new(SystemTime::now().into(), monotonic)
    }

    /// The kernel's coarse clock: whole seconds need no more, and it costs a third.
    ///
    /// Not on 32-bit systems: with musl on ARM, `rustix` returned seconds that are no time, because musl's `timespec` is
    /// larger there than the one that `libc` declares.
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    fn seconds(&self) -> u64 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        u64::try_from(now.tv_sec).unwrap_or_default()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that really waits")]
    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<T: Clock + ?Sized> Clock for $pointer {
            fn now(&self) -> Moment {
                (**self).now()
            }

            fn seconds(&self) -> u64 {
                (**self).seconds()
            }

            fn sleep(&self, duration: Duration) {
                (**self).sleep(duration);
            }
        }
    )*};
}

forward!(&T, Box<T>, Arc<T>);
