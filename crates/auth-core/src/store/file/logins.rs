//! All logins of a directory: listed, and removed when no process has changed them for long.

use std::fs;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::clock::{Clock, SystemClock};
use crate::error::Result;
use crate::identity::Identity;

use super::failure::{Patience, unavailable};
use super::lock::LockedFile;
use super::{FileStore, frame, names, private, records};

/// A login in a [`FileStore`]; see [`FileStore::logins`].
///
/// ```
/// use auth_core::store::{FileStore, StoredLogin};
///
/// /// Returns the login that was renewed longest ago.
/// fn oldest(store: &FileStore) -> auth_core::Result<Option<StoredLogin>> {
///     Ok(store.logins()?.into_iter().min_by_key(|login| login.changed_at))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredLogin {
    /// The login's key. Its text names the vendor, the client and the user.
    pub identity: Identity,
    /// Time of its last change: a login, a renewal, or a logout.
    pub changed_at: SystemTime,
}

impl FileStore {
    /// Lists the logins of the directory, in no order. One that was logged out is listed until it is removed.
    ///
    /// It reads every record, and waits for no lock. A record that is damaged, or of a newer version, is left out.
    ///
    /// ```
    /// use auth_core::grant::Identity;
    /// use auth_core::store::{FileStore, Record, Store};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("logins");
    /// let store = FileStore::open(path)?;
    /// let ann = Identity::new("ermeo").user(Some("ann"));
    /// let _ = store.swap(&ann, None, &Record::from_bytes(b"a session writes this".to_vec()))?;
    /// assert_eq!(store.logins()?[0].identity, ann);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store) if the directory or a record cannot be read, or other users can read it.
    pub fn logins(&self) -> Result<Vec<StoredLogin>> {
        let mut logins = Vec::new();
        for stem in self.stems()? {
            let path = names::with_extension(&stem, names::RECORD);
            let Some(file) = private::open(&path, &Patience::new(self.timeout / 5))? else {
                continue;
            };
            let reading = |error| unavailable("reading", &path, &error);
            let changed_at = file.metadata().and_then(|about| about.modified());
            let changed_at = changed_at.map_err(reading)?;
            let bytes = records::contents(file).map_err(reading)?;
            let owner = bytes.as_ref().and_then(|bytes| frame::owner(bytes));
            logins.extend(owner.map(|identity| StoredLogin {
                identity,
                changed_at,
            }));
        }
        Ok(logins)
    }

    /// Removes the logins that were not changed for this long, and returns how many. A program calls it once a day, with
    /// a time far beyond the lifetime of its refresh tokens.
    ///
    /// It holds a login's lock while it removes it, and leaves alone what another process or thread holds or renews at
    /// the moment. A session that is in use and holds a login that was removed writes it back with its next renewal; a
    /// new session logs in again. A login that is used and never renewed, such as a token of a year, counts as unused.
    /// Files that were set aside stay.
    ///
    /// ```
    /// use std::time::Duration;
    /// use auth_core::store::FileStore;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("logins");
    /// let store = FileStore::open(path)?;
    /// let removed = store.remove_unused(Duration::from_secs(90 * 24 * 3600))?;
    /// assert_eq!(removed, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store) if the directory cannot be read, a file cannot be removed, or other users can
    /// read or write the files; the logins before it are removed then.
    pub fn remove_unused(&self, unused_for: Duration) -> Result<usize> {
        let now = SystemTime::from(SystemClock::new().now().wall);
        let mut removed = 0;
        for stem in self.stems()? {
            let is_unused = || is_unused(&stem, now, unused_for);
            if is_unused() && self.remove(&stem, is_unused)? {
                removed += 1;
            }
        }
        if removed > 0 {
            let directory = private::directory(&self.directory)?;
            directory
                .sync()
                .map_err(|error| unavailable("syncing", &self.directory, &error))?;
        }
        Ok(removed)
    }

    /// Removes a login, unless it is in use or was changed meanwhile.
    fn remove(&self, stem: &Path, is_unused: impl Fn() -> bool) -> Result<bool> {
        let path = |extension| names::with_extension(stem, extension);
        let (lock, alive) = (path(names::LOCK), path(names::ALIVE));
        let is_held = || Ok(Some(()));
        let ControlFlow::Continue(_locked) = self.turns.lock(&lock, Duration::ZERO, is_held)?
        else {
            return Ok(false);
        };
        // A process that renews has this lock from before its request until after its last swap.
        let Some(_not_renewing) = LockedFile::try_lock(&alive)? else {
            return Ok(false);
        };
        if !is_unused() {
            return Ok(false);
        }
        // The record last: as long as it is there, another call finds the rest.
        for extension in [names::NEW, names::PREVIOUS, names::RECORD] {
            delete(&path(extension))?;
        }
        if cfg!(unix) {
            // This holds both, and a process that has opened one sees that another file is in its place.
            delete(&alive)?;
            delete(&lock)?;
        }
        Ok(true)
    }

    /// The paths of all logins, without extension.
    fn stems(&self) -> Result<Vec<PathBuf>> {
        let _checked = private::directory(&self.directory)?;
        let listing = |error| unavailable("listing", &self.directory, &error);
        let mut stems = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(listing)? {
            let path = entry.map_err(listing)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == names::RECORD)
            {
                stems.push(path.with_extension(""));
            }
        }
        Ok(stems)
    }
}

fn is_unused(stem: &Path, now: SystemTime, unused_for: Duration) -> bool {
    let record = names::with_extension(stem, names::RECORD);
    let changed_at = fs::symlink_metadata(record).and_then(|about| about.modified());
    changed_at.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age >= unused_for))
}

fn delete(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(unavailable("removing", path, &error))
        }
        _ => Ok(()),
    }
}
