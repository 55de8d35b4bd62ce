//! Standard output, which has the result and nothing else; standard error, and the terminal of the person who waits.

use std::env;
use std::fs::File;
use std::io::{self, BufRead as _, ErrorKind, IsTerminal as _, Read as _, Write as _};

use auth_all::Secret;
use log::{LevelFilter, Log, Metadata, Record};

use crate::failure::{Failure, Result};
use crate::log_file;

/// Prints a line for each event of the sessions (`--log`); the library logs no secret.
struct Lines;

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level() && metadata.target().starts_with("auth_")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let level = record.level().as_str().to_lowercase();
            let line = format!("{level}: {}", record.args());
            say(&format!("auth-all: {line}"));
            log_file::note(&line);
        }
    }

    fn flush(&self) {}
}

/// Begins to log.
pub(crate) fn begin_log(level: LevelFilter) {
    static LINES: Lines = Lines;
    // A second call in one process leaves the first in place.
    let _ = log::set_logger(&LINES);
    log::set_max_level(level);
}

/// Writes the result. A reader that has closed the pipe has all that it needs.
pub(crate) fn result(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::output(&error)),
        Ok(()) => Ok(()),
    }
}

/// Prints words for a person on standard error.
pub(crate) fn say(words: &str) {
    let _ = writeln!(io::stderr(), "{words}");
}

/// Returns `true` if a person can be asked: standard input is a terminal, or the process has one.
pub(crate) fn has_terminal() -> bool {
    io::stdin().is_terminal() || (cfg!(unix) && File::open("/dev/tty").is_ok())
}

/// Asks for a secret, which the terminal does not show.
pub(crate) fn ask(question: &str) -> Result<Secret> {
    let answer = interruptible(|| rpassword::prompt_password(question))
        .map_err(|error| Failure::log_in(format!("no answer from the terminal: {error}")))?;
    match answer.is_empty() {
        false => Ok(Secret::new(answer)),
        true => Err(Failure::log_in("the answer is empty")),
    }
}

/// Asks with Ctrl-C held back until the terminal is as it was: `rpassword` reads that key itself, and ends the process
/// by a signal while the terminal is still raw.
#[cfg(unix)]
fn interruptible<T>(ask: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    use signal_hook::consts::SIGINT;
    use signal_hook::{flag, low_level};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, OnceLock};

    static IS_DEFAULT: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let is_default = IS_DEFAULT.get_or_init(|| {
        let is_default = Arc::default();
        // Without it, Ctrl-C leaves the terminal raw, and most shells repair it.
        let _ = flag::register_conditional_default(SIGINT, Arc::clone(&is_default));
        is_default
    });
    is_default.store(false, Ordering::SeqCst);
    let answer = ask();
    is_default.store(true, Ordering::SeqCst);
    if matches!(&answer, Err(error) if error.kind() == ErrorKind::Interrupted) {
        low_level::emulate_default_handler(SIGINT)?;
    }
    answer
}

#[cfg(not(unix))]
fn interruptible<T>(ask: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    ask()
}

/// Reads a secret from standard input: its first line, asked for if that is a terminal.
pub(crate) fn secret_from_stdin(question: &str) -> Result<Secret> {
    if io::stdin().is_terminal() {
        return ask(question);
    }
    let text = first_line()
        .map_err(|error| Failure::usage(format!("standard input cannot be read: {error}")))?;
    match text.expose().is_empty() {
        false => Ok(text),
        true => Err(Failure::usage("standard input is empty")),
    }
}

/// The first line of standard input, without its end.
pub(crate) fn first_line() -> io::Result<Secret> {
    let mut line = String::with_capacity(LONGEST_LINE);
    let mut input = io::stdin().lock().take(LONGEST_LINE as u64);
    input.read_line(&mut line)?;
    if line.len() == LONGEST_LINE {
        return Err(io::Error::new(ErrorKind::InvalidData, "more than 64 KiB"));
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(Secret::new(line))
}

/// Returns `true` if colours are wanted on standard error.
pub(crate) fn has_colours(no_color: bool) -> bool {
    let forbidden = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !no_color && !forbidden && io::stderr().is_terminal()
}

/// Rows in columns as wide as their widest entry.
pub(crate) fn aligned<const N: usize>(rows: &[[String; N]], indent: &str) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().enumerate();
        let padded: Vec<_> = cells
            .map(|(column, cell)| format!("{cell:<width$}", width = width(column).unwrap_or(0)))
            .collect();
        text.push_str(&format!("{indent}{}\n", padded.join("  ").trim_end()));
    }
    text
}

/// The most that a secret's line may have.
const LONGEST_LINE: usize = 64 * 1024;
