//! Locks, first among the threads of a process, then among the processes of a machine.
//!
//! The lock is one of the kernel's on an empty file. Only a process that holds the lock deletes the file, with the rest of
//! a login: a process that gets the lock of a deleted file shares it with no other, so it looks whether its file is still
//! in place. The kernel releases it however a process exits. That shows other
//! processes, too, whether one that renews is alive: it locks a file that names its attempt.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result, StoreFailure};
use crate::store::AttemptId;

use super::failure::{Patience, unavailable};
use super::private;

/// Locks that a thread of this process has or waits for, by their paths.
#[derive(Debug, Default)]
pub(super) struct Turns {
    taken: Mutex<HashSet<PathBuf>>,
    freed: Condvar,
}

/// A lock, released when dropped.
#[derive(Debug)]
pub(super) struct Locked<'a> {
    // Released before the next thread gets its turn.
    pub(super) file: LockedFile,
    _turn: Turn<'a>,
}

/// A file whose lock this process holds.
#[derive(Debug)]
pub(super) struct LockedFile(pub(super) File);

#[derive(Debug)]
struct Turn<'a> {
    turns: &'a Turns,
    path: PathBuf,
}

impl Turns {
    /// Waits for the lock on the file at `path`, or until its purpose is `known` without it.
    ///
    /// The first process that tries after a release gets the lock, not the one that waited longest. So `known` keeps a
    /// process from waiting too long if many compete.
    pub(super) fn lock<T>(
        &self,
        path: &Path,
        at_most: Duration,
        mut known: impl FnMut() -> Result<Option<T>>,
    ) -> Result<ControlFlow<T, Locked<'_>>> {
        let begun = now();
        let until = begun.saturating_add(at_most);
        let (mut turn, mut next_look) = (None, Duration::ZERO);
        loop {
            if let Some(mine) = turn.take().or_else(|| self.turn(path)) {
                if let Some(file) = LockedFile::try_lock(path)? {
                    return Ok(ControlFlow::Continue(Locked { file, _turn: mine }));
                }
                turn = Some(mine);
            }
            if now() >= next_look {
                if let Some(known) = known()? {
                    return Ok(ControlFlow::Break(known));
                }
                next_look = now().saturating_add(until_next_look(now().saturating_sub(begun)));
            }
            let left = until.saturating_sub(now());
            if left.is_zero() {
                return Err(busy(path, at_most));
            }
            // The kernel has no lock with a time-out: look again in a moment, or when a thread of this
            // process is done.
            let pause = PAUSE.mul_f64(0.5 + fastrand::f64()).min(left);
            drop(self.freed.wait_timeout(self.taken(), pause));
        }
    }

    fn turn(&self, path: &Path) -> Option<Turn<'_>> {
        self.taken().insert(path.to_owned()).then(|| Turn {
            turns: self,
            path: path.to_owned(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.taken().remove(&self.path);
        self.turns.freed.notify_all();
    }
}

impl LockedFile {
    /// Opens the file, makes it if needed, and locks it unless another process has.
    pub(super) fn try_lock(path: &Path) -> Result<Option<Self>> {
        let Some(file) = private::open_lock(path)? else {
            return Ok(None);
        };
        match file.try_lock() {
            // If the file was deleted meanwhile, other processes lock its successor.
            Ok(()) => Ok(private::is_at(&file, path).then_some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(unavailable("locking", path, &error)),
        }
    }

    /// Writes into the file that this attempt is in progress while the file is locked.
    pub(super) fn announce(self, attempt: AttemptId) -> io::Result<Self> {
        self.0.set_len(0)?;
        (&self.0).write_all(line(attempt).as_bytes())?;
        Ok(self)
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Closing is not enough: a child that was forked a moment ago may still have the file open.
        // After an error, the lock is released with the last of them.
        let _ = self.0.unlock();
    }
}

/// Returns `true` if the file names this attempt and no process has it locked; in doubt `false`.
pub(super) fn has_exited(path: &Path, attempt: AttemptId) -> bool {
    let Ok(Some(file)) = private::open(path, &Patience::none()) else {
        return false;
    };
    if file.try_lock_shared().is_err() {
        return false;
    }
    let file = LockedFile(file);
    let mut text = String::new();
    let read = (&file.0).take(LENGTH + 1).read_to_string(&mut text);
    read.is_ok() && text == line(attempt)
}

fn line(attempt: AttemptId) -> String {
    format!("{attempt}\n")
}

fn busy(path: &Path, at_most: Duration) -> Error {
    let detail = format!(
        "another process or thread had {path:?} locked for {} ms; try again, and if that does not help, \
         look for a stopped process that has it open",
        at_most.as_millis()
    );
    Error::store(StoreFailure::Unavailable, detail)
}

/// Pause before `known` is called again, which opens a file. On Windows, an open file can be in the way of the process
/// that has the lock and replaces it: many processes that look at each try would hold it up, so each looks ever less often.
fn until_next_look(waited: Duration) -> Duration {
    match cfg!(windows) {
        true => waited.max(LOOK),
        false => Duration::ZERO,
    }
}

fn now() -> Duration {
    SystemClock::new().now().monotonic
}

/// A swap takes some milliseconds, nearly all of them the disk's.
const PAUSE: Duration = Duration::from_millis(1);

/// The shortest pause between two looks on Windows.
const LOOK: Duration = Duration::from_millis(20);

/// Of a line with an attempt.
const LENGTH: u64 = 33;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rarer_on_windows_alone() {
        let pauses = [0, 50, 4000].map(|ms| until_next_look(Duration::from_millis(ms)).as_millis());
        match cfg!(windows) {
            true => assert_eq!(pauses, [20, 50, 4000]),
            false => assert_eq!(pauses, [0; 3]),
        }
    }
}
