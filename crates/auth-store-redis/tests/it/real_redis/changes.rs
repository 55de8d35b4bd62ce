//! Load and swap.

use std::thread;

use auth_core::error::StoreFailure;
use auth_core::store::{Record, Store, SwapOutcome};
use auth_sim::store_conformance;
use auth_store_redis::{Error, RedisStore};

use super::{failed, found, login, put, raw, record, redis, run, store};

#[test]
fn the_store_keeps_every_promise() {
    let redis = redis();
    store_conformance::check(|| store(&redis));
}

#[test]
fn a_swap_needs_the_expected_record() {
    let redis = redis();
    let (one, other) = (store(&redis), store(&redis));
    let ada = login("ada");
    assert_eq!(found(&one, &ada), None);
    assert_eq!(put(&one, &ada, Some("a"), "b"), SwapOutcome::Conflict);
    assert_eq!(put(&one, &ada, None, "a"), SwapOutcome::Stored);
    assert_eq!(found(&other, &ada), Some("a".into()));
    assert_eq!(put(&other, &ada, None, "b"), SwapOutcome::Conflict);
    assert_eq!(put(&other, &ada, Some("A"), "b"), SwapOutcome::Conflict);
    assert_eq!(put(&other, &ada, Some("a"), "b"), SwapOutcome::Stored);
    // Again, as after a lost response.
    assert_eq!(put(&other, &ada, Some("a"), "b"), SwapOutcome::Stored);
    assert_eq!(put(&one, &ada, Some("a"), "c"), SwapOutcome::Conflict);
    assert_eq!(found(&one, &ada), Some("b".into()));
    assert_eq!(found(&one, &login("bob")), None);
}

#[test]
fn an_empty_record_is_a_record() {
    let redis = redis();
    let store = store(&redis);
    let ada = login("ada");
    assert_eq!(put(&store, &ada, Some(""), "a"), SwapOutcome::Conflict);
    assert_eq!(put(&store, &ada, None, ""), SwapOutcome::Stored);
    assert_eq!(found(&store, &ada), Some(String::new()));
    assert_eq!(put(&store, &ada, None, "a"), SwapOutcome::Conflict);
    assert_eq!(put(&store, &ada, Some(""), "a"), SwapOutcome::Stored);
}

#[test]
fn a_long_record_keeps_every_byte() {
    let redis = redis();
    let store = store(&redis);
    let ada = login("ada");
    let long: Vec<u8> = (0..64 * 1024)
        .map(|at: u32| (at ^ (at >> 8)) as u8)
        .collect();
    assert!((0..=255).all(|byte| long.contains(&byte)));
    let mut next = long.clone();
    next[65_535] ^= 1;
    let (long, next) = (record(long), record(next));
    assert_eq!(store.swap(&ada, None, &long).unwrap(), SwapOutcome::Stored);
    assert_eq!(store.load(&ada).unwrap().as_ref(), Some(&long));
    // They differ in the last bit.
    assert_eq!(
        store.swap(&ada, Some(&next), &long).unwrap(),
        SwapOutcome::Stored
    );
    assert_eq!(
        store.swap(&ada, Some(&next), &record("x")).unwrap(),
        SwapOutcome::Conflict
    );
    assert_eq!(
        store.swap(&ada, Some(&long), &next).unwrap(),
        SwapOutcome::Stored
    );
    assert_eq!(store.load(&ada).unwrap(), Some(next));
}

/// Each thread adds one, fifty times; half of them over a store of their own.
#[test]
fn sixteen_threads_lose_no_increment() {
    let redis = redis();
    let shared = store(&redis);
    let add = |store: &RedisStore, thread: u16| {
        for round in 0..50 {
            loop {
                let old = store.load(&login("ada")).unwrap();
                let sum = old.as_ref().map_or(0, sum);
                // No two write the same bytes, or one would take the other's record for its own.
                let new = record(format!("{} {thread} {round}", sum + 1));
                if store.swap(&login("ada"), old.as_ref(), &new).unwrap() == SwapOutcome::Stored {
                    break;
                }
            }
        }
    };
    thread::scope(|scope| {
        for thread in 0..16 {
            let (shared, redis) = (&shared, &redis);
            scope.spawn(move || match thread % 2 {
                0 => add(shared, thread),
                _ => add(&store(redis), thread),
            });
        }
    });
    assert_eq!(
        shared.load(&login("ada")).unwrap().as_ref().map(sum),
        Some(800)
    );
}

/// The number that a record begins with.
fn sum(record: &Record) -> u32 {
    let text = str::from_utf8(record.expose()).expect("text");
    let number = text.split(' ').next().and_then(|word| word.parse().ok());
    number.expect("a number")
}

