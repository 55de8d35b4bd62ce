//! The files of one identity: how its record is read, replaced, and restored when damaged.
//!
//! The record before the newest is kept in a file of its own, because a cause that damages a file after it was written
//! with this much care (a power cut on a disk that lies about syncing, a full disk under a backup, an editor) damages
//! the whole of it. It is the old file itself, under a second name.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::{Error, Result, StoreFailure};
use crate::identity::Identity;

use super::Record;
use super::failure::{self, IN_USE, Patience, unavailable};
use super::frame::{self, Content};
use super::names;
use super::private::{self, Directory};

/// The files of one identity. Only the holder of the identity's lock changes them.
#[derive(Debug)]
pub(super) struct Records<'a> {
    pub(super) identity: &'a Identity,
    pub(super) directory: &'a Directory,
    /// The path of its files, up to their extension.
    pub(super) stem: &'a Path,
    /// For programs that have one of them open.
    pub(super) patience: Patience,
}

/// The newest record, if it can be read.
#[derive(Debug)]
pub(super) enum Newest {
    Whole(Option<Record>),
    Damaged,
}

impl Records<'_> {
    /// Reads the record without a lock: a file is replaced as a whole.
    pub(super) fn newest(&self) -> Result<Newest> {
        let path = self.path(names::RECORD);
        match self.read(&path)? {
            None => Ok(Newest::Whole(None)),
            Some(Content::Record(record)) => Ok(Newest::Whole(Some(record))),
            Some(Content::Damaged) => Ok(Newest::Damaged),
            Some(other) => Err(unreadable(&path, &other)),
        }
    }

    /// Reads the record; restores the one before it if this one is damaged.
    pub(super) fn current(&self) -> Result<Option<Record>> {
        // Left by a process that was killed: no other writes while this one holds the lock.
        self.remove(&self.path(names::NEW))?;
        match self.newest()? {
            Newest::Whole(record) => Ok(record),
            Newest::Damaged => self.restore(&self.path(names::RECORD)).map(Some),
        }
    }

    /// Replaces the current record, which is kept beside the new one. [`sync`](Self::sync) makes it durable.
    pub(super) fn replace(&self, old: Option<&Record>, record: &Record) -> Result<()> {
        let (newest, previous) = (self.path(names::RECORD), self.path(names::PREVIOUS));
        self.write(record, false, || {
            self.remove(&previous)?;
            match old {
                None => Ok(()),
                Some(_) => self
                    .patience
                    .wait_out(|| fs::hard_link(&newest, &previous))
                    .map_err(|error| not_kept(&newest, &error)),
            }
        })
    }

    /// Makes the directory's entries durable.
    pub(super) fn sync(&self) -> Result<()> {
        let place = self.stem.parent().unwrap_or(self.stem);
        self.directory
            .sync()
            .map_err(|error| unavailable("syncing", place, &error))
    }

    /// Sets the damaged record aside and restores the one before it, marked in the file, so that every process loads
    /// the same bytes and the same mark until one replaces it.
    fn restore(&self, newest: &Path) -> Result<Record> {
        let before = self.path(names::PREVIOUS);
        match self.read(&before)? {
            Some(Content::Record(record)) => {
                let aside = self.write(&record, true, || self.set_aside(newest))?;
                self.sync()?;
                log::warn!(
                    "{}: {newest:?} was damaged and is now {aside:?}; the record before it was restored",
                    self.identity
                );
                Ok(record.restored())
            }
            Some(other @ (Content::Foreign | Content::Newer(_))) => {
                Err(unreadable(&before, &other))
            }
            before_it @ (None | Some(Content::Damaged)) => {
                if before_it.is_some() {
                    self.set_aside(&before)?;
                    self.remove(&before)?;
                }
                let aside = self.set_aside(newest)?;
                self.remove(newest)?;
                self.sync()?;
                Err(lost(self.identity, newest, &aside))
            }
        }
    }

    /// Gives a damaged file a second, unused name.
    fn set_aside(&self, path: &Path) -> Result<PathBuf> {
        let mut number = 1_u64;
        loop {
            let aside = self.path(&format!("{}-{number}", names::DAMAGED));
            let is_kept = self
                .patience
                .wait_out(|| match fs::hard_link(path, &aside) {
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
                    other => other.map(|()| true),
                });
            match is_kept {
                Ok(true) => return Ok(aside),
                Ok(false) => number += 1,
                Err(error) => return Err(not_kept(path, &error)),
            }
        }
    }

    fn read(&self, path: &Path) -> Result<Option<Content>> {
        let Some(file) = private::open(path, &self.patience)? else {
            return Ok(None);
        };
        let content = contents(file).map_err(|error| unavailable("reading", path, &error))?;
        Ok(Some(content.map_or(Content::Damaged, |bytes| {
            frame::decode(self.identity, &bytes)
        })))
    }

    /// Writes a new file, makes it durable, and renames it after `before` has succeeded. If anything fails, the old
    /// file is still in place, and nothing else is left.
    fn write<T>(
        &self,
        record: &Record,
        is_restored: bool,
        before: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let (new, newest) = (self.path(names::NEW), self.path(names::RECORD));
        let frame = frame::encode(self.identity, record, is_restored).ok_or_else(too_long)?;
        self.patience
            .wait_out(|| fill(&new, &frame))
            .map_err(|error| unavailable("writing", &new, &error))
            .and_then(|()| before())
            .and_then(|kept| {
                self.patience
                    .wait_out(|| fs::rename(&new, &newest))
                    .map_err(|error| unavailable("replacing", &newest, &error))?;
                Ok(kept)
            })
            .inspect_err(|_| {
                // If it cannot be removed now, the next process removes it.
                let _ = fs::remove_file(&new);
            })
    }

    fn remove(&self, path: &Path) -> Result<()> {
        match self.patience.wait_out(|| fs::remove_file(path)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(unavailable("removing", path, &error))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn path(&self, extension: &str) -> PathBuf {
        names::with_extension(self.stem, extension)
    }
}

/// Reads the bytes of a file; `None` if it is too long for a record.
pub(super) fn contents(mut file: File) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if length > frame::MOST {
        return Ok(None);
    }
    // Sized once: a buffer that grows leaves a copy of its secrets behind.
    let mut bytes = Zeroizing::new(vec![0; length]);
    file.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

fn fill(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn not_kept(path: &Path, error: &io::Error) -> Error {
    let advice = match failure::is_in_use(error) {
        true => IN_USE,
        false => "keep the store on a local file system that has hard links",
    };
    let detail = format!("{path:?} could not be given a second name ({error}); {advice}");
    Error::store(StoreFailure::Unavailable, detail)
}

fn unreadable(path: &Path, content: &Content) -> Error {
    let detail = match content {
        Content::Newer(version) => format!(
            "{path:?} has version {version} of the format, which is newer than this program; \
             run the newer program, or keep the store elsewhere"
        ),
        _ => format!("{path:?} holds the record of another login; move it back to its old name"),
    };
    Error::store(StoreFailure::Unreadable, detail)
}

fn lost(identity: &Identity, path: &Path, aside: &Path) -> Error {
    let detail = format!(
        "{path:?} and the record before it were damaged; it is now {aside:?}, and the next try starts \
         without a record, so the session must log in again"
    );
    log::warn!("{identity}: {detail}");
    Error::store(StoreFailure::Unreadable, detail)
}

fn too_long() -> Error {
    let detail = format!(
        "a record with its identity can have at most {} KiB",
        frame::MOST / 1024
    );
    Error::store(StoreFailure::Unavailable, detail)
}
