//! Promises of every store.

use std::thread;
use std::time::Duration;

use auth_core::grant::Identity;
use auth_core::store::{Record, Store, SwapOutcome};
use auth_sim::store_conformance;
use auth_store_postgres::PostgresStore;

use super::{Database, record, who};

#[test]
fn the_store_keeps_every_promise() {
    let database = Database::new("promises");
    store_conformance::check(|| database.store());
}

#[test]
fn a_swap_needs_the_expected_bytes() {
    let database = Database::new("exact");
    let (store, jane) = (database.store(), who("jane"));
    let (one, two, three) = (record("one"), record("two"), record("three"));

    assert_eq!(store.load(&jane).unwrap(), None);
    assert_eq!(
        store.swap(&jane, Some(&one), &two).unwrap(),
        SwapOutcome::Conflict
    );
    assert_eq!(store.load(&jane).unwrap(), None);

    assert_eq!(store.swap(&jane, None, &one).unwrap(), SwapOutcome::Stored);
    assert_eq!(
        store.swap(&jane, None, &two).unwrap(),
        SwapOutcome::Conflict
    );
    assert_eq!(
        store.swap(&jane, Some(&two), &three).unwrap(),
        SwapOutcome::Conflict
    );
    assert_eq!(store.load(&jane).unwrap(), Some(one.clone()));

    assert_eq!(
        store.swap(&jane, Some(&one), &two).unwrap(),
        SwapOutcome::Stored
    );
    assert_eq!(store.load(&jane).unwrap(), Some(two.clone()));
    assert_eq!(store.load(&who("joe")).unwrap(), None);
}

#[test]
fn a_finished_swap_is_stored_again() {
    let database = Database::new("again");
    let (store, jane) = (database.store(), who("jane"));
    let (one, two) = (record("one"), record("two"));
    for _ in 0..2 {
        assert_eq!(store.swap(&jane, None, &one).unwrap(), SwapOutcome::Stored);
    }
    for _ in 0..2 {
        assert_eq!(
            store.swap(&jane, Some(&one), &two).unwrap(),
            SwapOutcome::Stored
        );
    }
    assert_eq!(store.swap(&jane, None, &two).unwrap(), SwapOutcome::Stored);
    assert_eq!(store.load(&jane).unwrap(), Some(two));
}

#[test]
fn a_record_of_64_kib_keeps_every_byte() {
    let database = Database::new("bytes");
    let (store, jane) = (database.store(), who("jane"));
    let all: Vec<u8> = (0..=255).cycle().take(64 * 1024).collect();
    let backwards: Vec<u8> = all.iter().rev().copied().collect();
    let (all, backwards) = (Record::from_bytes(all), Record::from_bytes(backwards));
    assert_eq!(store.swap(&jane, None, &all).unwrap(), SwapOutcome::Stored);
    assert_eq!(store.load(&jane).unwrap(), Some(all.clone()));
    assert_eq!(
        store.swap(&jane, Some(&all), &backwards).unwrap(),
        SwapOutcome::Stored
    );
    assert_eq!(store.load(&jane).unwrap(), Some(backwards.clone()));
    let empty = Record::from_bytes(Vec::new());
    assert_eq!(
        store.swap(&jane, Some(&backwards), &empty).unwrap(),
        SwapOutcome::Stored
    );
    assert_eq!(store.load(&jane).unwrap(), Some(empty));
}

#[test]
fn any_identities_are_kept_apart() {
    let database = Database::new("identities");
    let store = database.store();
    let long = random_letters(100_000);
    let identities = [
        Identity::new(""),
        who("o'hara\\"),
        who("jane\0\n%É😀\"'; DROP TABLE auth_logins; --"),
        who(&long),
        who(&format!("{long}x")),
        who(&long[..900]),
    ];
    for (at, identity) in identities.iter().enumerate() {
        let stored = store.swap(identity, None, &record(&at.to_string()));
        assert_eq!(stored.unwrap(), SwapOutcome::Stored);
    }
    for (at, identity) in identities.iter().enumerate() {
        assert_eq!(store.load(identity).unwrap(), Some(record(&at.to_string())));
    }
    assert_eq!(database.sql("SELECT count(*) FROM auth_logins"), "6");
}

