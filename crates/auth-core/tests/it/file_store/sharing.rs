//! Of many swaps that expect the same record one succeeds, from threads and from processes.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::{FileStore, Record, Store, SwapOutcome};

use super::child::{Running, with_role};
use super::{Place, ann, failed, put, record, text};

/// Adds one to the number that the record begins with. The rest of it is unique, because a swap to the current record
/// succeeds, too.
pub(super) fn add_one(store: &FileStore) {
    loop {
        let current = store.load(&ann()).unwrap();
        let next = current.as_ref().map_or(0, number) + 1;
        let next = record(format!("{next} {:x}", fastrand::u128(..)));
        if store.swap(&ann(), current.as_ref(), &next).unwrap() == SwapOutcome::Stored {
            return;
        }
    }
}

fn number(record: &Record) -> u32 {
    let text = std::str::from_utf8(record.expose()).unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn threads_lose_no_update() {
    let place = Place::new();
    // Without POSIX rename, the writer waits for a moment in which none of the others reads.
    let open = || place.open().with_timeout(Duration::from_secs(60));
    let shared = open();
    thread::scope(|scope| {
        for worker in 0..8 {
            let store = match worker % 2 {
                0 => shared.clone(),
                _ => open(),
            };
            scope.spawn(move || {
                for _ in 0..10 {
                    add_one(&store);
                }
            });
        }
    });
    assert_eq!(shared.load(&ann()).unwrap().as_ref().map(number), Some(80));
    assert_eq!(place.files().len(), 3, "{:?}", place.files());
}

#[test]
fn eight_processes_lose_no_update() {
    let place = Place::new();
    let start = || Running::start(with_role("count 25", place.directory.as_os_str()));
    let children: Vec<_> = (0..8).map(|_| start()).collect();
    children.into_iter().for_each(Running::ends_well);
    let counted = place.open().load(&ann()).unwrap();
    assert_eq!(counted.as_ref().map(number), Some(200));
}

#[test]
fn one_of_many_equal_swaps_succeeds() {
    let place = Place::new();
    put(&place.open(), &["first"]);
    let together = Barrier::new(8);
    let swap = |number: usize| {
        let store = place.open();
        together.wait();
        let next = record(format!("of thread {number}"));
        store.swap(&ann(), Some(&record("first")), &next).unwrap()
    };
    let swaps: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| scope.spawn(move || swap(number)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let winner = swaps
        .iter()
        .position(|swap| *swap == SwapOutcome::Stored)
        .unwrap();
    assert_eq!(text(&place.open()), Some(format!("of thread {winner}")));
    let stored = swaps.iter().filter(|swap| **swap == SwapOutcome::Stored);
    assert_eq!(stored.count(), 1);
}

#[test]
fn a_swap_can_be_repeated_until_it_is_outdated() {
    let place = Place::new();
    let store = place.open();
    assert_eq!(store.load(&ann()).unwrap(), None);
    for _ in 0..2 {
        let swap = store.swap(&ann(), None, &record("one")).unwrap();
        assert_eq!(swap, SwapOutcome::Stored);
    }
    let outdated = [None, Some(record("other"))];
    for expected in &outdated {
        let swap = store
            .swap(&ann(), expected.as_ref(), &record("two"))
            .unwrap();
        assert_eq!(swap, SwapOutcome::Conflict);
    }
    assert_eq!(text(&place.open()).as_deref(), Some("one"));
    assert!(
        place.files_with("previous").is_empty(),
        "no record was replaced"
    );
}

#[test]
fn identities_have_records_of_their_own() {
    let place = Place::new();
    let store = place.open();
    let bob = Identity::new("ermeo").with("username", "bob");
    put(&store, &["ann's"]);
    assert_eq!(store.load(&bob).unwrap(), None);
    assert_eq!(
        store.swap(&bob, None, &record("bob's")).unwrap(),
        SwapOutcome::Stored
    );
    assert_eq!(text(&store).as_deref(), Some("ann's"));
}

#[test]
fn a_store_stays_where_it_was_opened() {
    let place = Place::new();
    let role = format!("move {}", place.folder.path().display());
    Running::start(with_role(&role, OsStr::new("./logins/"))).ends_well();
    assert_eq!(text(&place.open()).as_deref(), Some("from afar"));
}

#[test]
fn writers_wait_for_the_lock_and_readers_do_not() {
    let place = Place::new();
    put(&place.open(), &["one"]);
    let lock = place.file("lock");
    let mut holder = Running::start(with_role("lock", lock.as_os_str()));
    assert_eq!(holder.says().as_deref(), Some("locked"));

    let hasty = place.open().with_timeout(Duration::from_millis(50));
    assert_eq!(hasty.timeout(), Duration::from_millis(50));
    assert_eq!(text(&hasty).as_deref(), Some("one"));
    // Threads of one process wait for each other within the same bound.
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let swap = hasty.swap(&ann(), Some(&record("one")), &record("two"));
                let why = failed(swap, StoreFailure::Unavailable, &lock);
                assert!(why.starts_with("nothing was saved"), "{why}");
                assert!(
                    why.contains("another process") && why.contains("40 ms"),
                    "{why}"
                );
            });
        }
    });

    assert_eq!(place.open().timeout(), Duration::from_secs(5));
    let patient = place.open().with_timeout(Duration::from_secs(60));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| put(&patient, &["two"]));
        holder.kill();
        waiting.join().unwrap();
    });
    assert_eq!(text(&patient).as_deref(), Some("two"));
}

