//! One at a time: first among the threads of a process, then among the processes of a machine.
//!
//! The lock is one of the kernel's on a file that holds nothing and is never deleted, because whoever
//! waits for a deleted file's lock shares it with nobody. A process that ends, in whatever way, frees it.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
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

/// The lock of one record, freed when dropped.
#[derive(Debug)]
pub(super) struct Locked<'a> {
    // Freed before the next thread gets its turn.
    _file: LockedFile,
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
    /// Waits for the lock on the file at `path`.
    pub(super) fn lock(&self, path: &Path, at_most: Duration) -> Result<Locked<'_>> {
        let until = now() + at_most;
        let turn = self
            .turn(path, at_most)
            .ok_or_else(|| busy(path, "threads of this process", at_most))?;
        let mut pause = SHORTEST_PAUSE;
        loop {
            if let Some(file) = LockedFile::try_lock(path)? {
                return Ok(Locked {
                    _file: file,
                    _turn: turn,
                });
            }
            let left = until.saturating_sub(now());
            if left.is_zero() {
                return Err(busy(path, "another process", at_most));
            }
            // There is no waiting for a lock of the kernel with a bound, so look again and again.
            SystemClock.sleep(pause.mul_f64(0.5 + fastrand::f64()).min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn turn(&self, path: &Path, at_most: Duration) -> Option<Turn<'_>> {
        let taken = |paths: &mut HashSet<_>| paths.contains(path);
        let waited = self.freed.wait_timeout_while(self.taken(), at_most, taken);
        let (mut paths, _) = waited.unwrap_or_else(PoisonError::into_inner);
        paths.insert(path.to_owned()).then(|| Turn {
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

fn busy(path: &Path, who: &str, at_most: Duration) -> Error {
    let detail = format!(
        "{path:?} was locked by {who} for {} ms; try again, and if that lasts look for a stopped process \
         that has it open",
        at_most.as_millis()
    );
    Error::store(StoreFailure::Unavailable, detail)
}

fn now() -> Duration {
    SystemClock.now().monotonic
}

/// A swap takes some milliseconds, nearly all of them spent on waiting for the disk.
const SHORTEST_PAUSE: Duration = Duration::from_micros(500);
const LONGEST_PAUSE: Duration = Duration::from_millis(8);
