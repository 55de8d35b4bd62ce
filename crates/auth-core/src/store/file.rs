//! The store of one machine: records in files, shared by its threads and processes.

mod failure;
mod frame;
mod life;
mod lock;
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

use failure::{not_saved, unavailable};
use lock::{Locked, Turns};
use private::Stamp;
use records::{Newest, Records};

use super::{Record, Store, SwapOutcome, is_what};

/// Records in a directory, for all threads and processes of one machine; clones share it.
///
/// A login then outlives the process, and any number of processes share it without spending a refresh
/// token twice.
///
/// ```
/// use auth_core::grant::Identity;
/// use auth_core::store::{FileStore, Store, Record, SwapOutcome};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("logins");
/// let store = FileStore::open(path)?;
/// let identity = Identity::new("ermeo").with("username", "ann");
/// let record = Record::from(b"a session writes this".to_vec());
///
/// assert_eq!(store.swap(&identity, None, &record)?, SwapOutcome::Stored);
/// assert_eq!(store.load(&identity)?, Some(record));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What it guarantees
/// - A swap is written to a new file, synced to the disk and renamed; one that answered
///   [`Stored`](SwapOutcome::Stored) survives a power cut, as far as the disk does what it says. A swap that
///   fails leaves the file as it was, byte for byte, and nothing else behind.
/// - Processes take turns to write, by a lock of the kernel, which a process that ends in whatever way
///   gives back. Readers wait for nobody.
/// - A file that was damaged never logs everybody out: it is set aside, the log says where, and the
///   record before it comes back, marked as [restored](Record::is_restored) for everybody who
///   loads it until somebody replaces it. If there is none, one call fails and says so, and the next
///   finds no record. A file of a newer version of this crate is refused and stays as it is.
/// - Directory and files are for their owner alone from the first instant, under every umask. What
///   others could read or write, another user's, a record that is a link or a fifo: refused, with the
///   command that mends it. (The directory that the directory is in is for you to choose.)
/// - A process that was killed while it renewed holds up nobody.
///
/// # Files
/// Each identity has some, called by the vendor and a hash of the identity: `ermeo-6f1c….record` is the
/// newest record, `.previous` the one before, `.new` one being written, `.damaged-1` one that was set
/// aside. `.lock` and `.alive` hold no secret and must never be deleted while the store is in use.
/// [`Session::forget`](crate::Session::forget) and `log_out` leave nothing of a login in `.record` and
/// `.previous`; what was set aside is for you to delete. By hand, delete `.record` and `.previous`.
///
/// # In a container
/// Keep it on a volume, in a directory that the store makes itself. **A volume of Kubernetes with
/// `fsGroup`** is opened to that group at each start of a pod (directories 2770, files 0660), and the
/// store refuses what others could have read or written. Set `fsGroupChangePolicy: OnRootMismatch`, which
/// leaves alone what lies below the root of the volume, or set no `fsGroup`
/// ([Kubernetes](https://kubernetes.io/docs/tasks/configure-pod-container/security-context/)):
///
/// ```yaml
/// securityContext:
///   runAsUser: 1000
///   fsGroup: 1000
///   fsGroupChangePolicy: OnRootMismatch   # FileStore::open("/volume/logins"), not "/volume"
/// ```
///
/// With systemd, `StateDirectory=` needs `StateDirectoryMode=0700`; the link that `DynamicUser=` makes is
/// followed.
///
/// # Where not to use it
/// - **On a network file system** (NFS, SMB, sshfs, a volume shared by machines). Some keep locks to one
///   machine and some lose them when a server restarts, and then two processes send the same refresh
///   token; some show others an old file for a while. Use a store that is a server instead.
/// - On a file system without hard links (FAT, shared folders of a virtual machine, the storage of apps
///   on Android): the first swap that has to keep a record fails.
/// - **On Windows** it works, but there are no modes to check: the directory's access list is what
///   keeps others out, and a rename is durable when the system finds time.
#[derive(Clone, Debug)]
pub struct FileStore {
    directory: PathBuf,
    turns: Arc<Turns>,
    timeout: Duration,
}

