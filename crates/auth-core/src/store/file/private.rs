//! Files and directories that no other user can read or write; any other is refused.
//!
//! The open file is checked, not its path, so that it cannot be replaced in between.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;

#[cfg(not(unix))]
mod other;
#[cfg(not(unix))]
use other as system;

use std::fs::{self, File, FileType, Metadata};
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::{Error, Result, StoreFailure};

use super::failure::{self, Patience, unavailable};

pub(super) use system::{Directory, Stamp, is_at, stranger};

/// Opens a file for reading, if it exists.
pub(super) fn open(path: &Path, patience: &Patience) -> Result<Option<File>> {
    let opened = patience.wait_out(|| system::options().read(true).open(path));
    match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => checked(path, other).map(Some),
    }
}

/// Opens a file to lock it, and makes it if needed; `None` while another program prevents that.
pub(super) fn open_lock(path: &Path) -> Result<Option<File>> {
    let mut options = system::lock_options();
    let options = options.read(true).write(true).create(true).truncate(false);
    match options.open(path) {
        Err(error) if failure::is_shared(&error) => Ok(None),
        opened => checked(path, opened).map(Some),
    }
}

/// Makes a file that must not exist yet.
pub(super) fn create(path: &Path) -> io::Result<File> {
    system::options().write(true).create_new(true).open(path)
}

/// Opens a directory, whose entries can then be made durable.
pub(super) fn directory(path: &Path) -> Result<Directory> {
    let wrong = |error| refusal(path, DIRECTORY, &error);
    let directory = Directory::open(path).map_err(wrong)?;
    let metadata = directory.metadata(path).map_err(wrong)?;
    complaint(path, DIRECTORY, &metadata).map_or(Ok(directory), Err)
}

/// Makes a directory and missing ones above it, for this user alone.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    let mut made = system::make(path);
    let parent = path.parent().unwrap_or(path);
    if made
        .as_ref()
        .is_err_and(|e| e.kind() == ErrorKind::NotFound)
        && parent != path
    {
        make_directory(parent)?;
        made = system::make(path);
    }
    match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        // The files of a directory survive a power cut only if the directory does.
        Ok(()) => match Directory::follow(parent) {
            Ok(parent) => parent.sync(),
            // One that may be written and not listed cannot be synced. The usual file systems make the
            // new one's entry durable together with the new one.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                Directory::open(path)?.sync()
            }
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
}

fn checked(path: &Path, opened: io::Result<File>) -> Result<File> {
    let wrong = |error| refusal(path, FILE, &error);
    let file = opened.map_err(wrong)?;
    let metadata = file.metadata().map_err(wrong)?;
    complaint(path, FILE, &metadata).map_or(Ok(file), Err)
}

/// Returns the reason why nothing could be opened: it may not be a file or a directory, or the system's error.
fn refusal(path: &Path, wanted: Wanted, error: &io::Error) -> Error {
    let metadata = fs::symlink_metadata(path);
    let found = metadata.ok().map(|metadata| metadata.file_type());
    found
        .and_then(|found| mistaken(path, wanted, found))
        .unwrap_or_else(|| unavailable("opening", path, error))
}

fn complaint(path: &Path, wanted: Wanted, metadata: &Metadata) -> Option<Error> {
    mistaken(path, wanted, metadata.file_type()).or_else(|| {
        let detail = system::complaint(path, wanted.mode, metadata)?;
        Some(Error::store(StoreFailure::Unsafe, detail))
    })
}

fn mistaken(path: &Path, wanted: Wanted, found: FileType) -> Option<Error> {
    if (wanted.is)(&found) {
        return None;
    }
    let found = match found {
        found if found.is_symlink() => "a symbolic link",
        found if found.is_dir() => "a directory",
        found if found.is_file() => "a file",
        _ => "a fifo, a socket or a device",
    };
    let mut aside = path.to_owned().into_os_string();
    aside.push(".aside");
    let detail = format!(
        "{path:?} is {found} and must be {}; move it away: mv {path:?} {aside:?}",
        wanted.name
    );
    Some(Error::store(StoreFailure::Unsafe, detail))
}

#[derive(Clone, Copy)]
struct Wanted {
    name: &'static str,
    is: fn(&FileType) -> bool,
    mode: u32,
}

const FILE: Wanted = Wanted {
    name: "a file",
    is: FileType::is_file,
    mode: 0o600,
};

const DIRECTORY: Wanted = Wanted {
    name: "a directory",
    is: FileType::is_dir,
    mode: 0o700,
};
