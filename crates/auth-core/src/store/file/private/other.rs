//! Systems without owners and modes: a file is as open as its directory.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// A directory; its entries cannot be made durable here, the system decides when they are.
#[derive(Debug)]
pub(in super::super) struct Directory;

/// Stamp that changes whenever a file is replaced.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Directory {
    pub(in super::super) fn open(_: &Path) -> io::Result<Self> {
        Ok(Self)
    }

    pub(in super::super) fn follow(_: &Path) -> io::Result<Self> {
        Ok(Self)
    }

    pub(in super::super) fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        fs::symlink_metadata(path)
    }

    pub(in super::super) fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Stamp {
    pub(in super::super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        Some(Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}

/// A file that is open cannot be replaced here.
pub(in super::super) fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Only an administrator makes links here.
pub(in super::super) fn stranger(_: &Path) -> Option<u32> {
    None
}

pub(super) fn options() -> OpenOptions {
    OpenOptions::new()
}

pub(super) fn make(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

pub(super) fn complaint(_: &Path, _: u32, _: &Metadata) -> Option<String> {
    None
}
