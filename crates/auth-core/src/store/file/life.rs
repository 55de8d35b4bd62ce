//! Signs of life: a file that is locked as long as somebody renews, and says in which attempt.

use std::io::{self, Read, Write};
use std::path::Path;

use super::lock::LockedFile;
use super::private;

/// Says in the file, which this process has locked, that this attempt lives.
pub(super) fn begin(sign: LockedFile, attempt: u128) -> io::Result<LockedFile> {
    sign.0.set_len(0)?;
    (&sign.0).write_all(line(attempt).as_bytes())?;
    Ok(sign)
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

fn line(attempt: u128) -> String {
    format!("{attempt:032x}\n")
}

const LENGTH: u64 = 33;
