//! Records in files: shared by threads and processes, damaged, refused, killed in the middle.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod calls; // the system calls and their order; each call refused, and the process killed at each
mod child; // this binary as another process
pub(crate) mod damage; // every byte flipped, every length cut; files that are set aside, records that are restored
mod ending; // the files after a logout
#[cfg(unix)]
mod failing; // disk full, no permission, nothing renamed: the old file stays
mod format; // content and name of a file, newer versions
mod killed; // SIGKILL while writing, while holding the lock, while renewing
#[cfg(unix)]
mod kubernetes; // volumes whose modes and owners the kubelet sets
mod living; // liveness: announced attempts, exited processes
mod many_logins; // all logins: listed, removed when unused
#[cfg(windows)]
mod occupied; // files that another program has open
mod paths; // relative paths, texts that are not paths
#[cfg(unix)]
mod places; // links, missing directories, programs, obstacles
#[cfg(unix)]
mod refusing; // files that other users can read or write, links, fifos, other users' files
mod sharing; // one of many equal swaps succeeds, locks
mod waiting; // until another store writes, within a bound

use std::fs;
use std::path::{Path, PathBuf};

use auth_core::Error;
use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::{AttemptId, FileStore, Record, Store, SwapOutcome};
use tempfile::TempDir;

/// A directory for a store, removed afterwards.
struct Place {
    folder: TempDir,
    directory: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let directory = folder.path().join("logins");
        Self { folder, directory }
    }

    fn open(&self) -> FileStore {
        FileStore::open(&self.directory).unwrap()
    }

    /// The path of one of the files of [`ann`], which may be missing.
    fn file(&self, extension: &str) -> PathBuf {
        self.directory.join(format!("{ANN}.{extension}"))
    }

    /// The names of all files, sorted.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.directory).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The files with this in their extension.
    fn files_with(&self, extension: &str) -> Vec<String> {
        let mut files = self.files();
        files.retain(|name| name.split_once('.').unwrap().1.contains(extension));
        files
    }
}

fn ann() -> Identity {
    Identity::new("ermeo").with("username", "ann")
}

fn record(bytes: impl AsRef<[u8]>) -> Record {
    Record::from_bytes(bytes.as_ref().to_vec())
}

/// The id of an attempt.
fn attempt(number: u8) -> AttemptId {
    AttemptId::from_bytes([number; 16])
}

/// Stores these one after the other, over any record.
fn put(store: &FileStore, records: &[&str]) {
    for next in records {
        let current = store.load(&ann()).unwrap();
        let swap = store.swap(&ann(), current.as_ref(), &record(next));
        assert_eq!(swap.unwrap(), SwapOutcome::Stored);
    }
}

/// The record as text.
fn text(store: &impl Store) -> Option<String> {
    let record = store.load(&ann()).unwrap()?;
    Some(String::from_utf8(record.expose().to_vec()).unwrap())
}

/// The message of an error of this kind, which names the path.
fn failed<T: std::fmt::Debug>(
    result: auth_core::Result<T>,
    expected: StoreFailure,
    path: &Path,
) -> String {
    match result {
        Err(Error::Store {
            failure, message, ..
        }) if failure == expected => {
            assert!(message.contains(&format!("{path:?}")), "{message}");
            message.into_owned()
        }
        other => panic!("{other:?} instead of {expected:?}"),
    }
}

/// The name of [`ann`]'s files; existing logins would be lost if it changed.
const ANN: &str = "ermeo-7189626391f5c030c8f0a3f8a73bea80";
