//! Owners, modes, and links that must not be followed.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// An open directory.
#[derive(Debug)]
pub(in super::super) struct Directory(File);

/// Stamp that changes whenever a file is replaced. Its predecessor is kept, so its inode number is not reused.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Stamp {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
}

impl Directory {
    pub(in super::super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
        let mut options = OpenOptions::new();
        let options = options.read(true).custom_flags(flags.bits().cast_signed());
        options.open(path).map(Self)
    }

    /// Opens the directory, also through a link: to make the entry of a new directory durable.
    pub(in super::super) fn follow(path: &Path) -> io::Result<Self> {
        File::open(path).map(Self)
    }

    pub(in super::super) fn metadata(&self, _: &Path) -> io::Result<Metadata> {
        self.0.metadata()
    }

    /// Makes its entries durable.
    pub(in super::super) fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

impl Stamp {
    pub(in super::super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        Some(Self {
            file: number(&metadata),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }
}

/// Returns `true` if the file is the one at the path.
pub(in super::super) fn is_at(file: &File, path: &Path) -> bool {
    let there = fs::symlink_metadata(path).map(|metadata| number(&metadata));
    let here = file.metadata().map(|metadata| number(&metadata));
    matches!((here, there), (Ok(here), Ok(there)) if here == there)
}

/// Follows no link, waits for no fifo, and leaves a new file to its owner alone from the first instant, whatever the
/// umask.
pub(super) fn options() -> OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(flags.bits().cast_signed());
    options
}

pub(super) fn lock_options() -> OpenOptions {
    options()
}

pub(super) fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Returns the user who made a link, unless it is this one or root.
pub(in super::super) fn stranger(link: &Path) -> Option<u32> {
    let owner = fs::symlink_metadata(link).ok()?.uid();
    (owner != 0 && owner != user()).then_some(owner)
}

/// Returns the reason why other users may have access, and the command that repairs it.
pub(super) fn complaint(path: &Path, mode: u32, metadata: &Metadata) -> Option<String> {
    let (owner, user) = (metadata.uid(), user());
    let open_to = metadata.mode() & 0o777;
    if owner != user {
        let instead = match metadata.is_dir() {
            true if is_set_gid(metadata) => {
                "A volume of Kubernetes with `fsGroup` looks like this: open a new directory in it \
                 instead, and set `fsGroupChangePolicy: OnRootMismatch`. "
            }
            true => "A new directory in it would belong to the right user. ",
            false => "",
        };
        Some(format!(
            "{path:?} belongs to user {owner}, and this program runs as user {user}. \
             {instead}To hand it over: chown {user} {path:?}"
        ))
    } else if open_to & 0o077 != 0 {
        let cause = cause(metadata).unwrap_or_default();
        Some(format!(
            "{path:?} is open to other users (mode {open_to:04o}), who may have read or written it. \
             {cause}If none has: chmod {mode:o} {path:?}"
        ))
    } else {
        None
    }
}

/// Returns the likely cause that opens files and directories to other users repeatedly, by their modes.
fn cause(metadata: &Metadata) -> Option<&'static str> {
    let mode = metadata.mode() & 0o777;
    let group_alone = mode & 0o060 == 0o060 && mode & 0o007 == 0;
    if (metadata.is_dir() && is_set_gid(metadata)) || (metadata.is_file() && group_alone) {
        Some(
            "On a volume of Kubernetes with `fsGroup`, each start of a pod opens everything to that \
             group: set `fsGroupChangePolicy: OnRootMismatch` and keep the store in a directory of \
             the volume, or set no `fsGroup`. ",
        )
    } else if mode == 0o777 {
        Some(
            "If its file system has no modes (FAT, a drive of Windows), keep the store on another. ",
        )
    } else {
        None
    }
}

fn is_set_gid(metadata: &Metadata) -> bool {
    metadata.mode() & 0o2000 != 0
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn number(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
