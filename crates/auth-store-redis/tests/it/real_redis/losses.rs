//! Servers that die or stop, and responses that are lost.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use auth_core::error::{Remedy, StoreFailure};
use auth_core::store::{Store, SwapOutcome, WaitOutcome};
use auth_store_redis::{Error, RedisStore};

use super::proxy::{Lost, Proxy};
use super::{calls, failed, found, login, put, raw, record, redis, run, store};

/// The error of an unavailable store, after which a later try may work.
#[track_caller]
fn unavailable<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    let error = failed(outcome);
    let unavailable = matches!(
        error,
        Error::Store {
            failure: StoreFailure::Unavailable,
            ..
        }
    );
    assert!(unavailable && error.remedy() == Remedy::Retry, "{error:?}");
    error.to_string()
}

#[test]
fn a_swap_with_a_lost_result_is_applied_once() {
    let redis = redis();
    let proxy = Proxy::before(&redis);
    let store = RedisStore::connect(proxy.url()).unwrap();
    let ada = login("ada");
    assert_eq!(put(&store, &ada, None, "a"), SwapOutcome::Stored);
    let () = run(&mut raw(&redis), "CONFIG RESETSTAT");
    let before = proxy.visits();

    proxy.lose(1, Lost::Response);
    assert_eq!(put(&store, &ada, Some("a"), "b"), SwapOutcome::Stored);
    assert_eq!(found(&store, &ada), Some("b".into()));
    assert_eq!(calls(&redis, "evalsha"), 2, "it was repeated");
    assert_eq!(calls(&redis, "set"), 1, "it was applied once");
    assert_eq!(proxy.visits(), before + 1, "over a new connection");
}

#[test]
fn a_swap_that_never_arrived_is_repeated() {
    let redis = redis();
    let proxy = Proxy::before(&redis);
    let store = RedisStore::connect(proxy.url()).unwrap();
    let () = run(&mut raw(&redis), "CONFIG RESETSTAT");
    proxy.lose(1, Lost::Question);
    assert_eq!(put(&store, &login("ada"), None, "a"), SwapOutcome::Stored);
    assert_eq!(calls(&redis, "evalsha"), 1);
    assert_eq!(found(&store, &login("ada")), Some("a".into()));
}

/// Another process may have swapped in between.
#[test]
fn an_overtaken_lost_swap_is_a_conflict() {
    let redis = redis();
    let proxy = Proxy::before(&redis);
    let store_here = RedisStore::connect(proxy.url()).unwrap();
    proxy.lose(1, Lost::Question);
    assert_eq!(
        put(&store(&redis), &login("ada"), None, "theirs"),
        SwapOutcome::Stored
    );
    assert_eq!(
        put(&store_here, &login("ada"), None, "ours"),
        SwapOutcome::Conflict
    );
    assert_eq!(found(&store_here, &login("ada")), Some("theirs".into()));
}

#[test]
fn a_swap_lost_twice_is_an_error() {
    let redis = redis();
    let proxy = Proxy::before(&redis);
    let store = RedisStore::connect(proxy.url()).unwrap();
    proxy.lose(2, Lost::Response);
    let error = unavailable(store.swap(&login("ada"), None, &record("canary7Qz")));
    assert!(error.contains("ended before the response"), "{error}");
    assert_eq!(
        put(&store, &login("ada"), None, "canary7Qz"),
        SwapOutcome::Stored
    );
}

#[test]
fn a_server_that_comes_back_is_found_again() {
    let mut redis = redis();
    let store = store(&redis);
    let ada = login("ada");
    assert_eq!(put(&store, &ada, None, "a"), SwapOutcome::Stored);
    redis.kill();
    for error in [
        unavailable(store.load(&ada)),
        unavailable(store.swap(&ada, None, &record("canary7Qz"))),
        unavailable(RedisStore::connect(redis.url())),
    ] {
        assert!(error.contains("is it running"), "{error}");
        assert!(!error.contains(&redis.port().to_string()), "{error}");
    }
    redis.restart().unwrap();
    assert_eq!(found(&store, &ada), Some("a".into()));
    assert_eq!(put(&store, &ada, Some("a"), "b"), SwapOutcome::Stored);
}

/// Connections that were idle while the server was down look alive until they are used.
#[test]
fn a_restart_between_calls_is_not_noticed() {
    let mut redis = redis();
    let store = store(&redis);
    let ada = login("ada");
    thread::scope(|scope| {
        for at in 0..4 {
            let store = &store;
            scope.spawn(move || found(store, &login(&at.to_string())));
        }
    });
    for (old, new) in [(None, "a"), (Some("a"), "b"), (Some("b"), "c")] {
        redis.restart().unwrap();
        assert_eq!(put(&store, &ada, old, new), SwapOutcome::Stored);
    }
    redis.restart().unwrap();
    assert_eq!(found(&store, &ada), Some("c".into()));
}

