//! What went wrong with a file, and what to do.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::{Error, StoreFailure};

/// An error of the system while `doing` something with `path`, with advice.
pub(super) fn unavailable(doing: &str, path: &Path, error: &io::Error) -> Error {
    let advice = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "make room for it"
        }
        ErrorKind::PermissionDenied => "let this user write in its directory",
        ErrorKind::ReadOnlyFilesystem => {
            "mount it for writing, or keep the store elsewhere (in a container: on a volume)"
        }
        ErrorKind::NotFound => "open the store again, which makes its directory",
        ErrorKind::Unsupported => "keep the store on a local file system",
        _ => "mend that, or keep the store elsewhere",
    };
    let detail = format!("{doing} {path:?} failed ({error}); {advice}");
    Error::store(StoreFailure::Unavailable, detail)
}

/// The same, of a change that was not made.
pub(super) fn not_saved(error: Error) -> Error {
    match error {
        Error::Store { failure, message } => {
            Error::store(failure, format!("nothing was saved: {message}"))
        }
        other => other,
    }
}
