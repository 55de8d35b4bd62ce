//! Passwords, users and sockets: connections that work, and errors of those that are refused.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use auth_core::error::{Remedy, StoreFailure};
use auth_core::store::{Store, SwapOutcome, WaitOutcome};
use auth_core::{Secret, secret};
use auth_store_redis::{Error, RedisStore};
use services::{Redis, Sentinel, Twemproxy, journal, started};

use super::{CANARY, failed, found, login, put, raw, redis, run, store};

fn guarded() -> Redis {
    started(Redis::options().password(&format!("{CANARY}right")).start())
}

/// The error of a refused connection: of the configuration, and without password and URL.
#[track_caller]
fn refused(url: &str) -> String {
    let error = failed(RedisStore::connect(url));
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    error.to_string()
}

#[test]
fn the_password_of_the_url_works_and_is_not_shown() {
    let redis = guarded();
    let (store, logged) = journal::of(|| store(&redis));
    assert_eq!(put(&store, &login("ada"), None, "a"), SwapOutcome::Stored);
    assert_eq!(logged, [""; 0]);
    let shown = format!(
        "{store:?} {store:#?} {:?}",
        RedisStore::builder(redis.url())
    );
    assert!(
        !shown.contains(CANARY) && !shown.contains("127.0.0.1"),
        "{shown}"
    );
    assert!(shown.contains("auth:"), "{shown}");
}

#[test]
fn a_password_that_is_set_replaces_the_urls() {
    let redis = guarded();
    for user in ["", ":canary7Qzwrong@", "default@"] {
        let url = format!("redis://{user}127.0.0.1:{}", redis.port());
        let builder = RedisStore::builder(&url).password(Secret::new("canary7Qzright"));
        assert!(!format!("{builder:?}").contains(CANARY));
        assert_eq!(found(&builder.connect().unwrap(), &login("ada")), None);
    }
}

#[test]
fn a_user_can_have_no_password() {
    let redis = guarded();
    let () = run(&mut raw(&redis), "ACL SETUSER open on nopass ~auth:* +@all");
    let url = format!("redis://open@127.0.0.1:{}", redis.port());
    let store = RedisStore::connect(&url).unwrap();
    assert_eq!(put(&store, &login("ada"), None, "a"), SwapOutcome::Stored);
}

#[cfg(unix)]
#[test]
fn a_socket_file_works() {
    let options = Redis::options().set("unixsocket", "redis.sock");
    let redis = started(options.start());
    let url = format!("unix://{}/redis.sock?db=1", redis.folder().display());
    let by_file = RedisStore::connect(&url).unwrap();
    let error = failed(RedisStore::connect("unix:///nowhere/redis.sock"));
    assert!(error.to_string().contains("no socket file"), "{error}");
    let by_port = RedisStore::connect(format!("{}/1", redis.url())).unwrap();
    assert_eq!(put(&by_file, &login("ada"), None, "a"), SwapOutcome::Stored);
    assert_eq!(found(&by_port, &login("ada")), Some("a".into()));
}

#[test]
fn a_wrong_password_is_named_and_not_quoted() {
    let redis = guarded();
    let port = redis.port();
    for user in [
        ":canary7Qzwrong@",
        "canary7Qz:canary7Qzright@",
        "canary7Qz@",
        "",
    ] {
        let error = refused(&format!("redis://{user}127.0.0.1:{port}"));
        assert!(error.contains("the user or the password"), "{error}");
    }
}

#[test]
fn an_unexpected_password_is_named() {
    let redis = redis();
    let error = refused(&format!("redis://:{CANARY}@127.0.0.1:{}", redis.port()));
    assert!(error.contains("has no password"), "{error}");
}

/// It was right when the store connected, so the server's operator may set it again.
#[test]
fn a_password_changed_later_is_worth_a_retry() {
    let redis = guarded();
    let store = store(&redis);
    let mut admin = raw(&redis);
    let () = run(&mut admin, "CONFIG SET requirepass other");
    let () = run(&mut admin, "CLIENT KILL TYPE normal SKIPME yes");
    let error = failed(store.load(&login("ada")));
    assert!(error.remedy() == Remedy::Retry, "{error:?}");
    assert!(
        error.to_string().contains("the user or the password"),
        "{error}"
    );
    let () = run(&mut admin, &format!("CONFIG SET requirepass {CANARY}right"));
    assert_eq!(found(&store, &login("ada")), None);
}

/// The rule is the README's, word for word.
#[test]
fn the_documented_user_has_every_right() {
    let redis = redis();
    let readme = include_str!("../../../README.md");
    let rule = readme
        .lines()
        .find(|line| line.starts_with("ACL SETUSER auth "));
    let () = run(&mut raw(&redis), rule.expect("a rule"));
    let url = format!("redis://auth:password@127.0.0.1:{}", redis.port());
    let (store, logged) = journal::of(|| RedisStore::connect(&url).unwrap());
    assert_eq!(logged, [""; 0]);
    assert_eq!(put(&store, &login("ada"), None, "a"), SwapOutcome::Stored);
    assert_eq!(found(&store, &login("ada")), Some("a".into()));
    let waited = store.wait(&login("ada"), None, Duration::from_secs(600));
    assert_eq!(waited.unwrap(), WaitOutcome::Changed);
}

#[test]
fn a_missing_right_to_swap_fails_connecting() {
    let redis = redis();
    for (at, rule) in [
        "~auth:* &* +@all -evalsha",
        "~auth:* &* +@all -get",
        "~auth:* &* +@all -persist",
        "~other:* &* +@all",
    ]
    .into_iter()
    .enumerate()
    {
        let rule = format!("ACL SETUSER user{at} on >{CANARY} resetkeys {rule}");
        let () = run(&mut raw(&redis), &rule);
        let error = refused(&format!(
            "redis://user{at}:{CANARY}@127.0.0.1:{}",
            redis.port()
        ));
        assert!(error.contains("ACL SETUSER"), "{rule}: {error}");
    }
}