#[test]
fn an_outdated_swap_does_not_wait_for_the_lock() {
    let place = Place::new();
    put(&place.open(), &["one"]);
    let new = "while others wait";
    let mut holder = Running::start(with_role("lock", place.file("lock").as_os_str()));
    assert_eq!(holder.says().as_deref(), Some("locked"));
    let store = place.open().with_timeout(Duration::MAX);
    let outdated = store.swap(&ann(), None, &record("two")).unwrap();
    assert_eq!(outdated, SwapOutcome::Conflict);
    let [one, two] = ["one", "two"].map(record);
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| store.swap(&ann(), Some(&one), &two).unwrap()))
            .collect();
        // As the holder of the lock would.
        let other = Place::new();
        put(&other.open(), &["one", new]);
        loop {
            match fs::rename(other.file("record"), place.file("record")) {
                // Without POSIX rename, a thread that reads the old file is in the way.
                Err(_) if cfg!(windows) => thread::yield_now(),
                renamed => break renamed.unwrap(),
            }
        }
        for thread in waiting {
            assert_eq!(thread.join().unwrap(), SwapOutcome::Conflict);
        }
    });
    assert_eq!(text(&store).as_deref(), Some(new));
}

#[test]
fn restoring_a_record_needs_the_lock() {
    let place = Place::new();
    put(&place.open(), &["one", "two"]);
    fs::write(place.file("record"), "damaged").unwrap();
    let lock = place.file("lock");
    let mut holder = Running::start(with_role("lock", lock.as_os_str()));
    assert_eq!(holder.says().as_deref(), Some("locked"));
    let hasty = place.open().with_timeout(Duration::from_millis(50));
    failed(hasty.load(&ann()), StoreFailure::Unavailable, &lock);
    let swap = hasty.swap(&ann(), None, &record("three"));
    failed(swap, StoreFailure::Unavailable, &lock);
    holder.kill();
    assert_eq!(text(&hasty).as_deref(), Some("one"));
}

#[test]
fn a_lock_file_is_never_replaced_and_stays_empty() {
    let place = Place::new();
    put(&place.open(), &["one"]);
    let kept = File::open(place.file("lock")).unwrap();
    put(&place.open(), &["two", "three"]);
    let there = File::open(place.file("lock")).unwrap();
    kept.lock().unwrap();
    assert!(there.try_lock().is_err(), "it was replaced");
    assert_eq!(fs::read(place.file("lock")).unwrap(), b"");
}

#[test]
fn work_done_alone_never_overlaps() {
    let place = Place::new();
    let number = place.folder.path().join("number");
    fs::write(&number, "0").unwrap();
    let add_one = || {
        let old: u32 = fs::read_to_string(&number).unwrap().parse().unwrap();
        fs::write(&number, (old + 1).to_string()).unwrap();
    };
    thread::scope(|scope| {
        for _ in 0..8 {
            let store = place.open();
            scope.spawn(move || {
                for _ in 0..10 {
                    store.alone(&ann(), add_one).unwrap();
                }
            });
        }
    });
    assert_eq!(fs::read_to_string(&number).unwrap(), "80");

    let store = place.open().with_timeout(Duration::from_millis(50));
    store
        .alone(&ann(), || {
            let swap = place.open().with_timeout(Duration::from_millis(50));
            let swap = swap.swap(&ann(), None, &record("one"));
            failed(swap, StoreFailure::Unavailable, &place.file("lock"));
        })
        .unwrap();
    let panicking = thread::scope(|scope| {
        let panic = || store.alone(&ann(), || panic!("for the test"));
        scope.spawn(panic).join()
    });
    assert!(panicking.is_err());
    put(&store, &["one"]);
}

#[test]
fn debug_shows_the_directory_and_no_record() {
    let place = Place::new();
    put(&place.open(), &["canary"]);
    let shown = format!("{:?}", place.open());
    assert!(
        shown.contains("logins") && !shown.contains("canary"),
        "{shown}"
    );
}
