//! Liveness of a process: a file that is locked while the process renews, and names its attempt.

use std::io::{self, Read, Write};
use std::path::Path;

use crate::store::AttemptId;

use super::lock::LockedFile;
use super::patience::Patience;
use super::private;

/// Writes into the file, which this process has locked, that this attempt is in progress.
pub(super) fn begin(file: LockedFile, attempt: AttemptId) -> io::Result<LockedFile> {
    file.0.set_len(0)?;
    (&file.0).write_all(line(attempt).as_bytes())?;
    Ok(file)
}

/// Returns `true` if the file names this attempt and no process has it locked; in doubt `false`.
pub(super) fn has_exited(path: &Path, attempt: AttemptId) -> bool {
    let Ok(Some(file)) = private::open(path, &Patience::none()) else {
        return false;
    };
    if file.try_lock_shared().is_err() {
        return false;
    }
    let file = LockedFile(file);
    let mut text = String::new();
    let read = (&file.0).take(LENGTH + 1).read_to_string(&mut text);
    read.is_ok() && text == line(attempt)
}

fn line(attempt: AttemptId) -> String {
    format!("{attempt}\n")
}

const LENGTH: u64 = 33;
