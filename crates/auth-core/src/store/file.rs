//! The store of one machine: records in files, shared by its threads and processes.

mod failure;
mod frame;
mod lock;
mod logins;
mod names;
mod place;
mod private;
mod records;

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::error::Result;
use crate::identity::Identity;

use failure::{Patience, not_saved, unavailable};
use lock::{Locked, Turns};
pub use logins::StoredLogin;
use private::Stamp;
use records::{Newest, Records};

use super::{AttemptId, LivenessGuard, Record, Store, SwapOutcome, WaitOutcome, is_current};

/// Logins in a directory on a local disk, for all threads and processes of one machine; clones share it.
///
/// A login then outlives the process, and any number of processes share it without sending a refresh token twice.
///
/// ```
/// use auth_core::grant::Identity;
/// use auth_core::store::{FileStore, Record, Store, SwapOutcome};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("logins");
/// let store = FileStore::open(path)?;
/// let identity = Identity::new("ermeo").user(Some("ann"));
/// let record = Record::from_bytes(b"a session writes this".to_vec());
///
/// assert_eq!(store.swap(&identity, None, &record)?, SwapOutcome::Stored);
/// assert_eq!(store.load(&identity)?, Some(record));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Guarantees
/// - A swap writes a new file, syncs it to the disk and renames it. One that returned [`Stored`](SwapOutcome::Stored)
///   survives a power cut, if the disk keeps its word. A swap that fails leaves the file as it was, byte for byte,
///   and nothing else behind.
/// - Processes write in turn, by a lock of the kernel, which is released however a process exits. Readers never wait.
/// - A damaged file never logs all processes out. It is set aside, the log names its new path, and the record before it
///   is restored, marked as [restored](Record::is_restored) for every process that loads it until one replaces it. If
///   no such record exists, one call fails with an error that reports the damage, and the next finds no record. A file
///   of a newer version of this crate is refused and stays as it is.
/// - Directory and files belong to their owner alone from the first instant, under every umask. Anything that other
///   users could read or write, another user's file, a record that is a link or a fifo: refused, with the command that
///   repairs it. The directory above is the caller's choice.
/// - A process that is killed while it renews delays no other.
///
/// # Files
/// Each identity has several, named after the vendor and a hash of the identity: `ermeo-6f1c….record` is the newest
/// record, `.previous` the one before, `.new` one being written, `.damaged-1` one that was set aside. `.lock` and
/// `.alive` hold no secret and must never be deleted while the store is in use. [`Session::forget`](crate::Session::forget)
/// and `log_out` leave nothing of a login in `.record` and `.previous`; the operator deletes what was set aside. To
/// remove a login by hand, delete `.record` and `.previous`; [`remove_unused`](FileStore::remove_unused) removes all files
/// of logins that were not renewed for long. [`logins`](FileStore::logins) lists the logins.
///
/// # In a container
/// Keep it on a volume, in a directory that the store makes itself. **A volume of Kubernetes with `fsGroup`** is opened
/// to that group at each start of a pod (directories 2770, files 0660), and the store refuses what other users could
/// have read or written. Set `fsGroupChangePolicy: OnRootMismatch`, which leaves everything below the root of the
/// volume alone, or set no `fsGroup`
/// ([Kubernetes](https://kubernetes.io/docs/tasks/configure-pod-container/security-context/)):
///
/// ```yaml
/// securityContext:
///   runAsUser: 1000
///   fsGroup: 1000
///   fsGroupChangePolicy: OnRootMismatch   # FileStore::open("/volume/logins"), not "/volume"
/// ```
///
/// With systemd, `StateDirectory=` needs `StateDirectoryMode=0700`; the link that `DynamicUser=` makes is followed.
///
/// # Where not to use it
/// - **On a network file system** (NFS, SMB, sshfs, a volume that machines share). Some keep locks to one machine and
///   some lose them when a server restarts, and then two processes send the same refresh token; some show an old file
///   to other machines for a while. Use a store that is a server instead.
/// - On a file system without hard links (FAT, shared folders of a virtual machine, the storage of apps on Android):
///   the first swap that has to keep a record fails.
///
/// # On Windows
/// - **Other users.** Files have no modes, and the store does not read access lists: a user whom the directory's list
///   lets in can read and replace the logins, and no error says so. The directory of
///   [`for_program`](FileStore::for_program) is in the user's profile, which Windows opens to that user and to
///   administrators alone. Most other places (`C:\ProgramData`, a second drive) are open to every user: restrict the
///   directory before the first start, `icacls DIRECTORY /inheritance:r /grant:r USER:(OI)(CI)F`.
/// - **Open files.** A swap replaces the record, and a process may have it open at that moment to read it. That needs
///   POSIX rename: Windows 10 or Server 2019, with NTFS. Without it (`ReFS`, and NTFS volumes that Server 2016 made)
///   the swap waits for the reader, which needs less than a millisecond. A virus scanner, a backup or an editor can be
///   in the way on every volume. A call waits for all of them together at most a fifth of its
///   [time-out](FileStore::with_timeout), then fails and names the file: exclude the directory from scanners and
///   backups.
/// - **Durability.** A rename survives a power cut once the system has written it, which may be after the swap
///   returned.
#[derive(Clone, Debug)]
pub struct FileStore {
    directory: PathBuf,
    turns: Arc<Turns>,
    timeout: Duration,
}

