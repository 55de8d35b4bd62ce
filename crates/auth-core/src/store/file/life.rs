//! Signs of life: a file that is locked as long as somebody renews, and says in which attempt.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::lock::LockedFile;
use super::private;

/// Locks the file and writes the attempt into it; none if somebody else is alive, or it fails.
pub(super) fn begin(path: &Path, attempt: u128) -> Option<LockedFile> {
    let sign = LockedFile::try_lock(path).ok()??;
    write(&sign.0, attempt).ok()?;
    Some(sign)
}

/// Whether the file is about this attempt and nobody has it locked. What is in doubt has not ended.
pub(super) fn has_ended(path: &Path, attempt: u128) -> bool {
    let Ok(Some(file)) = private::open(path) else {
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

fn write(mut file: &File, attempt: u128) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(line(attempt).as_bytes())
}

fn line(attempt: u128) -> String {
    format!("{attempt:032x}\n")
}

const LENGTH: u64 = 33;
