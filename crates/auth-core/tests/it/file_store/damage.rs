//! Damaged files: the record before is restored and marked, and no caller gets a wrong one.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, Once};
use std::thread;

use auth_core::error::StoreFailure;
use auth_core::store::{FileStore, Record, Store, SwapOutcome, WaitOutcome};

use super::{Place, ann, failed, put, record, text};

/// A store whose record is `newest` and was `before`, with the content of both files.
struct Whole {
    place: Place,
    store: FileStore,
    newest: Vec<u8>,
    before: Vec<u8>,
}

impl Whole {
    fn new() -> Self {
        let place = Place::new();
        let store = place.open();
        put(&store, &["before", "newest"]);
        Self {
            newest: fs::read(place.file("record")).unwrap(),
            before: fs::read(place.file("previous")).unwrap(),
            place,
            store,
        }
    }

    /// Puts these bytes into the files, and removes the files that were set aside.
    fn hold(&self, newest: &[u8], before: &[u8]) {
        for name in self.place.files_with("damaged") {
            fs::remove_file(self.place.directory.join(name)).unwrap();
        }
        for (extension, bytes) in [("record", newest), ("previous", before)] {
            put_bytes(&self.place.file(extension), bytes);
        }
    }

    /// The content of the one file that was set aside.
    fn set_aside(&self) -> Vec<u8> {
        let names = self.place.files_with("damaged");
        assert_eq!(names.len(), 1, "{names:?}");
        fs::read(self.place.directory.join(&names[0])).unwrap()
    }
}

/// Replaces a file as a whole, because `previous` may be a second name of it.
fn put_bytes(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).unwrap();
    file.write_all(bytes).unwrap();
}

/// Every way of damaging one byte, or of losing the end.
fn damaged(whole: &[u8]) -> Vec<Vec<u8>> {
    let flipped = (0..whole.len()).flat_map(|at| {
        [0x01, 0x80, 0xff].map(|mask| {
            let mut bytes = whole.to_vec();
            bytes[at] ^= mask;
            bytes
        })
    });
    let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
    let longer = [&b"\0"[..], &b"auth-all"[..], whole].map(|more| [whole, more].concat());
    let zeros = vec![0; whole.len()];
    flipped.chain(cut).chain(longer).chain([zeros]).collect()
}

fn restored(store: &FileStore) -> Record {
    let record = store.load(&ann()).unwrap().unwrap();
    assert!(record.is_restored());
    record
}

#[test]
fn any_damaged_byte_restores_the_previous_record() {
    let whole = Whole::new();
    for bytes in damaged(&whole.newest) {
        whole.hold(&bytes, &whole.before);
        assert_eq!(restored(&whole.store), record("before"));
        assert_eq!(
            restored(&whole.place.open()),
            record("before"),
            "every store loads it"
        );
        assert_eq!(whole.set_aside(), bytes);
        assert!(whole.place.files_with("new").is_empty());
    }
}

#[test]
fn two_damaged_records_fail_one_call() {
    let whole = Whole::new();
    for bytes in damaged(&whole.before) {
        whole.hold(b"", &bytes);
        let newest = whole
            .place
            .directory
            .join(&whole.place.files_with("record")[0]);
        let why = failed(whole.store.load(&ann()), StoreFailure::Unreadable, &newest);
        let aside = whole.place.files_with("damaged");
        assert_eq!(aside.len(), 2, "{aside:?}");
        assert!(why.contains(&aside[1]), "{why} does not name {aside:?}");
        assert!(whole.place.files_with("previous").is_empty());
        assert_eq!(whole.store.load(&ann()).unwrap(), None);
    }
    put(&whole.store, &["anew"]);
    assert_eq!(text(&whole.place.open()).as_deref(), Some("anew"));
}

#[test]
fn a_damaged_first_record_fails_one_call() {
    let place = Place::new();
    put(&place.open(), &["canary"]);
    let path = place.file("record");
    put_bytes(&path, b"canary");
    let why = failed(place.open().load(&ann()), StoreFailure::Unreadable, &path);
    assert!(!why.contains("canary"), "{why}");
    assert_eq!(place.open().load(&ann()).unwrap(), None);
    assert_eq!(place.files_with("damaged").len(), 1);
}