impl FileStore {
    /// Opens the directory, and makes it and missing ones above it.
    ///
    /// A relative path starts at the current working directory. Symbolic links are followed; the last part of the
    /// path may be one if this user or root made it.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store) if it cannot be made, or if other users can read or write it;
    /// [`Error::Configuration`](crate::Error::Configuration) if the path is empty, begins with `~`, or holds a variable,
    /// quotes or a line break, which a shell would have replaced.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self> {
        let directory = place::directory(directory.as_ref())?;
        private::directory(&directory)?;
        Ok(Self {
            directory,
            turns: Arc::default(),
            timeout: Duration::from_secs(5),
        })
    }

    /// Opens the directory `PROGRAM/logins` in the user's state directory, and makes it if needed.
    ///
    /// | system | directory |
    /// |---|---|
    /// | Linux and other Unix | `$XDG_STATE_HOME/PROGRAM/logins`, or `$HOME/.local/state/PROGRAM/logins` |
    /// | macOS | `$HOME/Library/Application Support/PROGRAM/logins` |
    /// | Windows | `%LOCALAPPDATA%\PROGRAM\logins` |
    ///
    /// ```no_run
    /// use auth_core::store::FileStore;
    ///
    /// let store = FileStore::for_program("acme-sync")?;
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`open`](FileStore::open); [`Error::Configuration`](crate::Error::Configuration) if the variable is not set, as
    /// in many services, or if the name does not fit a directory on every system.
    pub fn for_program(program: &str) -> Result<Self> {
        Self::open(place::for_program(program, |name| std::env::var_os(name))?)
    }

    /// Sets the most time that a load or a swap takes, most of which is waiting for other processes. Default: 5 s.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Runs `work` while no other thread or process runs any for this directory and identity.
    ///
    /// A keyring, for example, cannot compare and swap by itself, and becomes a store of one machine with this. The lock
    /// is released when `work` returns or panics, and when the process exits. `work` must not use this store for the
    /// same identity: it would wait for itself.
    ///
    /// ```
    /// use auth_core::grant::Identity;
    /// use auth_core::store::FileStore;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("locks");
    /// let locks = FileStore::open(path)?;
    /// let sum = locks.alone(&Identity::new("acme"), || 2 + 2)?;
    /// assert_eq!(sum, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store) if others held the lock for too long, or if other users can read or write
    /// the directory; `work` was not begun then.
    pub fn alone<T>(&self, identity: &Identity, work: impl FnOnce() -> T) -> Result<T> {
        self.with_records(identity, |records| {
            let _locked = self.lock(&records.path(names::LOCK), self.patience())?;
            Ok(work())
        })
    }

    /// Runs `work` with the files of an identity, in a directory that belongs to this user alone.
    fn with_records<T>(
        &self,
        identity: &Identity,
        work: impl FnOnce(Records<'_>) -> Result<T>,
    ) -> Result<T> {
        let directory = private::directory(&self.directory)?;
        work(Records {
            identity,
            directory: &directory,
            stem: &self.directory.join(names::stem(identity)),
            patience: Patience::new(self.timeout / 5),
        })
    }

    fn lock(&self, path: &Path, at_most: Duration) -> Result<Locked<'_>> {
        let unknown = || Ok(None::<Infallible>);
        let ControlFlow::Continue(locked) = self.turns.lock(path, at_most, unknown)?;
        Ok(locked)
    }

    /// The longest wait for a lock; the rest of the time is for the disk.
    fn patience(&self) -> Duration {
        self.timeout / 5 * 4
    }
}