#[test]
fn a_login_is_one_key_under_the_prefix() {
    let redis = redis();
    let ours = store(&redis);
    let theirs = RedisStore::builder(redis.url()).prefix("billing:");
    let theirs = theirs.connect().unwrap();
    assert_eq!(put(&ours, &login("ada"), None, "a"), SwapOutcome::Stored);
    assert_eq!(put(&theirs, &login("ada"), None, "b"), SwapOutcome::Stored);
    let mut keys: Vec<String> = run(&mut raw(&redis), "KEYS *");
    keys.sort();
    assert_eq!(
        keys,
        ["auth:test username=ada", "billing:test username=ada"]
    );
    assert_eq!(found(&ours, &login("ada")), Some("a".into()));
}

#[test]
fn a_database_of_another_number_is_another_store() {
    let redis = redis();
    let second = RedisStore::connect(format!("{}/2", redis.url())).unwrap();
    assert_eq!(put(&second, &login("ada"), None, "a"), SwapOutcome::Stored);
    assert_eq!(found(&store(&redis), &login("ada")), None);
    let error = failed(RedisStore::connect(format!("{}/99", redis.url())));
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    assert!(
        error.to_string().contains("no database with that number"),
        "{error}"
    );
}

#[test]
fn an_expiry_is_removed() {
    let redis = redis();
    let store = store(&redis);
    let mut connection = raw(&redis);
    let key = format!("auth:{}", login("ada"));
    let mut expire = || {
        let mut expire = redis::cmd("EXPIRE");
        expire.arg(&key).arg(1000).exec(&mut connection).unwrap();
    };
    assert_eq!(put(&store, &login("ada"), None, "a"), SwapOutcome::Stored);
    expire();
    assert_eq!(found(&store, &login("ada")), Some("a".into()));
    let mut life = redis::cmd("TTL");
    life.arg(&key);
    const NONE: i64 = -1;
    assert_eq!(life.query::<i64>(&mut raw(&redis)).unwrap(), NONE);
    expire();
    assert_eq!(
        put(&store, &login("ada"), Some("x"), "b"),
        SwapOutcome::Conflict
    );
    assert_eq!(life.query::<i64>(&mut raw(&redis)).unwrap(), NONE);
}

#[test]
fn the_script_cache_can_be_emptied() {
    let redis = redis();
    let store = store(&redis);
    let (ada, bob) = (login("ada"), login("bob"));
    for (old, new) in [(None, "a"), (Some("a"), "b"), (Some("b"), "c")] {
        let () = run(&mut raw(&redis), "SCRIPT FLUSH");
        assert_eq!(put(&store, &ada, old, new), SwapOutcome::Stored);
    }
    thread::scope(|scope| {
        let swapping = scope.spawn(|| {
            let mut old: Option<String> = None;
            for at in 0..500 {
                let new = at.to_string();
                assert_eq!(put(&store, &bob, old.as_deref(), &new), SwapOutcome::Stored);
                old = Some(new);
            }
        });
        let mut connection = raw(&redis);
        while !swapping.is_finished() {
            let () = run(&mut connection, "SCRIPT FLUSH");
        }
    });
    assert_eq!(found(&store, &bob), Some("499".into()));
}

#[test]
fn after_flushall_an_old_expectation_fails() {
    let redis = redis();
    let store = store(&redis);
    let ada = login("ada");
    assert_eq!(put(&store, &ada, None, "a"), SwapOutcome::Stored);
    let () = run(&mut raw(&redis), "FLUSHALL");
    assert_eq!(put(&store, &ada, Some("a"), "b"), SwapOutcome::Conflict);
    assert_eq!(found(&store, &ada), None);
    assert_eq!(put(&store, &ada, None, "b"), SwapOutcome::Stored);
}

#[test]
fn a_key_of_another_type_is_left_alone() {
    let redis = redis();
    let store = store(&redis);
    let mut push = redis::cmd("RPUSH");
    push.arg(format!("auth:{}", login("ada"))).arg("canary7Qz");
    push.exec(&mut raw(&redis)).unwrap();
    let load = failed(store.load(&login("ada")));
    let swap = failed(store.swap(&login("ada"), None, &record("canary7Qz")));
    for error in [load, swap] {
        let unreadable = matches!(
            error,
            Error::Store {
                failure: StoreFailure::Unreadable,
                ..
            }
        );
        assert!(
            unreadable && error.to_string().contains("another `prefix`"),
            "{error}"
        );
    }
}
