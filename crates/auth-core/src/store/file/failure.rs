//! Errors of the system about files: those that pass are waited out, and the others come with advice.
//!
//! On Windows, a virus scanner, a backup or an editor that has a file open can keep this process from opening, replacing
//! or removing it. On volumes without POSIX rename (ReFS, NTFS that Server 2016 formatted) every program that has a
//! file open does so, a reader of this crate too. Most of them close it within milliseconds.

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, StoreFailure};

/// Time that one call may spend on waiting for other programs, all its files together.
#[derive(Debug)]
pub(super) struct Patience<C = SystemClock> {
    clock: C,
    left: Cell<Duration>,
}

impl Patience {
    pub(super) fn new(at_most: Duration) -> Self {
        Self::by(SystemClock::new(), at_most)
    }

    /// Does not wait.
    pub(super) fn none() -> Self {
        Self::new(Duration::ZERO)
    }

    /// Repeats `work` while another program has its file open and time is left.
    pub(super) fn wait_out<T>(&self, work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        self.repeat(work, is_in_use)
    }
}

impl<C: Clock> Patience<C> {
    fn by(clock: C, at_most: Duration) -> Self {
        Self {
            clock,
            left: Cell::new(at_most),
        }
    }

    fn repeat<T>(
        &self,
        mut work: impl FnMut() -> io::Result<T>,
        is_in_use: impl Fn(&io::Error) -> bool,
    ) -> io::Result<T> {
        let mut pause = Duration::from_millis(1);
        loop {
            match work() {
                Err(error) if is_in_use(&error) && !self.left.get().is_zero() => self.pause(pause),
                other => return other,
            }
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Waits, and counts the time that really passed: some systems have a coarse timer.
    fn pause(&self, pause: Duration) {
        let before = self.clock.now().monotonic;
        self.clock.sleep(pause.min(self.left.get()));
        let passed = self.clock.now().monotonic.saturating_sub(before);
        self.left.set(self.left.get().saturating_sub(passed));
    }
}

/// Returns `true` if the error means that another program has the file open. It may also mean that this user may not
/// change it, which has the same number on Windows.
pub(super) fn is_in_use(error: &io::Error) -> bool {
    cfg!(windows) && matches!(error.raw_os_error(), Some(ACCESS_DENIED | ALREADY_EXISTS))
        || is_shared(error)
}

/// Returns `true` if the error certainly means that another program has the file open.
pub(super) fn is_shared(error: &io::Error) -> bool {
    cfg!(windows)
        && matches!(
            error.raw_os_error(),
            Some(SHARING_VIOLATION | LOCK_VIOLATION)
        )
}

/// Describes an error of the system while `doing` something with `path`.
pub(super) fn unavailable(doing: &str, path: &Path, error: &io::Error) -> Error {
    let advice = match error.kind() {
        ErrorKind::PermissionDenied if is_in_use(error) => IN_USE_OR_DENIED,
        _ if is_in_use(error) => IN_USE,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "free some space"
        }
        ErrorKind::PermissionDenied => "allow this user to write in its directory",
        ErrorKind::ReadOnlyFilesystem => {
            "mount it for writing, or keep the store elsewhere (in a container: on a volume)"
        }
        ErrorKind::NotFound => "its directory is missing: open the store again, which makes it",
        ErrorKind::Unsupported => "keep the store on a local file system",
        _ => "repair that, or keep the store elsewhere",
    };
    let detail = format!("{doing} {path:?} failed ({error}); {advice}");
    Error::store(StoreFailure::Unavailable, detail)
}

/// Adds to an error that nothing was saved.
pub(super) fn not_saved(error: Error) -> Error {
    match error {
        Error::Store { failure, message } => {
            Error::store(failure, format!("nothing was saved: {message}"))
        }
        other => other,
    }
}

/// Advice if another program has the file open.
pub(super) const IN_USE: &str =
    "another program has the file open; exclude the directory from scanners and backups";

/// Windows has one number for both.
const IN_USE_OR_DENIED: &str = "another program has the file open; exclude the directory from scanners and backups, and \
     allow this user to write in it";

/// A file that is open is replaced, or was removed and is still open.
const ACCESS_DENIED: i32 = 5;
const SHARING_VIOLATION: i32 = 32;
const LOCK_VIOLATION: i32 = 33;
/// The name belongs to a file that was removed and is still open.
const ALREADY_EXISTS: i32 = 183;

const LONGEST: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ManualClock;

    /// Work that meets another program so many times, and is counted.
    fn busy<'a>(times: u32, tries: &'a Cell<u32>) -> impl FnMut() -> io::Result<u32> + 'a {
        move || {
            tries.set(tries.get() + 1);
            match tries.get() > times {
                true => Ok(tries.get()),
                false => Err(io::Error::from_raw_os_error(SHARING_VIOLATION)),
            }
        }
    }

    fn second() -> Patience<ManualClock> {
        Patience::by(ManualClock::new(), Duration::from_secs(1))
    }

    #[test]
    fn a_file_that_is_soon_closed_is_waited_for() {
        let (patience, tries) = (second(), Cell::new(0));
        assert_eq!(patience.repeat(busy(20, &tries), |_| true).unwrap(), 21);
        assert!(patience.left.get() > Duration::from_millis(500));
    }

    #[test]
    fn all_files_share_one_bound() {
        let (patience, tries) = (second(), Cell::new(0));
        let begun = patience.clock.now();
        let error = patience
            .repeat(busy(u32::MAX, &tries), |_| true)
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(SHARING_VIOLATION));
        assert_eq!(patience.clock.now().since(begun), Duration::from_secs(1));
        let first = tries.replace(0);
        assert!((50..200).contains(&first), "{first} tries");
        assert!(patience.repeat(busy(1, &tries), |_| true).is_err());
        assert_eq!(tries.get(), 1, "no time is left for a second file");
    }

    #[test]
    fn other_errors_are_returned_at_once() {
        let (patience, tries) = (second(), Cell::new(0));
        assert!(patience.repeat(busy(1, &tries), |_| false).is_err());
        assert_eq!(
            (tries.get(), patience.left.get()),
            (1, Duration::from_secs(1))
        );
    }

    #[test]
    fn numbers_have_this_meaning_on_windows_alone() {
        for number in [
            ACCESS_DENIED,
            SHARING_VIOLATION,
            LOCK_VIOLATION,
            ALREADY_EXISTS,
        ] {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(is_in_use(&error), cfg!(windows), "{error}");
        }
        assert!(!is_in_use(&io::Error::from_raw_os_error(2)));
        assert!(!is_shared(&io::Error::from_raw_os_error(ACCESS_DENIED)));
    }
}
