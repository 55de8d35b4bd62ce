//! `--log`: events of the sessions on standard error.

use std::io::Write as _;

use log::{LevelFilter, Log, Metadata, Record};

/// Prints a line for each event; the library logs no secret.
struct Lines;

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level() && metadata.target().starts_with("auth_")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let level = record.level().as_str().to_lowercase();
            let _ = writeln!(std::io::stderr(), "auth-all: {level}: {}", record.args());
        }
    }

    fn flush(&self) {}
}

/// Begins to log.
pub(crate) fn begin(level: LevelFilter) {
    static LINES: Lines = Lines;
    // A second call in one process leaves the first in place.
    let _ = log::set_logger(&LINES);
    log::set_max_level(level);
}