impl FileStore {
    /// Opens a directory, and makes it if it is not there, with those above it that are missing.
    ///
    /// A relative path starts at the working directory of this moment. Symbolic links are followed; the
    /// last part of the path may be one if this user or root made it.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store), if it cannot be made, or if it is not for this user alone;
    /// [`Error::Configuration`](crate::Error::Configuration), if the path is empty, begins with `~`, or
    /// holds a variable, quotes or a line break: a shell would have replaced these.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self> {
        let directory = place::directory(directory.as_ref())?;
        private::directory(&directory)?;
        Ok(Self {
            directory,
            turns: Arc::default(),
            timeout: Duration::from_secs(5),
        })
    }

    /// How long a load or a swap may take, most of which is waiting for other processes. Default: 5 s.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Does something while nobody else does it who uses this directory and identity.
    ///
    /// What cannot compare and swap by itself becomes a store of one machine with this: a keyring, say.
    /// The lock is freed when `work` is done, also by a panic, and when the process ends. `work` must
    /// not use this store for the same identity: it would wait for itself.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store), if others were at it for too long, or if the directory
    /// is not for this user alone; `work` was not begun then.
    pub fn alone<T>(&self, identity: &Identity, work: impl FnOnce() -> T) -> Result<T> {
        self.with_records(identity, |records| {
            let _locked = self.lock(&records.path(names::LOCK), self.patience())?;
            Ok(work())
        })
    }

    /// Does something with the files of an identity, in a directory that is for this user alone.
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
        })
    }

    fn lock(&self, path: &Path, at_most: Duration) -> Result<Locked<'_>> {
        let unknown = || Ok(None::<Infallible>);
        let ControlFlow::Continue(locked) = self.turns.lock(path, at_most, unknown)?;
        Ok(locked)
    }

    /// How long to wait for a lock; the rest of the time is for the disk.
    fn patience(&self) -> Duration {
        self.timeout / 5 * 4
    }
}

impl Store for FileStore {
    /// Waits for nobody, not even for a process that was stopped in the middle of a swap.
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
            // Something else is there: that is an answer, whoever has the lock.
            let conflict = || match records.newest()? {
                Newest::Whole(current) => {
                    let is = |what| is_what(current.as_ref(), what);
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
            if is_what(current.as_ref(), Some(record)) {
                // An earlier swap wrote it, and may have failed to make it durable.
                return Ok(records.sync().map(|()| SwapOutcome::Stored));
            }
            if !is_what(current.as_ref(), expected) {
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

    fn wait(&self, identity: &Identity, seen: Option<&Record>, at_most: Duration) -> Result<bool> {
        let now = || SystemClock.now().monotonic;
        let until = now().saturating_add(at_most);
        let path = self.directory.join(names::stem(identity));
        let path = names::with_extension(&path, names::RECORD);
        let stamp = Stamp::of(&path);
        if is_what(self.load(identity)?.as_ref(), seen) {
            // Looking costs a microsecond.
            let mut pause = Duration::from_millis(1);
            while now() < until && Stamp::of(&path) == stamp {
                SystemClock.sleep(pause.min(until.saturating_sub(now())));
                pause = (pause * 2).min(Duration::from_millis(20));
            }
        }
        Ok(true)
    }

    /// Dropping it says that the attempt has ended, too.
    fn sign_of_life(&self, identity: &Identity, attempt: u128) -> Option<Box<dyn Send>> {
        let sign = self.with_records(identity, |records| {
            // Whoever asks whether somebody has ended holds it for a moment.
            let path = records.path(names::ALIVE);
            let locked = self.lock(&path, Duration::from_millis(500))?;
            life::begin(locked.file, attempt).map_err(|error| unavailable("writing", &path, &error))
        });
        Some(Box::new(sign.ok()?))
    }

    fn has_ended(&self, identity: &Identity, attempt: u128) -> bool {
        let ended = self.with_records(identity, |records| {
            Ok(life::has_ended(&records.path(names::ALIVE), attempt))
        });
        ended.unwrap_or(false)
    }
}
