//! Files that hold a token: private, replaced as a whole, and never left behind for long.
//!
//! A new text is written beside the file and renamed into its place. What a killed process has left there is removed by
//! the next one: a file in use is locked, and the lock ends with its process.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// A file whose text is replaced again and again.
#[derive(Debug)]
pub(crate) struct Fresh {
    path: PathBuf,
    folder: PathBuf,
    /// Beginning of the names of files beside it.
    prefix: OsString,
    mode: u32,
    /// The file, which is locked as long as this one is open.
    current: Option<File>,
    /// It is removed when this value is dropped.
    is_temporary: bool,
}

impl Fresh {
    /// A file at this path, which is checked and not yet written.
    pub(crate) fn at(path: &Path, mode: u32) -> Result<Self> {
        let refused = |error| Failure::file(path, &error);
        let Some(name) = path.file_name() else {
            return Err(refused(io::Error::other("is not a name of a file")));
        };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut prefix = OsString::from(".");
        prefix.push(name);
        prefix.push(".new-");
        let fresh = Self {
            path: path.to_owned(),
            folder,
            prefix,
            mode,
            current: None,
            is_temporary: false,
        };
        fresh.check().map_err(refused)?;
        if let Err(error) = fs::metadata(&fresh.folder) {
            let folder = fresh.folder.display();
            let failure = Failure::file(&fresh.folder, &error);
            return Err(match error.kind() {
                ErrorKind::NotFound => failure.advice(format!("run: mkdir -p {folder}")),
                _ => failure,
            });
        }
        sweep(&fresh.folder, &fresh.prefix);
        Ok(fresh)
    }

    /// A new file of a name of its own, in this user's folder for files that end with a session, or in that for
    /// temporary ones.
    pub(crate) fn for_a_command() -> Result<Self> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let runtime = runtime.filter(|folder| folder.is_absolute() && folder.is_dir());
        let folder = runtime.unwrap_or_else(std::env::temp_dir);
        let prefix = OsString::from("auth-all-exec-");
        sweep(&folder, &prefix);
        let (path, file) =
            create(&folder, &prefix).map_err(|error| Failure::file(&folder, &error))?;
        Ok(Self {
            path,
            folder,
            prefix,
            mode: 0o600,
            current: Some(file),
            is_temporary: true,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns `true` if the file is there.
    pub(crate) fn exists(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    /// Replaces the text. After a failure the old text is there, whole.
    pub(crate) fn replace(&mut self, text: &[u8]) -> Result<()> {
        let failed = |error| Failure::file(&self.path, &error);
        self.check().map_err(failed)?;
        let mut replaced = self.try_to_replace(text);
        if matches!(&replaced, Err(error) if error.kind() == ErrorKind::NotFound) {
            // Another process swept here before this one had its lock.
            replaced = self.try_to_replace(text);
        }
        self.current = Some(replaced.map_err(failed)?);
        Ok(())
    }

    fn try_to_replace(&self, text: &[u8]) -> io::Result<File> {
        let (beside, mut file) = create(&self.folder, &self.prefix)?;
        let written = file
            .write_all(text)
            .and_then(|()| set_mode(&file, self.mode))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&beside, &self.path));
        if let Err(error) = written {
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        Ok(file)
    }

    /// Refuses a place that is not this user's: a link leads elsewhere, and a file of another user has another reader.
    fn check(&self) -> io::Result<()> {
        let found = match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        match refusal(&found, is_own(&found)) {
            Some(words) => Err(io::Error::other(words)),
            None => Ok(()),
        }
    }
}

/// Returns the reason why a file is not replaced.
fn refusal(found: &fs::Metadata, is_own: bool) -> Option<&'static str> {
    if found.is_symlink() {
        Some("is a symbolic link; name the file that it leads to")
    } else if !found.is_file() {
        Some("is not a file")
    } else if !is_own {
        Some("belongs to another user; remove it, or run this as that user")
    } else {
        None
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if self.is_temporary {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Creates a file of a name of its own that only this user can read, and locks it.
fn create(folder: &Path, prefix: &OsString) -> io::Result<(PathBuf, File)> {
    let mut number = 0;
    loop {
        let mut name = prefix.clone();
        name.push(format!("{}-{number}", std::process::id()));
        let path = folder.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            // Of another process with this number, in another container.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < MOST => number += 1,
            Err(error) => return Err(error),
            Ok(file) => {
                // Without locks, on some network drives, nothing is swept.
                let _ = file.try_lock();
                return Ok((path, file));
            }
        }
    }
}

/// Removes the files of processes that were killed.
fn sweep(folder: &Path, prefix: &OsString) {
    let prefix = prefix.as_encoded_bytes();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_one = name.as_encoded_bytes().starts_with(prefix);
        let found = entry.metadata();
        if !is_one || !found.is_ok_and(|found| found.is_file() && is_own(&found)) {
            continue;
        }
        let path = entry.path();
        if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(&path);
        }
    }
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn is_own(found: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(found) == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_own(_: &fs::Metadata) -> bool {
    true
}

/// Names that are tried for one file.
const MOST: u32 = 100;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    fn refusal(path: &Path) -> String {
        let failure = Fresh::at(path, 0o600).unwrap_err();
        assert_eq!(failure.code(), 74);
        failure.text()
    }

    #[test]
    fn a_file_is_private_and_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let mut fresh = Fresh::at(&path, 0o640).unwrap();
        assert!(!fresh.exists());
        fresh.replace(b"first").unwrap();
        let old = File::open(&path).unwrap();
        fresh.replace(b"second").unwrap();
        assert_eq!(io::read_to_string(old).unwrap(), "first");
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o640);
        assert_eq!(names(folder.path()), ["token"]);
    }

    #[test]
    fn files_of_a_killed_process_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let prefix = OsString::from(".token.new-");
        let (_, in_use) = create(folder.path(), &prefix).unwrap();
        fs::write(folder.path().join(".token.new-1-0"), "left").unwrap();
        fs::write(folder.path().join(".token"), "another's").unwrap();
        let fresh = Fresh::at(&folder.path().join("token"), 0o600);
        assert!(fresh.is_ok());
        let used = format!(".token.new-{}-0", std::process::id());
        assert_eq!(names(folder.path()), [".token", used.as_str()]);
        drop(in_use);
    }

    #[test]
    fn a_place_of_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink(at("target"), at("link")).unwrap();
        assert!(refusal(&at("link")).contains("link: is a symbolic link"));
        fs::create_dir(at("folder")).unwrap();
        assert!(refusal(&at("folder")).contains("folder: is not a file"));
        let text = refusal(&at("nowhere/token"));
        assert!(text.contains("/nowhere: No such file"), "{text}");
        assert!(text.contains("\n  run: mkdir -p "), "{text}");
        assert_eq!(names(folder.path()), ["folder", "link"]);
        fs::write(at("own"), "").unwrap();
        let found = fs::metadata(at("own")).unwrap();
        assert!(is_own(&found));
        assert_eq!(super::refusal(&found, true), None);
        let words = super::refusal(&found, false).unwrap();
        assert!(words.starts_with("belongs to another user"), "{words}");
    }
}
