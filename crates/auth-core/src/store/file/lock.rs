//! One at a time: first among the threads of a process, then among the processes of a machine.
//!
//! The lock is one of the kernel's on a file that holds nothing and is never deleted, because whoever
//! waits for a deleted file's lock shares it with nobody. A process that ends, in whatever way, frees it.

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

/// Which locks a thread of this process has or waits for, by their paths.
#[derive(Debug, Default)]
pub(super) struct Turns {
    taken: Mutex<HashSet<PathBuf>>,
    freed: Condvar,
}

/// A lock, freed when dropped.
#[derive(Debug)]
pub(super) struct Locked<'a> {
    // Freed before the next thread gets its turn.
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
    /// Waits for the lock on the file at `path`, or until what it is needed for is `known` without.
    ///
    /// Locks are given to whoever comes first after they were freed, not in turn. So it is the second
    /// that keeps a crowd from making somebody wait too long.
    pub(super) fn lock<T>(
        &self,
        path: &Path,
        at_most: Duration,
        mut known: impl FnMut() -> Result<Option<T>>,
    ) -> Result<ControlFlow<T, Locked<'_>>> {
        let until = now().saturating_add(at_most);
        let mut turn = None;
        loop {
            if let Some(mine) = turn.take().or_else(|| self.turn(path)) {
                if let Some(file) = LockedFile::try_lock(path)? {
                    return Ok(ControlFlow::Continue(Locked { file, _turn: mine }));
                }
                turn = Some(mine);
            }
            if let Some(known) = known()? {
                return Ok(ControlFlow::Break(known));
            }
            let left = until.saturating_sub(now());
            if left.is_zero() {
                return Err(busy(path, at_most));
            }
            // There is no waiting for a lock of the kernel with a bound: look again in a moment, or
            // when a thread of this process is done.
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
    /// Opens the file, making it if need be, and locks it unless somebody else has.
    pub(super) fn try_lock(path: &Path) -> Result<Option<Self>> {
        let file = private::open_or_create(path)?;
        match file.try_lock() {
            // Somebody may have deleted the file meanwhile, and others then lock its successor.
            Ok(()) => Ok(private::is_at(&file, path).then_some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(unavailable("locking", path, &error)),
        }
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Closing is not enough: a child that was forked a moment ago may still have the file open.
        // An error leaves the lock to be freed with the last of them.
        let _ = self.0.unlock();
    }
}

fn busy(path: &Path, at_most: Duration) -> Error {
    let detail = format!(
        "{path:?} was locked by another process or thread for {} ms; try again, and if that lasts look \
         for a stopped process that has it open",
        at_most.as_millis()
    );
    Error::store(StoreFailure::Unavailable, detail)
}

fn now() -> Duration {
    SystemClock.now().monotonic
}

/// A swap takes some milliseconds, nearly all of them spent on waiting for the disk.
const PAUSE: Duration = Duration::from_millis(1);