#[test]
fn a_damaged_previous_record_does_no_harm() {
    let whole = Whole::new();
    whole.hold(&whole.newest, b"damaged");
    let loaded = whole.store.load(&ann()).unwrap().unwrap();
    assert!(loaded == record("newest") && !loaded.is_restored());
    put(&whole.store, &["next"]);
    assert_eq!(text(&whole.store).as_deref(), Some("next"));
    assert_eq!(
        fs::read(whole.place.file("previous")).unwrap(),
        whole.newest
    );
}

#[test]
fn a_file_that_was_set_aside_is_never_overwritten() {
    let whole = Whole::new();
    for number in 1_u8..=12 {
        put_bytes(&whole.place.file("record"), &[number; 3]);
        restored(&whole.store);
        let aside = whole.place.file(&format!("damaged-{number}"));
        assert_eq!(fs::read(aside).unwrap(), [number; 3]);
    }
    assert_eq!(whole.place.files_with("damaged").len(), 12);
    for number in 1_u8..=12 {
        let aside = whole.place.file(&format!("damaged-{number}"));
        assert_eq!(fs::read(aside).unwrap(), [number; 3]);
    }
}

#[test]
fn the_mark_stays_until_an_informed_swap() {
    let whole = Whole::new();
    whole.hold(b"damaged", &whole.before);
    let other = whole.place.open();
    // Loaded before a newer record was stored and damaged: its refresh token may be spent.
    let unaware = record("before");
    for next in ["next", "before"] {
        let swap = other.swap(&ann(), Some(&unaware), &record(next)).unwrap();
        assert_eq!(swap, SwapOutcome::Conflict);
    }
    let aware = restored(&whole.store);
    let swap = other.swap(&ann(), Some(&aware), &record("next")).unwrap();
    assert_eq!(swap, SwapOutcome::Stored);
    let next = whole.store.load(&ann()).unwrap().unwrap();
    assert!(next == record("next") && !next.is_restored());
}

#[test]
fn a_record_restored_twice_is_still_marked() {
    let whole = Whole::new();
    whole.hold(b"damaged", &whole.before);
    let aware = restored(&whole.store);
    let swap = whole.store.swap(&ann(), Some(&aware), &record("next"));
    assert_eq!(swap.unwrap(), SwapOutcome::Stored);
    put_bytes(&whole.place.file("record"), b"damaged again");
    assert_eq!(restored(&whole.store), record("before"));
}

#[test]
fn a_swap_over_a_damaged_record_is_a_conflict() {
    let whole = Whole::new();
    whole.hold(b"damaged", &whole.before);
    let swap = whole
        .store
        .swap(&ann(), Some(&record("newest")), &record("next"));
    assert_eq!(swap.unwrap(), SwapOutcome::Conflict);
    assert_eq!(whole.set_aside(), b"damaged");
    assert_eq!(restored(&whole.store), record("before"));
}

#[test]
fn a_wait_ends_when_a_record_was_restored() {
    let whole = Whole::new();
    whole.hold(b"damaged", &whole.before);
    restored(&whole.store);
    let long = std::time::Duration::from_secs(60);
    let seen = record("before");
    let waited = whole.store.wait(&ann(), Some(&seen), long).unwrap();
    assert_eq!(waited, WaitOutcome::Changed);
}

#[test]
fn many_loads_set_a_damaged_record_aside_once() {
    let whole = Whole::new();
    for _ in 0..10 {
        whole.hold(b"damaged", &whole.before);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert_eq!(restored(&whole.place.open()), record("before")));
            }
        });
        assert_eq!(whole.set_aside(), b"damaged");
    }
}

#[test]
fn the_log_names_the_file_that_was_set_aside() {
    listen();
    let whole = Whole::new();
    whole.hold(b"canary", &whole.before);
    restored(&whole.store);
    let aside = whole.place.file("damaged-1");
    let said = SAID.lock().unwrap();
    let about_it: Vec<_> = said
        .iter()
        .filter(|line| line.contains(&format!("{aside:?}")))
        .collect();
    assert_eq!(about_it.len(), 1, "{said:?}");
    assert!(about_it[0].starts_with("WARN auth_core"), "{about_it:?}");
    assert!(!about_it[0].contains("canary"), "{about_it:?}");
}

/// Keeps what is logged as a warning.
struct Listener;

pub(crate) static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Listener).unwrap();
        log::set_max_level(log::LevelFilter::Warn);
    });
}

impl log::Log for Listener {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, entry: &log::Record<'_>) {
        let line = format!("{} {}: {}", entry.level(), entry.target(), entry.args());
        SAID.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}
