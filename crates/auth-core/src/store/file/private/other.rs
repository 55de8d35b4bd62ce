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

/// A lock file that is open cannot be replaced here; see [`lock_options`].
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

/// Windows would let other programs remove the file while it is open and locked.
pub(super) fn lock_options() -> OpenOptions {
    let mut options = options();
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, SHARE_READ | SHARE_WRITE);
    options
}

pub(super) fn make(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

pub(super) fn complaint(_: &Path, _: u32, _: &Metadata) -> Option<String> {
    None
}

#[cfg(windows)]
const SHARE_READ: u32 = 1;
#[cfg(windows)]
const SHARE_WRITE: u32 = 2;
