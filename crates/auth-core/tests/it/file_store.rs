//! Records in files: shared by threads and processes, damaged, refused, killed in the middle.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod calls; // what the system is asked for, in which order; each call refused, killed at each
mod child; // this binary as another process: what it is told to do there
mod damage; // every byte flipped, every length cut; what is set aside and what comes back
mod ending; // what a logout leaves
mod failing; // disk full, no permission, nothing renamed: the old file stays
mod format; // what lies in a file, what it is called, newer versions
mod killed; // SIGKILL while writing, while holding the lock, while renewing
mod kubernetes; // volumes whose modes and owners the kubelet sets
mod living; // signs of life: who may give one, who has ended
mod places; // links, relative paths, paths that are none, what is in the way
mod refusing; // what others can read or write, records that are links or fifos, other users
mod sharing; // one of all succeeds, locks
mod waiting; // until another store writes, and no longer than asked

use std::fs;
use std::path::{Path, PathBuf};

use auth_core::Error;
use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::{FileStore, Record, Store, SwapOutcome};
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

    /// The path of one of the files of [`ann`], which need not be there.
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
    Record::from(bytes.as_ref().to_vec())
}

/// Stores these one after the other, whatever is there.
fn put(store: &FileStore, records: &[&str]) {
    for next in records {
        let current = store.load(&ann()).unwrap();
        let swap = store.swap(&ann(), current.as_ref(), &record(next));
        assert_eq!(swap.unwrap(), SwapOutcome::Stored);
    }
}

/// What the record is, as text.
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

/// What the files of [`ann`] are called; logins of old would be lost if that changed.
const ANN: &str = "ermeo-7189626391f5c030c8f0a3f8a73bea80";
