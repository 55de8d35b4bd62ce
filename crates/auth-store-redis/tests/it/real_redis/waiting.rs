//! Being woken.
//!
//! Every wait here is for ten minutes, so whoever comes back was woken, and not by the clock.

use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use auth_core::{Result, Store, Swap};
use auth_store_redis::RedisStore;
use services::Redis;

use super::{login, put, raw, record, redis, run, store};

/// Waits on a thread of its own for another record than the one that was seen.
fn wait(store: &RedisStore, seen: Option<&str>) -> Receiver<Result<bool>> {
    let (tell, tale) = channel();
    let (store, seen) = (store.clone(), seen.map(record));
    thread::spawn(move || tell.send(store.wait(&login("ada"), seen.as_ref(), TEN_MINUTES)));
    tale
}

/// Until this many listen for the record.
fn until_listening(redis: &Redis, count: u32) {
    let mut connection = raw(redis);
    let mut question = redis::cmd("PUBSUB");
    question.arg("NUMSUB").arg(format!("auth:{}", login("ada")));
    let mut listening = || -> (String, u32) { question.query(&mut connection).expect("a count") };
    while listening().1 != count {
        thread::yield_now();
    }
}

#[track_caller]
fn woken(waiting: &Receiver<Result<bool>>) -> bool {
    let outcome = waiting.recv_timeout(Duration::from_secs(30));
    outcome.expect("it came back").expect("an answer")
}

#[test]
fn a_swap_wakes_all_who_wait_for_it_and_is_not_held_up_by_them() {
    let Some(redis) = redis() else { return };
    let (here, there) = (store(&redis), store(&redis));
    assert_eq!(put(&here, &login("ada"), None, "a"), Swap::Stored);
    let waiting = [&here, &here, &there].map(|store| wait(store, Some("a")));
    until_listening(&redis, 3);
    assert_eq!(put(&here, &login("bob"), None, "b"), Swap::Stored);
    assert_eq!(put(&here, &login("ada"), Some("x"), "b"), Swap::Conflict);
    assert!(
        waiting.iter().all(|one| one.try_recv().is_err()),
        "not that"
    );
    assert_eq!(put(&here, &login("ada"), Some("a"), "b"), Swap::Stored);
    assert!(waiting.iter().all(woken));
    until_listening(&redis, 0);
}

#[test]
fn whoever_comes_too_late_does_not_wait() {
    let Some(redis) = redis() else { return };
    let store = store(&redis);
    assert_eq!(put(&store, &login("ada"), None, "b"), Swap::Stored);
    assert!(woken(&wait(&store, Some("a"))));
    assert!(woken(&wait(&store, None)));
}

#[test]
fn the_time_is_up_when_it_is_up() {
    let Some(redis) = redis() else { return };
    let store = store(&redis);
    for at_most in [Duration::ZERO, Duration::from_millis(20)] {
        assert!(store.wait(&login("ada"), None, at_most).unwrap());
    }
}

#[test]
fn whoever_waits_when_the_server_dies_hears_that_it_cannot() {
    let Some(mut redis) = redis() else { return };
    let store = store(&redis);
    let waiting = wait(&store, None);
    until_listening(&redis, 1);
    redis.kill();
    assert!(!woken(&waiting));
    assert!(!woken(&wait(&store, None)), "nor afterwards");
}

/// Waiting is a comfort: who may not listen looks now and then, and who may not publish may swap.
#[test]
fn a_user_without_channels_can_do_all_but_wait() {
    let Some(redis) = redis() else { return };
    let rule = "ACL SETUSER plain on >s3cret resetchannels ~auth:* +@all";
    let () = run(&mut raw(&redis), rule);
    let url = format!("redis://plain:s3cret@127.0.0.1:{}", redis.port());
    let plain = RedisStore::connect(&url).unwrap();
    assert!(!woken(&wait(&plain, None)));

    let listening = wait(&store(&redis), None);
    until_listening(&redis, 1);
    assert_eq!(put(&plain, &login("ada"), None, "a"), Swap::Stored);
    assert!(listening.try_recv().is_err(), "nobody was told");
    assert_eq!(
        put(&store(&redis), &login("ada"), Some("a"), "b"),
        Swap::Stored
    );
    assert!(woken(&listening));
}

const TEN_MINUTES: Duration = Duration::from_secs(600);
