//! Passwords that change: read for each connection, and never shown.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::clock::{Clock, SystemClock};
use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::Store;
use auth_core::{Secret, secret};
use auth_store_redis::{Error, RedisStore, RedisStoreBuilder, Result};
use services::journal;

use crate::fake::{Fake, usual};

/// A server whose password is `right`, and which ends every connection when that changes.
struct Guarded {
    fake: Fake,
    right: Arc<Mutex<String>>,
}

impl Guarded {
    fn start() -> Self {
        let right = Arc::new(Mutex::new("canary7Qz-1".to_owned()));
        let now = Arc::clone(&right);
        let used = Mutex::new(std::collections::HashMap::new());
        let fake = Fake::start(move |connection, words| {
            let now = now.lock().expect("no panic").clone();
            let mut used = used.lock().expect("no panic");
            if words[0] == "AUTH" {
                let given = words.last().expect("a password").clone();
                if given != now {
                    return Some("-WRONGPASS invalid username-password pair\r\n".into());
                }
                used.insert(connection, given);
            }
            (used.get(&connection) == Some(&now)).then(|| usual(&words[0]))?
        });
        Self { fake, right }
    }

    /// Another password, and no connection with the old one.
    fn change(&self, to: &str) {
        *self.right.lock().expect("no panic") = to.to_owned();
    }

    fn builder(&self) -> RedisStoreBuilder {
        RedisStore::builder(format!("redis://ada@127.0.0.1:{}", self.fake.port()))
            .timeout(Duration::from_secs(600))
    }

    /// The passwords that are right, one after the other, and how often they were read.
    fn asked(&self) -> (impl Fn() -> Result<Secret> + use<>, Arc<AtomicUsize>) {
        let (right, count) = (Arc::clone(&self.right), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&count);
        let ask = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(Secret::new(right.lock().expect("no panic").as_str()))
        };
        (ask, count)
    }
}

fn ada() -> Identity {
    Identity::new("test").with("username", "ada")
}

#[track_caller]
fn unavailable(error: &Error) -> String {
    let unavailable = matches!(
        error,
        Error::Store {
            failure: StoreFailure::Unavailable,
            ..
        }
    );
    assert!(unavailable, "{error:?}");
    assert!(!format!("{error} {error:?}").contains("canary7Qz"));
    error.to_string()
}

#[test]
fn each_connection_reads_its_password() {
    let server = Guarded::start();
    let (ask, count) = server.asked();
    let (store, logged) = journal::of(|| server.builder().password(secret::from_fn(ask)).connect());
    let store = store.expect("a connection");
    assert_eq!(logged, [""; 0]);
    for change in 1..=3 {
        assert_eq!(count.load(Ordering::SeqCst), change, "once a connection");
        assert_eq!(store.load(&ada()).expect("a response"), None);
        assert_eq!(store.load(&ada()).expect("a response"), None);
        server.change(&format!("canary7Qz-{change}-more"));
        assert_eq!(store.load(&ada()).expect("a response"), None);
    }
    let shown = format!(
        "{store:?} {:?}",
        server.builder().password(secret::from_fn(server.asked().0))
    );
    assert!(!shown.contains("canary7Qz"), "{shown}");
}

#[test]
fn the_last_password_that_was_set_counts() {
    let server = Guarded::start();
    let builder = server.builder().password(Secret::new("canary7Qz-wrong"));
    assert!(
        builder
            .clone()
            .password(secret::from_fn(server.asked().0))
            .connect()
            .is_ok()
    );
    let read = builder.password(secret::from_fn(|| Ok(Secret::new("canary7Qz-wrong"))));
    let fixed = read.password(Secret::new("canary7Qz-1"));
    assert!(fixed.connect().is_ok());
}

#[test]
fn an_unreadable_password_is_an_error_of_the_store() {
    let server = Guarded::start();
    let down = Arc::new(AtomicUsize::new(1));
    let is_down = Arc::clone(&down);
    let right = Arc::clone(&server.right);
    let builder = server.builder().password(secret::from_fn(move || {
        if is_down.load(Ordering::SeqCst) == 1 {
            return Err(Error::configuration("no role is attached"));
        }
        Ok(Secret::new(right.lock().expect("no panic").as_str()))
    }));
    let error = builder.clone().connect().expect_err("an error");
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    let why = error.to_string();
    assert!(why.contains("`password`"), "{why}");
    assert!(why.contains("no role is attached"), "{why}");
    assert_eq!(server.fake.visits(), 0, "no connection without a password");

    down.store(0, Ordering::SeqCst);
    let store = builder.connect().expect("a connection");
    down.store(1, Ordering::SeqCst);
    assert_eq!(store.load(&ada()).expect("a response"), None);
    server.change("canary7Qz-2");
    let why = unavailable(&store.load(&ada()).expect_err("an error"));
    assert!(why.contains("`password`"), "{why}");
    down.store(0, Ordering::SeqCst);
    assert_eq!(store.load(&ada()).expect("a response"), None);
}

#[test]
fn after_a_refusal_the_next_call_reads_again() {
    let server = Guarded::start();
    let given = Arc::new(Mutex::new("canary7Qz-1"));
    let give = Arc::clone(&given);
    let ask = move || Ok(Secret::new(*give.lock().expect("no panic")));
    let builder = server.builder().password(secret::from_fn(ask));
    let store = builder.clone().connect().expect("a connection");
    server.change("canary7Qz-2");
    for _ in 0..2 {
        let why = unavailable(&store.load(&ada()).expect_err("an error"));
        assert!(why.contains("from `password`"), "{why}");
    }
    // While connecting, a setting is wrong; later, the next password may work.
    let error = builder.connect().expect_err("an error");
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    *given.lock().expect("no panic") = "canary7Qz-2";
    assert_eq!(store.load(&ada()).expect("a response"), None);
}

#[test]
fn a_late_password_is_named() {
    let server = Guarded::start();
    let limit = Duration::from_millis(20);
    let slow = secret::from_fn(move || {
        SystemClock::new().sleep(limit);
        Ok(Secret::new("canary7Qz-1"))
    });
    let builder = server.builder().timeout(limit).password(slow);
    let why = unavailable(&builder.connect().expect_err("an error"));
    assert!(why.contains("reading `password` took"), "{why}");
}

#[test]
fn a_changed_fixed_password_names_the_setting() {
    let server = Guarded::start();
    let builder = server.builder().password(Secret::new("canary7Qz-1"));
    let store = builder.connect().expect("a connection");
    server.change("canary7Qz-2");
    let why = unavailable(&store.load(&ada()).expect_err("an error"));
    assert!(why.contains("`password`"), "{why}");
}
