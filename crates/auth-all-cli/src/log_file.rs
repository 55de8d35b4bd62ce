//! The log file: for callers that hide the standard error of a helper, as pip, go, terraform and pnpm do.
//!
//! It has failures and, with `--log`, events. Lines are appended in one piece each, and the file stays small.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::OnceLock;

use auth_all::clock::{Clock as _, SystemClock};

use crate::format::rfc3339;

/// The file of this process, and the command that it runs.
static FILE: OnceLock<(PathBuf, String)> = OnceLock::new();

/// Begins to write lines of this command into the file.
pub(crate) fn begin(path: PathBuf, command: String) {
    // A second call leaves the first in place.
    let _ = FILE.set((path, command));
}

/// Appends a line, if there is a log file; several lines become one.
///
/// A file that cannot be written is named on standard error, and nothing else fails because of it.
pub(crate) fn note(words: &str) {
    let Some((path, command)) = FILE.get() else {
        return;
    };
    if let Err(error) = append(path, &line(command, words)) {
        let shown = path.display();
        let _ = writeln!(io::stderr(), "auth-all: the log file {shown}: {error}");
    }
}

fn line(command: &str, words: &str) -> String {
    let parts: Vec<_> = words.lines().map(str::trim).collect();
    let words = parts.join("; ");
    let plain = words.chars().filter(|letter| !letter.is_control());
    let words: String = plain.take(LONGEST_LINE).collect();
    let now = SystemClock::new().now().wall;
    let (time, process) = (rfc3339(now.into()), process::id());
    format!("{time} {process} {command}: {words}\n")
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        // A pipe would hold up this program until it is read, and a link may lead to a file of another user.
        Ok(found) if !found.is_file() => {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a file"));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    if file.metadata()?.len() + line.len() as u64 > LONGEST_FILE {
        shorten(path, &mut file)?;
    }
    file.write_all(line.as_bytes())
}

/// Keeps the younger half; another process that does so at the moment has the lock.
fn shorten(path: &Path, file: &mut File) -> io::Result<()> {
    // Windows shortens no file that is open for appending alone.
    let mut whole = OpenOptions::new().read(true).write(true).open(path)?;
    if whole.try_lock().is_err() {
        return Ok(());
    }
    whole.seek(SeekFrom::End(-(LONGEST_FILE as i64 / 2)))?;
    let mut kept = Vec::new();
    whole.read_to_end(&mut kept)?;
    whole.set_len(0)?;
    whole.unlock()?;
    let first = kept.iter().position(|byte| *byte == b'\n');
    let lines = first.map_or(&[][..], |end| &kept[end + 1..]);
    file.write_all(lines)
}

/// The most letters of a line's words, and bytes of the file.
const LONGEST_LINE: usize = 2000;
const LONGEST_FILE: u64 = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_keeps_the_youngest_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        for number in 0..5000 {
            append(&path, &line("helper go", &format!("{number:0100}"))).unwrap();
            assert!(fs::metadata(&path).unwrap().len() <= LONGEST_FILE);
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.len() as u64 > LONGEST_FILE / 3);
        let numbers = text.lines().map(|line| {
            let (_, number) = line.split_once(" helper go: ").unwrap();
            number.parse::<usize>().unwrap()
        });
        let first = 5000 - text.lines().count();
        assert!(numbers.eq(first..5000));
    }

    #[test]
    fn a_line_is_one_line() {
        let line = line("token", &format!("a\n  b\u{1b}[0m{}", "é".repeat(2000)));
        assert!(line.contains(" token: a; b[0mé"));
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.chars().count() < LONGEST_LINE + 100);
    }

    #[test]
    fn what_is_not_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = append(folder.path(), "x\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
