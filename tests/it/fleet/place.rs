//! Where the processes of a fleet keep their login, and how it is taken away from them.

use std::fs;
use std::path::PathBuf;

use auth_tests::fleet;
use tempfile::TempDir;

/// A real place for a login.
pub(super) enum Place {
    Directory(TempDir),
}

impl Place {
    pub(super) fn directory() -> Self {
        Self::Directory(tempfile::tempdir().unwrap())
    }

    /// As a worker is told of it.
    pub(super) fn for_workers(&self) -> fleet::Place {
        match self {
            Self::Directory(_) => fleet::Place::Directory(self.path()),
        }
    }

    /// Whether it tells at once that a process has ended.
    pub(super) fn sees_the_dead(&self) -> bool {
        matches!(self, Self::Directory(_))
    }

    /// Nobody can use it any more.
    pub(super) fn take_away(&mut self) {
        match self {
            Self::Directory(_) => fs::rename(self.path(), self.elsewhere()).unwrap(),
        }
    }

    /// It is back, as it was.
    pub(super) fn bring_back(&mut self) {
        match self {
            Self::Directory(_) => fs::rename(self.elsewhere(), self.path()).unwrap(),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Directory(_) => "a directory",
        }
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::Directory(folder) => folder.path().join("logins"),
        }
    }

    fn elsewhere(&self) -> PathBuf {
        self.path().with_extension("gone")
    }
}
