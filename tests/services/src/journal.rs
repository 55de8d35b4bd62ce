//! Captured log lines of a thread, at every level and from every crate.

use std::cell::RefCell;
use std::sync::Once;

use log::{LevelFilter, Log, Metadata, Record};

/// Returns the lines that this thread logs during `during`: level, target, message. Installs the
/// binary's only logger.
///
/// # Panics
/// If the binary has another logger.
pub fn of<R>(during: impl FnOnce() -> R) -> (R, Vec<String>) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        assert!(
            log::set_logger(&Journal).is_ok(),
            "another logger is installed"
        );
        log::set_max_level(LevelFilter::Trace);
    });
    LINES.set(Some(Vec::new()));
    let result = during();
    (result, LINES.take().unwrap_or_default())
}

struct Journal;

impl Log for Journal {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {}: {}", record.level(), record.target(), record.args());
        // A thread that is ending has no journal any more.
        let _ = LINES.try_with(|lines| lines.borrow_mut().as_mut().map(|lines| lines.push(line)));
    }

    fn flush(&self) {}
}

thread_local! {
    /// `None` while this thread's lines are not captured.
    static LINES: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}
