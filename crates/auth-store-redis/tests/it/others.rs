//! Servers that this store cannot use: other roles, proxies; and services that it can.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_core::error::{Remedy, StoreFailure};
use auth_core::grant::Identity;
use auth_core::store::Store;
use auth_store_redis::{Error, RedisStore};
use services::journal;

use crate::fake::{Fake, info, usual};

/// The message of an error that only the operator can correct.
#[track_caller]
fn configuration(fake: &Fake) -> String {
    match RedisStore::connect(fake.url()) {
        Err(Error::Configuration { message: why, .. }) => why.into_owned(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn not_safe(fake: &Fake) -> String {
    match RedisStore::connect(fake.url()) {
        Err(Error::Store {
            failure: StoreFailure::Unsafe,
            message,
            ..
        }) => message.into_owned(),
        other => panic!("{other:?}"),
    }
}

fn with_role(role: &'static str) -> Fake {
    Fake::but_for(move |command, _| {
        let text = format!("redis_mode:standalone\r\nrole:{role}\r\naof_enabled:1\r\n");
        (command == "INFO").then(|| info(&text))
    })
}

#[test]
fn one_of_two_masters_is_refused() {
    for role in ["active-replica", "multi-master"] {
        let why = not_safe(&with_role(role));
        assert!(why.contains("several masters"), "{role}: {why}");
    }
}

#[test]
fn a_replica_by_any_name_is_refused() {
    for role in ["slave", "replica"] {
        let why = not_safe(&with_role(role));
        assert!(why.contains("connect to the primary"), "{role}: {why}");
    }
    let (store, logged) = journal::of(|| RedisStore::connect(with_role("master").url()));
    store.expect("a connection");
    assert_eq!(logged, [""; 0]);
}

/// Messages of servers, proxies and services, whose quotes of the command are not passed on.
#[test]
fn a_server_without_scripts_is_named() {
    for answer in [
        "-ERR unknown command 'EVALSHA'\r\n",
        "-ERR unknown command `evalsha`, with args beginning with: `canary7Qz` `OOM` \r\n",
        "-ERR unknown command 'EVALSHA', with args beginning with: 'canary7Qz' 'GET' \r\n",
        "-ERR unsupported command 'evalsha'\r\n",
        "-ERR handle request, command 'EVALSHA' is not allowed\r\n",
        "-ERR Command is not available: 'EVALSHA'. See https://canary7Qz.example\r\n",
        "-ERR command EVALSHA not support your account\r\n",
    ] {
        let why = configuration(&Fake::but_for(move |command, _| {
            (command == "EVALSHA").then(|| answer.to_owned())
        }));
        assert!(
            why.contains("does not support `EVALSHA`"),
            "{answer}: {why}"
        );
        assert!(why.contains("PERSIST, EVAL and EVALSHA"), "{why}");
        assert!(!why.contains("canary7Qz"), "{why}");
    }
}

#[test]
fn scripts_must_work_without_their_cache() {
    let why = configuration(&Fake::but_for(|command, _| match command {
        "EVALSHA" => Some("-NOSCRIPT No matching script\r\n".to_owned()),
        "EVAL" => Some("-ERR unknown command 'EVAL'\r\n".to_owned()),
        _ => None,
    }));
    assert!(why.contains("does not support `EVAL`"), "{why}");
}

#[test]
fn a_command_missing_in_scripts_is_named() {
    for answer in [
        "-ERR Unknown Redis command called from script script: canary7Qz, on @user_script:2.\r\n",
        "-ERR Error running script: @user_script: 2: Unknown Redis command called from Lua script\r\n",
    ] {
        let why = configuration(&Fake::but_for(move |command, _| {
            (command == "EVALSHA").then(|| answer.to_owned())
        }));
        assert!(why.contains("renamed"), "{why}");
        assert!(!why.contains("canary7Qz"), "{why}");
    }
}

/// A proxy that hangs up on unknown commands looks like a server that restarts.
#[test]
fn a_command_that_ends_the_connection_is_named() {
    for odd in ["INFO", "CONFIG", "EVALSHA"] {
        let fake = Fake::start(move |_, words| match words[0].as_str() {
            command if command == odd => None,
            command => usual(command),
        });
        let why = configuration(&fake);
        let named = format!("hangs up on `{odd}`");
        assert!(
            why.contains(&named) && why.contains("proxy"),
            "{odd}: {why}"
        );
    }
    let fake = Fake::start(|_, words| match words[0].as_str() {
        "SELECT" => None,
        command => usual(command),
    });
    let error = RedisStore::connect(format!("{}/1", fake.url())).expect_err("an error");
    assert!(error.to_string().contains("`SELECT`"), "{error}");
}

#[test]
fn a_server_that_always_hangs_up_is_worth_a_retry() {
    let fake = Fake::start(|_, _| None);
    let error = RedisStore::connect(fake.url()).expect_err("an error");
    assert!(error.remedy() == Remedy::Retry, "{error:?}");
    assert!(error.to_string().contains("restarting"), "{error}");
}

/// Services hide their settings; a store works there, with a warning.
#[test]
fn a_service_that_hides_its_settings_works() {
    let fake = Fake::but_for(|command, _| {
        ["INFO", "CONFIG"]
            .contains(&command)
            .then(|| format!("-ERR unknown command '{command}'\r\n"))
    });
    let (store, logged) = journal::of(|| RedisStore::connect(fake.url()));
    store.expect("a connection");
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert!(
        logged[0].contains("cannot read all of its settings"),
        "{logged:?}"
    );
}

#[test]
fn a_sentinel_is_named_whatever_it_refuses() {
    let sentinel = || {
        Fake::start(|_, words| {
            Some(match words[0].as_str() {
                "INFO" => info("redis_version:7.0.15\r\nredis_mode:sentinel\r\n"),
                "AUTH" => "-ERR AUTH <password> called without any password configured\r\n".into(),
                other => format!("-ERR unknown command '{other}'\r\n"),
            })
        })
    };
    let port = sentinel().port();
    let urls = ["", ":canary7Qz@", "ada:canary7Qz@"].map(|user| format!("{user}127.0.0.1:{port}"));
    for url in urls
        .iter()
        .flat_map(|url| [url.clone(), format!("{url}/1")])
    {
        match RedisStore::connect(format!("redis://{url}")) {
            Err(Error::Configuration { message: why, .. }) => {
                assert!(why.contains("is a Sentinel"), "{why}");
            }
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[test]
fn an_unneeded_password_is_named() {
    for answer in [
        "-ERR Client sent AUTH, but no password is set\r\n",
        "-ERR Client sent AUTH, but no username-password pair is set\r\n",
        "-ERR AUTH <password> called without any password configured for the default user.\r\n",
    ] {
        let fake = Fake::but_for(move |command, _| (command == "AUTH").then(|| answer.to_owned()));
        let url = format!("redis://:canary7Qz@127.0.0.1:{}", fake.port());
        let error = RedisStore::connect(&url).expect_err("an error");
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
        assert!(error.to_string().contains("has no password"), "{error}");
    }
    let answer = "-ERR wrong number of arguments for 'auth' command\r\n";
    let fake = Fake::but_for(move |command, _| (command == "AUTH").then(|| answer.to_owned()));
    let url = format!("redis://ada:canary7Qz@127.0.0.1:{}", fake.port());
    let error = RedisStore::connect(&url).expect_err("an error");
    assert!(error.to_string().contains("older than 6"), "{error}");
}

#[test]
fn the_database_can_be_a_parameter() {
    let selected = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&selected);
    let fake = Fake::but_for(move |command, words| {
        if command == "SELECT" {
            seen.store(words[1].parse().expect("a number"), Ordering::SeqCst);
        }
        None
    });
    // Parameters of other clients have no effect here.
    for query in ["?db=7", "/7", "/7?timeout=5&protocol=3", "?protocol=3&db=7"] {
        selected.store(0, Ordering::SeqCst);
        RedisStore::connect(format!("{}{query}", fake.url())).expect("a connection");
        assert_eq!(selected.load(Ordering::SeqCst), 7, "{query}");
    }
}

/// A proxy or a service may end the login and leave the connection.
#[test]
fn an_ended_login_is_repeated() {
    let fake = Fake::start(|number, words| match words[0].as_str() {
        // The first connection is logged in while the store connects, and no longer.
        "PERSIST" | "GET" if number == 1 => Some("-NOAUTH Authentication required.\r\n".into()),
        command => usual(command),
    });
    let store = RedisStore::connect(fake.url()).expect("a connection");
    let identity = Identity::new("test").with("username", "ada");
    assert_eq!(fake.visits(), 1);
    for _ in 0..2 {
        assert_eq!(store.load(&identity).expect("a response"), None);
        assert_eq!(fake.visits(), 2);
    }
}
