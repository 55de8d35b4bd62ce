//! Files of this user alone: read with a check of who else can change or read them, written whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use auth_core::{Error, Result, Secret};

/// Access to a file that other users must not have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Closed {
    /// Change it.
    ToWriters,
    /// Read it or change it.
    #[cfg_attr(not(feature = "dpop"), expect(dead_code, reason = "for a key"))]
    ToReaders,
}

/// Reads a file; returns its text and the time of its last change, or `None` if it does not exist.
pub(crate) fn read(path: &Path, closed: Closed) -> Result<Option<(Secret, SystemTime)>> {
    let failed = |error: &io::Error| configuration(path, "cannot be read", error);
    // A pipe would be waited for.
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(Error::configuration(format!("{path:?} is not a file"))),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
    }
    let file = File::open(path).map_err(|error| failed(&error))?;
    let metadata = file.metadata().map_err(|error| failed(&error))?;
    if let Some(problem) = system::problem(path, &metadata, closed) {
        return Err(Error::configuration(problem));
    }
    let modified = metadata.modified().map_err(|error| failed(&error))?;
    // With room for all of it, so that it does not grow and leave a copy behind.
    let mut text = String::with_capacity(LARGEST + 1);
    match file.take(LARGEST as u64 + 1).read_to_string(&mut text) {
        Ok(length) if length > LARGEST => Err(Error::configuration(format!(
            "{path:?} is larger than {LARGEST} bytes"
        ))),
        Ok(_) => Ok(Some((Secret::new(text), modified))),
        Err(error) => Err(failed(&error)),
    }
}

/// Replaces a file, or makes it and the directories that are missing.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    let replaced = Draft::write(path, text).and_then(|draft| fs::rename(&draft.0, path));
    replaced.map_err(|error| configuration(path, "cannot be written", &error))
}

/// Makes a file and the directories that are missing; returns `false` if it exists already.
#[cfg(feature = "dpop")]
pub(crate) fn create(path: &Path, text: &str) -> Result<bool> {
    let created = Draft::write(path, text).and_then(|draft| {
        // Unlike a renaming, this never replaces what another process has just made.
        match fs::hard_link(&draft.0, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists && !path.exists() => {
                // A file system without hard links.
                system::options().open(path)?.write_all(text.as_bytes())
            }
            linked => linked,
        }
    });
    match created {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(configuration(path, "cannot be written", &error)),
    }
}

/// A file beside another, which it will become; removed when dropped.
struct Draft(PathBuf);

impl Draft {
    fn write(path: &Path, text: &str) -> io::Result<Self> {
        let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
        let directory = path.parent().unwrap_or(Path::new(""));
        if !directory.as_os_str().is_empty() {
            system::directories().recursive(true).create(directory)?;
        }
        // std draws the keys of a hasher at random.
        let random = RandomState::new().build_hasher().finish();
        let draft = format!(".{}.{random:016x}", name.display());
        let draft = Self(directory.join(draft));
        let mut file = system::options().open(&draft.0)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a renaming it is not here any more.
        let _ = fs::remove_file(&self.0);
    }
}

fn configuration(path: &Path, problem: &str, error: &io::Error) -> Error {
    Error::configuration(format!("{path:?} {problem}: {error}"))
}

#[cfg(unix)]
mod system {
    use std::fs::Metadata;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};

    use super::{Closed, DirBuilder, OpenOptions, Path};

    /// Makes a file that must not exist yet, for this user alone.
    pub(super) fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        options
    }

    pub(super) fn directories() -> DirBuilder {
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        builder
    }

    /// The user or the mode that opens a file to others, and the command that closes it.
    pub(super) fn problem(path: &Path, metadata: &Metadata, closed: Closed) -> Option<String> {
        let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
        if owner != user && owner != 0 {
            return Some(format!(
                "{path:?} belongs to user {owner} and not to user {user}, who runs this; if it should: chown {user} \
                 {path:?}"
            ));
        }
        let (others, act) = match closed {
            Closed::ToWriters => (0o022, "changed"),
            Closed::ToReaders => (0o077, "read"),
        };
        let mode = metadata.mode() & 0o777;
        (mode & others != 0).then(|| {
            format!(
                "{path:?} is open to other users (mode {mode:04o}), who may have {act} it; if none has: chmod 600 \
                 {path:?}"
            )
        })
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::Metadata;

    use super::{Closed, DirBuilder, OpenOptions, Path};

    pub(super) fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        options
    }

    pub(super) fn directories() -> DirBuilder {
        DirBuilder::new()
    }

    /// A file is as open as the directory that it is in.
    pub(super) fn problem(_: &Path, _: &Metadata, _: Closed) -> Option<String> {
        None
    }
}

/// The most that is read: metadata have some kilobytes, a key less than one.
const LARGEST: usize = 256 * 1024;
