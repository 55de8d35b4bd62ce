//! Log lines of all crates, kept for tests.

use std::sync::{Mutex, Once, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};

struct Kept(Mutex<Vec<String>>);

/// Begins to keep log lines.
pub(crate) fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&KEPT).unwrap();
        log::set_max_level(LevelFilter::Trace);
    });
}

/// The log lines of all tests since [`keep`].
pub(crate) fn all() -> String {
    KEPT.0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .join("\n")
}

impl Log for Kept {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {}: {}", record.level(), record.target(), record.args());
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    fn flush(&self) {}
}

static KEPT: Kept = Kept(Mutex::new(Vec::new()));
