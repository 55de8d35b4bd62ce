//! Of all who expect the same record one succeeds, from threads and from processes.

use std::fs::{self, File};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use auth_core::{FileStore, Store, StoreFailure, StoredRecord, Swap};

use super::child::{Running, with_role};
use super::{Place, ann, failed, put, record, text};

/// Adds one to the number that the record begins with. What is behind it says who wrote it: a swap to
/// what is there already succeeds, too.
pub(super) fn add_one(store: &FileStore) {
    loop {
        let current = store.load(&ann()).unwrap();
        let next = current.as_ref().map_or(0, number) + 1;
        let next = record(format!("{next} {:x}", fastrand::u128(..)));
        if store.swap(&ann(), current.as_ref(), &next).unwrap() == Swap::Stored {
            return;
        }
    }
}

fn number(record: &StoredRecord) -> u32 {
    let text = std::str::from_utf8(record.expose()).unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn threads_with_clones_and_with_stores_of_their_own_lose_no_update() {
    let place = Place::new();
    let shared = place.open();
    thread::scope(|scope| {
        for worker in 0..8 {
            let store = match worker % 2 {
                0 => shared.clone(),
                _ => place.open(),
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
fn of_threads_that_expect_the_same_record_exactly_one_succeeds() {
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
    let winner = swaps.iter().position(|swap| *swap == Swap::Stored).unwrap();
    assert_eq!(text(&place.open()), Some(format!("of thread {winner}")));
    let stored = swaps.iter().filter(|swap| **swap == Swap::Stored);
    assert_eq!(stored.count(), 1);
}

#[test]
fn a_swap_can_be_repeated_and_an_outdated_one_changes_nothing() {
    let place = Place::new();
    let store = place.open();
    assert_eq!(store.load(&ann()).unwrap(), None);
    for _ in 0..2 {
        let swap = store.swap(&ann(), None, &record("one")).unwrap();
        assert_eq!(swap, Swap::Stored);
    }
    let outdated = [None, Some(record("other"))];
    for expected in &outdated {
        let swap = store
            .swap(&ann(), expected.as_ref(), &record("two"))
            .unwrap();
        assert_eq!(swap, Swap::Conflict);
    }
    assert_eq!(text(&place.open()).as_deref(), Some("one"));
    assert!(
        place.files_with("previous").is_empty(),
        "nothing was replaced"
    );
}

#[test]
fn identities_have_records_of_their_own() {
    let place = Place::new();
    let store = place.open();
    let bob = auth_core::Identity::new("ermeo").with("username", "bob");
    put(&store, &["ann's"]);
    assert_eq!(store.load(&bob).unwrap(), None);
    assert_eq!(
        store.swap(&bob, None, &record("bob's")).unwrap(),
        Swap::Stored
    );
    assert_eq!(text(&store).as_deref(), Some("ann's"));
}

#[test]
fn waiting_ends_with_the_swap_of_another_store() {
    let place = Place::new();
    put(&place.open(), &["one"]);
    let waiter = place.open();
    thread::scope(|scope| {
        let seen = record("one");
        let waiting = scope.spawn(move || {
            let waited = waiter.wait(&ann(), Some(&seen), Duration::from_secs(600));
            (waited.unwrap(), text(&waiter))
        });
        put(&place.open(), &["two"]);
        let (is_able, found) = waiting.join().unwrap();
        assert!(is_able);
        assert_eq!(found.as_deref(), Some("two"));
    });
}

#[test]
fn waiting_for_a_first_record_ends_when_it_comes_and_is_bounded_until_then() {
    let place = Place::new();
    let waiter = place.open();
    assert!(
        waiter
            .wait(&ann(), None, Duration::from_millis(20))
            .unwrap()
    );
    thread::scope(|scope| {
        let waiting = scope.spawn(|| waiter.wait(&ann(), None, Duration::from_secs(600)));
        put(&place.open(), &["one"]);
        assert!(waiting.join().unwrap().unwrap());
    });
}

#[test]
fn what_another_process_has_locked_is_waited_for_with_a_bound() {
    let place = Place::new();
    put(&place.open(), &["one"]);
    let lock = place.file("lock");
    let mut holder = Running::start(with_role("lock", lock.as_os_str()));
    assert_eq!(holder.says().as_deref(), Some("locked"));

    let hasty = place.open().with_timeout(Duration::from_millis(50));
    assert_eq!(hasty.timeout(), Duration::from_millis(50));
    let why = failed(hasty.load(&ann()), StoreFailure::Unavailable, &lock);
    assert!(
        why.contains("another process") && why.contains("40 ms"),
        "{why}"
    );
    let swap = hasty.swap(&ann(), Some(&record("one")), &record("two"));
    let why = failed(swap, StoreFailure::Unavailable, &lock);
    assert!(why.starts_with("nothing was saved"), "{why}");
    // Threads of one process wait for each other with the same bound.
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| failed(hasty.load(&ann()), StoreFailure::Unavailable, &lock));
        }
    });

    let patient = place.open().with_timeout(Duration::from_secs(600));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| text(&patient));
        holder.kill();
        assert_eq!(waiting.join().unwrap().as_deref(), Some("one"));
    });
}

#[test]
fn a_lock_file_stays_the_same_file_and_holds_nothing() {
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
fn a_second_sign_of_life_is_refused_and_an_attempt_ends_with_its_sign() {
    let place = Place::new();
    let (here, there) = (place.open(), place.open());
    assert!(!there.has_ended(&ann(), 1), "nobody has begun");
    let sign = here.sign_of_life(&ann(), 1);
    assert!(sign.is_some());
    for store in [&here, &there] {
        assert!(store.sign_of_life(&ann(), 2).is_none());
        assert!(!store.has_ended(&ann(), 1));
        assert!(!store.has_ended(&ann(), 2), "it never began");
    }
    drop(sign);
    assert!(there.has_ended(&ann(), 1));
    assert!(!there.has_ended(&ann(), 2));
    let _next = there.sign_of_life(&ann(), 3).unwrap();
    assert!(!here.has_ended(&ann(), 1), "it is another's now");
    assert!(!here.has_ended(&ann(), 3));
}

#[test]
fn a_store_shows_where_it_is_and_nothing_that_is_in_it() {
    let place = Place::new();
    put(&place.open(), &["canary"]);
    let shown = format!("{:?}", place.open());
    assert!(
        shown.contains("logins") && !shown.contains("canary"),
        "{shown}"
    );
}