/// The server is not resumed before the calls have ended, so they ended by themselves.
#[test]
fn a_stopped_server_fails_within_the_time_out() {
    let redis = redis();
    let patient = store(&redis);
    let builder = RedisStore::builder(redis.url()).timeout(Duration::from_millis(500));
    let store = builder.clone().connect().unwrap();
    assert_eq!(store.timeout(), Duration::from_millis(500));
    redis.pause();
    for error in [
        unavailable(store.load(&login("ada"))),
        unavailable(store.swap(&login("ada"), None, &record("a"))),
        unavailable(builder.connect()),
    ] {
        assert!(error.contains("in time"), "{error}");
    }
    let waited = store.wait(&login("ada"), None, Duration::from_secs(600));
    assert_eq!(waited.unwrap(), WaitOutcome::Unsupported);
    redis.resume();
    // Responses to the earlier commands may arrive now; no caller reads them.
    assert_eq!(put(&patient, &login("ada"), None, "a"), SwapOutcome::Stored);
    assert_eq!(found(&patient, &login("ada")), Some("a".into()));
}

/// Writes 1, 2, 3, … and sends a message for each acknowledged number, until the server is gone.
fn count(store: &RedisStore, who: &str, tell: &Sender<()>) -> u32 {
    let mut old = None;
    for number in 1_u32.. {
        let new = record(number.to_be_bytes());
        match store.swap(&login(who), old.as_ref(), &new) {
            Ok(outcome) => assert_eq!(outcome, SwapOutcome::Stored),
            Err(_) => return number - 1,
        }
        old = Some(new);
        // The receiver is gone after the kill.
        let _ = tell.send(());
    }
    unreachable!("the server was killed")
}

fn hear(tale: &Receiver<()>, times: usize) {
    (0..times).for_each(|_| {
        let told = tale.recv_timeout(Duration::from_secs(30));
        told.expect("they write");
    });
}

#[test]
fn acknowledged_swaps_survive_a_killed_server() {
    let mut redis = redis();
    let (tell, tale) = channel();
    let store = store(&redis);
    let counting: Vec<_> = (0..4)
        .map(|at| {
            let (store, tell) = (store.clone(), tell.clone());
            thread::spawn(move || count(&store, &at.to_string(), &tell))
        })
        .collect();
    hear(&tale, 200);
    redis.kill();
    let acknowledged = counting.into_iter().map(|thread| thread.join().unwrap());
    let acknowledged: Vec<u32> = acknowledged.collect();
    redis.restart().unwrap();
    for (at, acknowledged) in acknowledged.into_iter().enumerate() {
        let kept = store
            .load(&login(&at.to_string()))
            .unwrap()
            .expect("a record");
        let kept = u32::from_be_bytes(kept.expose().try_into().unwrap());
        // The one in flight may have been applied, and that is all.
        assert!((acknowledged..=acknowledged + 1).contains(&kept));
    }
}

#[test]
fn a_primary_that_became_a_replica_is_refused() {
    let redis = redis();
    let store = store(&redis);
    let ada = login("ada");
    assert_eq!(put(&store, &ada, None, "a"), SwapOutcome::Stored);
    let () = run(&mut raw(&redis), "REPLICAOF 127.0.0.1 1");
    for error in [
        unavailable(store.load(&ada)),
        // What is there already would need no write.
        unavailable(store.swap(&ada, None, &record("a"))),
        unavailable(store.swap(&ada, Some(&record("a")), &record("b"))),
    ] {
        assert!(error.contains("connect to the primary"), "{error}");
    }
    let () = run(&mut raw(&redis), "REPLICAOF NO ONE");
    assert_eq!(put(&store, &ada, Some("a"), "b"), SwapOutcome::Stored);
}

#[test]
fn a_server_without_memory_names_the_limit() {
    let redis = redis();
    let store = store(&redis);
    let () = run(&mut raw(&redis), "CONFIG SET maxmemory 1");
    let () = run(&mut raw(&redis), "CONFIG RESETSTAT");
    let error = unavailable(store.swap(&login("ada"), None, &record("canary7Qz")));
    assert!(error.contains("maxmemory"), "{error}");
    assert_eq!(
        calls(&redis, "evalsha"),
        1,
        "what was refused is not repeated"
    );
    assert_eq!(found(&store, &login("ada")), None);
}