#[test]
fn sixteen_threads_lose_no_increment() {
    let database = Database::new("increments");
    let store = database.store();
    thread::scope(|scope| {
        for at in 0..16 {
            // Half of them over one connection, half over one each.
            let store = if at % 2 == 0 {
                store.clone()
            } else {
                database.store()
            };
            scope.spawn(move || (0..50).for_each(|_| increment(&store)));
        }
    });
    assert_eq!(counted(&store), 800);
}

#[test]
fn one_of_many_first_swaps_succeeds() {
    let database = Database::new("first");
    let stores: Vec<_> = (0..8).map(|_| database.store()).collect();
    for round in 0..20 {
        let jane = who(&round.to_string());
        let stored = thread::scope(|scope| {
            let racing: Vec<_> = stores
                .iter()
                .enumerate()
                .map(|(at, store)| {
                    let (jane, mine) = (&jane, record(&at.to_string()));
                    scope.spawn(move || store.swap(jane, None, &mine).unwrap())
                })
                .collect();
            let outcomes = racing.into_iter().map(|thread| thread.join().unwrap());
            outcomes
                .filter(|outcome| *outcome == SwapOutcome::Stored)
                .count()
        });
        assert_eq!(stored, 1);
    }
}

#[test]
fn async_code_can_use_and_drop_a_store() {
    let database = Database::new("asynchronous");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let loaded = runtime.block_on(async {
        let store = database.store();
        let stored = store.swap(&who("jane"), None, &record("one")).unwrap();
        assert_eq!(stored, SwapOutcome::Stored);
        store.load(&who("jane")).unwrap()
    });
    assert_eq!(loaded, Some(record("one")));
}

#[test]
fn a_socket_file_and_any_time_out_work() {
    let database = Database::new("socket");
    let connection = format!(
        "host={} port={} user=postgres dbname=socket",
        database.server().socket_folder().display(),
        database.server().port()
    );
    let settings = PostgresStore::builder(connection).timeout(Duration::MAX);
    let store = settings.connect().unwrap();
    let stored = store.swap(&who("jane"), None, &record("one"));
    assert_eq!(stored.unwrap(), SwapOutcome::Stored);
    assert_eq!(store.load(&who("jane")).unwrap(), Some(record("one")));
    assert_eq!(store.timeout(), Duration::MAX);
}

#[test]
fn a_row_shows_its_identity_and_last_change() {
    let database = Database::new("people");
    let store = database.store();
    let (one, two) = (record("one"), record("two"));
    assert_eq!(
        store.swap(&who("jane"), None, &one).unwrap(),
        SwapOutcome::Stored
    );
    database.sql("UPDATE auth_logins SET changed = '2001-01-01'");
    assert_eq!(
        store.swap(&who("jane"), Some(&one), &two).unwrap(),
        SwapOutcome::Stored
    );
    let seen =
        database.sql("SELECT identity, changed > now() - interval '1 hour' FROM auth_logins");
    assert_eq!(seen, "test name=jane|t");
}

pub(super) fn increment(store: &impl Store) {
    let counter = who("counter");
    loop {
        let current = store.load(&counter).unwrap();
        let number = current.as_ref().map_or(0, number);
        // Records of two writers differ, as those of two sessions do: equal bytes are the same swap.
        let next = record(&format!("{} {}", number + 1, random_letters(16)));
        if store.swap(&counter, current.as_ref(), &next).unwrap() == SwapOutcome::Stored {
            return;
        }
    }
}

/// The number of increments of a counter.
pub(super) fn number(record: &Record) -> u32 {
    let text = std::str::from_utf8(record.expose()).unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

pub(super) fn counted(store: &impl Store) -> u32 {
    number(&store.load(&who("counter")).unwrap().unwrap())
}

/// Text that an index cannot compress.
fn random_letters(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(length)
        .collect()
}