impl Store for FileStore {
    /// Does not wait for other processes, even if one was stopped in the middle of a swap; on Windows, for one that has
    /// the file open and denies reading.
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        self.with_records(identity, |records| match records.newest()? {
            Newest::Whole(record) => Ok(record),
            Newest::Damaged => {
                let _locked = self.lock(&records.path(names::LOCK), self.patience())?;
                records.current()
            }
        })
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let swapped = self.with_records(identity, |records| {
            // Another record is current: that is the result, whichever process has the lock.
            let conflict = || match records.newest()? {
                Newest::Whole(current) => {
                    let is = |record| is_current(current.as_ref(), record);
                    Ok((!is(expected) && !is(Some(record))).then_some(SwapOutcome::Conflict))
                }
                Newest::Damaged => Ok(None),
            };
            let path = records.path(names::LOCK);
            let _locked = match self.turns.lock(&path, self.patience(), conflict)? {
                ControlFlow::Continue(locked) => locked,
                ControlFlow::Break(conflict) => return Ok(Ok(conflict)),
            };
            let current = records.current()?;
            if is_current(current.as_ref(), Some(record)) {
                // An earlier swap wrote it, and may have failed to make it durable.
                return Ok(records.sync().map(|()| SwapOutcome::Stored));
            }
            if !is_current(current.as_ref(), expected) {
                return Ok(Ok(SwapOutcome::Conflict));
            }
            records.replace(current.as_ref(), record)?;
            Ok(records.sync().map(|()| SwapOutcome::Stored))
        });
        swapped.map_err(not_saved)?
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn wait(
        &self,
        identity: &Identity,
        seen: Option<&Record>,
        at_most: Duration,
    ) -> Result<WaitOutcome> {
        let now = || SystemClock::new().now().monotonic;
        let until = now().saturating_add(at_most);
        let path = self.directory.join(names::stem(identity));
        let path = names::with_extension(&path, names::RECORD);
        let stamp = Stamp::of(&path);
        if !is_current(self.load(identity)?.as_ref(), seen) {
            return Ok(WaitOutcome::Changed);
        }
        // A look takes a microsecond.
        let mut pause = Duration::from_millis(1);
        while Stamp::of(&path) == stamp {
            let left = until.saturating_sub(now());
            if left.is_zero() {
                return Ok(WaitOutcome::TimedOut);
            }
            SystemClock::new().sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        Ok(WaitOutcome::Changed)
    }

    /// Dropping the guard shows that the attempt is over, too.
    fn announce(&self, identity: &Identity, attempt: AttemptId) -> Option<LivenessGuard> {
        let announced = self.with_records(identity, |records| {
            // A process that calls `has_exited` holds the lock for a moment.
            let path = records.path(names::ALIVE);
            let locked = self.lock(&path, Duration::from_millis(500))?;
            locked
                .file
                .announce(attempt)
                .map_err(|error| unavailable("writing", &path, &error))
        });
        announced.ok().map(LivenessGuard::new)
    }

    fn has_exited(&self, identity: &Identity, attempt: AttemptId) -> bool {
        let exited = self.with_records(identity, |records| {
            Ok(lock::has_exited(&records.path(names::ALIVE), attempt))
        });
        exited.unwrap_or(false)
    }
}
