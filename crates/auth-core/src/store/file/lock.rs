//! Locks, first among the threads of a process, then among the processes of a machine.
//!
//! The lock is one of the kernel's on a file that is empty and never deleted, because a process that waits for a
//! deleted file's lock shares it with no other. The kernel releases it however a process exits.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result, StoreFailure};

use super::failure::unavailable;
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
    /// The first process to ask after a release gets the lock, whichever waited longest. So `known` keeps a process
    /// from waiting too long in a crowd. It is called ever less often: it may open a file, and the holder of the lock
    /// cannot replace an open one on every system.
    pub(super) fn lock<T>(
        &self,
        path: &Path,
        at_most: Duration,
        mut known: impl FnMut() -> Result<Option<T>>,
    ) -> Result<ControlFlow<T, Locked<'_>>> {
        let until = now().saturating_add(at_most);
        let (mut turn, mut tries) = (None, 0_u32);
        loop {
            tries = tries.wrapping_add(1);
            if let Some(mine) = turn.take().or_else(|| self.turn(path)) {
                if let Some(file) = LockedFile::try_lock(path)? {
                    return Ok(ControlFlow::Continue(Locked { file, _turn: mine }));
                }
                turn = Some(mine);
            }
            let is_due = tries.is_power_of_two() || tries.is_multiple_of(32);
            if let Some(known) = is_due.then(&mut known).transpose()?.flatten() {
                return Ok(ControlFlow::Break(known));
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
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Closing is not enough: a child that was forked a moment ago may still have the file open.
        // After an error, the lock is released with the last of them.
        let _ = self.0.unlock();
    }
}

fn busy(path: &Path, at_most: Duration) -> Error {
    let detail = format!(
        "another process or thread had {path:?} locked for {} ms; try again, and if that does not help, \
         look for a stopped process that has it open",
        at_most.as_millis()
    );
    Error::store(StoreFailure::Unavailable, detail)
}

fn now() -> Duration {
    SystemClock::new().now().monotonic
}

/// A swap takes some milliseconds, nearly all of them the disk's.
const PAUSE: Duration = Duration::from_millis(1);
