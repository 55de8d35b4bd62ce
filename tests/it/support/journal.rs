//! What our crates log, at every level, for the thread that logs it.

use std::cell::RefCell;
use std::sync::Once;

use log::{LevelFilter, Log, Metadata, Record};

/// What this thread has logged while `during` ran; the binary's one logger is put in on the way.
pub(crate) fn of<R>(during: impl FnOnce() -> R) -> (R, String) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&Journal).expect("no other logger in this binary");
        log::set_max_level(LevelFilter::Trace);
    });
    LINES.take();
    let result = during();
    (result, LINES.take())
}

struct Journal;

impl Log for Journal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        OURS.iter().any(|name| metadata.target().starts_with(name))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!(
                "{} {}: {}\n",
                record.level(),
                record.target(),
                record.args()
            );
            // A thread that is ending has no journal any more.
            let _ = LINES.try_with(|lines| lines.borrow_mut().push_str(&line));
        }
    }

    fn flush(&self) {}
}

const OURS: [&str; 6] = [
    "auth_core",
    "aerion_auth",
    "aeris_auth",
    "ermeo_auth",
    "oauth2_generic",
    "auth_all",
];

thread_local! {
    static LINES: RefCell<String> = const { RefCell::new(String::new()) };
}
