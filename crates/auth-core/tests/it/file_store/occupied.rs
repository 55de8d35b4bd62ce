//! Files that another program has open: a swap waits for it, and names it when it stays.

use std::fs::{self, File};
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use auth_core::Result;
use auth_core::error::StoreFailure;
use auth_core::store::{FileStore, Store, SwapOutcome};

use super::{Place, ann, failed, put, record, text};

/// Opens a file as a scanner or an editor may: others can read it, and neither write nor remove it.
fn occupied(path: &Path) -> File {
    open(path, SHARE_READ)
}

fn open(path: &Path, shared: u32) -> File {
    let mut options = File::options();
    options.read(true).share_mode(shared).open(path).unwrap()
}

fn two_records() -> Place {
    let place = Place::new();
    put(&place.open(), &["one", "two"]);
    place
}

fn swap(store: &FileStore) -> Result<SwapOutcome> {
    store.swap(&ann(), Some(&record("two")), &record("three"))
}

fn hasty(place: &Place) -> FileStore {
    place.open().with_timeout(Duration::from_millis(100))
}

#[test]
fn a_swap_waits_until_the_file_is_closed() {
    for extension in ["record", "previous"] {
        let place = two_records();
        let (file, new) = (occupied(&place.file(extension)), place.file("new"));
        let store = place.open().with_timeout(Duration::from_secs(60));
        let stored = thread::scope(|scope| {
            let swap = scope.spawn(|| swap(&store).unwrap());
            // The new file is complete before an old one is touched.
            while !new.exists() {
                thread::yield_now();
            }
            drop(file);
            swap.join().unwrap()
        });
        assert_eq!(stored, SwapOutcome::Stored);
        assert_eq!(text(&place.open()).as_deref(), Some("three"));
    }
}

#[test]
fn a_file_that_stays_open_is_named() {
    for extension in ["record", "previous"] {
        let place = two_records();
        let before = (place.files(), fs::read(place.file("record")).unwrap());
        let file = occupied(&place.file(extension));
        let why = failed(
            swap(&hasty(&place)),
            StoreFailure::Unavailable,
            &place.file(extension),
        );
        drop(file);
        assert!(why.starts_with("nothing was saved: "), "{why}");
        assert!(why.contains(IN_USE), "{why}");
        let after = (place.files(), fs::read(place.file("record")).unwrap());
        // Where the file before it is removed first, it may be gone.
        assert_eq!(after.1, before.1);
        assert!(
            after.0.iter().all(|name| before.0.contains(name)),
            "{after:?}"
        );
        assert_eq!(swap(&place.open()).unwrap(), SwapOutcome::Stored);
    }
}

/// As this crate reads: with POSIX rename nothing is in the way, without it the error says so.
#[test]
fn a_reader_is_no_obstacle_or_it_is_named() {
    let place = two_records();
    let reader = File::open(place.file("record")).unwrap();
    match swap(&hasty(&place)) {
        Ok(swap) => assert_eq!(swap, SwapOutcome::Stored),
        Err(error) => assert!(error.to_string().contains(IN_USE), "{error}"),
    }
    drop(reader);
    put(&place.open(), &["four"]);
    assert_eq!(text(&place.open()).as_deref(), Some("four"));
}

#[test]
fn a_file_that_denies_reading_is_named_and_waited_for() {
    let place = two_records();
    let alone = open(&place.file("record"), SHARE_NOTHING);
    let path = place.file("record");
    let why = failed(hasty(&place).load(&ann()), StoreFailure::Unavailable, &path);
    assert!(why.contains(IN_USE), "{why}");
    let store = place.open().with_timeout(Duration::from_secs(60));
    let loaded = thread::scope(|scope| {
        let load = scope.spawn(|| text(&store));
        drop(alone);
        load.join().unwrap()
    });
    assert_eq!(loaded.as_deref(), Some("two"));
}

#[test]
fn an_occupied_lock_file_counts_as_locked() {
    let place = two_records();
    let lock = place.file("lock");
    let alone = open(&lock, SHARE_NOTHING);
    let why = failed(swap(&hasty(&place)), StoreFailure::Unavailable, &lock);
    assert!(why.contains("that has it open"), "{why}");
    drop(alone);
    assert_eq!(swap(&place.open()).unwrap(), SwapOutcome::Stored);
}

/// Otherwise another process would lock its successor.
#[test]
fn a_lock_file_in_use_cannot_be_removed() {
    let place = two_records();
    let store = place.open();
    let removed = store.alone(&ann(), || fs::remove_file(place.file("lock")));
    assert_eq!(removed.unwrap().unwrap_err().raw_os_error(), Some(32));
    fs::remove_file(place.file("lock")).unwrap();
}

const SHARE_NOTHING: u32 = 0;
const SHARE_READ: u32 = 1;

const IN_USE: &str =
    "another program has the file open; exclude the directory from scanners and backups";
