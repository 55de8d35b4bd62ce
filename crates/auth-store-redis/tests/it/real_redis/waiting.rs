//! Being woken.
//!
//! Every wait here is for ten minutes, so one that returns was not ended by the clock.

use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use auth_core::Result;
use auth_core::store::{Store, SwapOutcome, WaitOutcome};
use auth_store_redis::RedisStore;
use services::Redis;

use super::{calls, login, put, raw, record, redis, run, store};

/// Waits on a thread of its own for another record than the one that was seen.
fn wait(store: &RedisStore, seen: Option<&str>) -> Receiver<Result<WaitOutcome>> {
    let (tell, tale) = channel();
    let (store, seen) = (store.clone(), seen.map(record));
    thread::spawn(move || tell.send(store.wait(&login("ada"), seen.as_ref(), TEN_MINUTES)));
    tale
}

/// Waits with each of these; all of them listen, and have looked, when this returns.
fn listening(
    redis: &Redis,
    stores: &[&RedisStore],
    seen: Option<&str>,
) -> Vec<Receiver<Result<WaitOutcome>>> {
    let () = run(&mut raw(redis), "CONFIG RESETSTAT");
    let waiting = stores.iter().map(|store| wait(store, seen)).collect();
    // `GET` is the last command of each of them.
    while calls(redis, "get") != stores.len() as u32 {
        thread::yield_now();
    }
    waiting
}

#[track_caller]
fn ended(waiting: &Receiver<Result<WaitOutcome>>) -> WaitOutcome {
    let outcome = waiting.recv_timeout(Duration::from_secs(30));
    outcome.expect("it returned").expect("a result")
}

#[test]
fn a_swap_ends_every_wait_without_delay() {
    let redis = redis();
    let endless = RedisStore::builder(redis.url()).timeout(Duration::MAX);
    let (here, there) = (store(&redis), endless.connect().unwrap());
    assert_eq!(put(&here, &login("ada"), None, "a"), SwapOutcome::Stored);
    let waiting = listening(&redis, &[&here, &here, &there], Some("a"));
    assert_eq!(put(&here, &login("bob"), None, "b"), SwapOutcome::Stored);
    assert_eq!(
        put(&here, &login("ada"), Some("x"), "b"),
        SwapOutcome::Conflict
    );
    assert!(
        waiting.iter().all(|one| one.try_recv().is_err()),
        "another record or a conflict ended a wait"
    );
    assert_eq!(
        put(&here, &login("ada"), Some("a"), "b"),
        SwapOutcome::Stored
    );
    for one in &waiting {
        assert_eq!(ended(one), WaitOutcome::Changed);
    }
}

#[test]
fn a_late_wait_ends_at_once() {
    let redis = redis();
    let store = store(&redis);
    assert_eq!(put(&store, &login("ada"), None, "b"), SwapOutcome::Stored);
    assert_eq!(ended(&wait(&store, Some("a"))), WaitOutcome::Changed);
    assert_eq!(ended(&wait(&store, None)), WaitOutcome::Changed);
}

#[test]
fn a_wait_ends_with_its_time() {
    let redis = redis();
    let store = store(&redis);
    for at_most in [Duration::ZERO, Duration::from_millis(20)] {
        let waited = store.wait(&login("ada"), None, at_most);
        assert_eq!(waited.unwrap(), WaitOutcome::TimedOut);
    }
}

#[test]
fn a_wait_is_unsupported_when_the_server_dies() {
    let mut redis = redis();
    let store = store(&redis);
    let waiting = listening(&redis, &[&store], None);
    redis.kill();
    assert_eq!(ended(&waiting[0]), WaitOutcome::Unsupported);
    assert_eq!(ended(&wait(&store, None)), WaitOutcome::Unsupported);
}

/// Waiting is a comfort: who may not listen looks now and then, and who may not publish may swap.
#[test]
fn a_user_without_channels_cannot_wait() {
    let redis = redis();
    let rule = "ACL SETUSER plain on >s3cret resetchannels ~auth:* +@all";
    let () = run(&mut raw(&redis), rule);
    let url = format!("redis://plain:s3cret@127.0.0.1:{}", redis.port());
    let plain = RedisStore::connect(&url).unwrap();
    assert_eq!(ended(&wait(&plain, None)), WaitOutcome::Unsupported);

    let usual = store(&redis);
    let waiting = listening(&redis, &[&usual], None);
    assert_eq!(put(&plain, &login("ada"), None, "a"), SwapOutcome::Stored);
    assert!(waiting[0].try_recv().is_err(), "a wait ended");
    assert_eq!(
        put(&usual, &login("ada"), Some("a"), "b"),
        SwapOutcome::Stored
    );
    assert_eq!(ended(&waiting[0]), WaitOutcome::Changed);
}

const TEN_MINUTES: Duration = Duration::from_secs(600);