#[test]
fn a_replica_is_refused() {
    let (primary, replica) = (redis(), redis());
    let mut admin = raw(&replica);
    let follow = format!("REPLICAOF 127.0.0.1 {}", primary.port());
    let () = run(&mut admin, &follow);
    // Also one that would take writes, and forget them.
    for read_only in ["yes", "no"] {
        let () = run(
            &mut admin,
            &format!("CONFIG SET replica-read-only {read_only}"),
        );
        let error = failed(RedisStore::connect(replica.url()));
        let is_unsafe = matches!(
            error,
            Error::Store {
                failure: StoreFailure::Unsafe,
                ..
            }
        );
        assert!(is_unsafe && error.remedy() != Remedy::Retry, "{error:?}");
        assert!(
            error.to_string().contains("connect to the primary"),
            "{error}"
        );
    }
}

#[test]
fn a_sentinel_is_named_as_a_wrong_setting() {
    let redis = redis();
    let open = started(Sentinel::of(&redis, None));
    let port = open.port();
    let guarded = started(Sentinel::of(&redis, Some("canary7Qzright")));
    let urls = [
        open.url(),
        format!("{}/1", open.url()),
        format!("redis://:canary7Qz@127.0.0.1:{port}"),
        format!("redis://:canary7Qzright@127.0.0.1:{}", guarded.port()),
    ];
    for url in urls {
        let error = refused(&url);
        assert!(error.contains("is a Sentinel"), "{error}");
        assert!(error.contains("the master that it names"), "{error}");
    }
}

#[test]
fn renamed_commands_are_named() {
    for (unknown, named) in [
        (&["EVAL", "EVALSHA"][..], "`EVALSHA`"),
        (&["EVAL"], "`EVAL`"),
        (&["GET"], "a command"),
        (&["PERSIST"], "a command"),
    ] {
        let redis = started(Redis::options().without(unknown).start());
        let error = refused(&redis.url());
        assert!(
            error.contains(&format!("does not support {named}")),
            "{error}"
        );
    }
    // These are a comfort only.
    let redis = started(Redis::options().without(&["INFO", "CONFIG"]).start());
    let store = store(&redis);
    assert_eq!(put(&store, &login("ada"), None, "a"), SwapOutcome::Stored);
}

#[test]
fn a_proxy_that_hangs_up_is_named() {
    let redis = redis();
    let proxy = started(Twemproxy::before(&redis));
    let error = refused(&proxy.url());
    assert!(error.contains("hangs up on `INFO`"), "{error}");
    assert!(error.contains("connect to the Redis server"), "{error}");
    let error = refused(&format!("{}/1", proxy.url()));
    assert!(error.contains("hangs up on"), "{error}");
}

#[test]
fn a_cluster_has_one_database() {
    let options = Redis::options().set("cluster-enabled", "yes");
    let redis = started(options.start());
    let error = refused(&format!("{}/1", redis.url()));
    assert!(error.contains("only database 0"), "{error}");
}

/// As IAM tokens do, which live for minutes; the server ends the connections meanwhile.
#[test]
fn a_changing_password_is_read_per_connection() {
    let redis = redis();
    let mut admin = raw(&redis);
    let password = Arc::new(Mutex::new(format!("{CANARY}0")));
    let rule = format!("ACL SETUSER turn on >{CANARY}0 ~* &* +@all");
    let () = run(&mut admin, &rule);
    let now = Arc::clone(&password);
    let url = format!("redis://turn@127.0.0.1:{}", redis.port());
    let builder = RedisStore::builder(&url);
    let store = builder
        .password(secret::from_fn(move || {
            Ok(Secret::new(now.lock().unwrap().as_str()))
        }))
        .connect()
        .unwrap();
    let mut old = None;
    for turn in ["1", "2", "3"] {
        let new = format!("{CANARY}{turn}");
        let () = run(&mut admin, &format!("ACL SETUSER turn resetpass >{new}"));
        let () = run(&mut admin, "CLIENT KILL TYPE normal SKIPME yes");
        *password.lock().unwrap() = new;
        assert_eq!(put(&store, &login("ada"), old, turn), SwapOutcome::Stored);
        assert_eq!(found(&store, &login("ada")), Some(turn.into()));
        old = Some(turn);
    }
    let waited = store.wait(&login("ada"), None, Duration::from_secs(600));
    assert_eq!(
        waited.unwrap(),
        WaitOutcome::Changed,
        "over its own connection"
    );
}

#[test]
fn a_server_that_is_full_is_not_a_wrong_password() {
    let redis = guarded();
    let mut admin = raw(&redis);
    let () = run(&mut admin, "CONFIG SET maxclients 1");
    let error = failed(RedisStore::connect(redis.url()));
    assert!(error.remedy() == Remedy::Retry, "{error:?}");
    // The server sends the reason and closes the connection; the close may arrive first.
    let reasons = ["maxclients", "ended before"];
    assert!(
        reasons.iter().any(|why| error.to_string().contains(why)),
        "{error}"
    );
}

#[test]
fn another_protocol_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            // Reads first: closing a socket with unread bytes resets the connection.
            let _ = client.read(&mut [0; 1024]);
            let _ = client.write_all(b"HTTP/1.1 400 canary7Qz\r\n\r\n");
        }
    });
    let error = failed(RedisStore::connect(format!("redis://127.0.0.1:{port}")));
    assert!(error.to_string().contains("not Redis"), "{error}");
}
