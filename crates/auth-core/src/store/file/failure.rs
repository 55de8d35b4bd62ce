//! Errors about files, with what to do.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::{Error, StoreFailure};

use super::patience;

/// Describes an error of the system while `doing` something with `path`.
pub(super) fn unavailable(doing: &str, path: &Path, error: &io::Error) -> Error {
    let advice = match error.kind() {
        ErrorKind::PermissionDenied if patience::is_in_use(error) => IN_USE_OR_DENIED,
        _ if patience::is_in_use(error) => IN_USE,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "free some space"
        }
        ErrorKind::PermissionDenied => "allow this user to write in its directory",
        ErrorKind::ReadOnlyFilesystem => {
            "mount it for writing, or keep the store elsewhere (in a container: on a volume)"
        }
        ErrorKind::NotFound => "its directory is missing: open the store again, which makes it",
        ErrorKind::Unsupported => "keep the store on a local file system",
        _ => "repair that, or keep the store elsewhere",
    };
    let detail = format!("{doing} {path:?} failed ({error}); {advice}");
    Error::store(StoreFailure::Unavailable, detail)
}

/// Adds to an error that nothing was saved.
pub(super) fn not_saved(error: Error) -> Error {
    match error {
        Error::Store { failure, message } => {
            Error::store(failure, format!("nothing was saved: {message}"))
        }
        other => other,
    }
}

/// Advice if another program has the file open.
pub(super) const IN_USE: &str =
    "another program has the file open; exclude the directory from scanners and backups";

/// Windows has one number for both.
const IN_USE_OR_DENIED: &str = "another program has the file open; exclude the directory from scanners and backups, and \
     allow this user to write in it";
