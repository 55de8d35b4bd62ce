//! Passwords that change: asked for with each connection, and never shown.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::Secret;
use auth_core::clock::{Clock, SystemClock};
use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::Store;
use auth_store_redis::{Builder, Error, RedisStore, Result};
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

    fn builder(&self) -> Builder {
        RedisStore::builder(&format!("redis://ada@127.0.0.1:{}", self.fake.port()))
            .timeout(Duration::from_secs(600))
    }

    /// The passwords that are right, one after the other, and how often they were asked for.
    fn asked(&self) -> (impl Fn() -> Result<Secret> + use<>, Arc<AtomicUsize>) {
        let (right, count) = (Arc::clone(&self.right), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&count);
        let ask = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(right.lock().expect("no panic").as_str().into())
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
    let (store, logged) = journal::of(|| server.builder().password_with(ask).connect());
    let store = store.expect("a connection");
    assert_eq!(logged, [""; 0]);
    for change in 1..=3 {
        assert_eq!(count.load(Ordering::SeqCst), change, "once a connection");
        assert_eq!(store.load(&ada()).expect("an answer"), None);
        assert_eq!(store.load(&ada()).expect("an answer"), None);
        server.change(&format!("canary7Qz-{change}-more"));
        assert_eq!(store.load(&ada()).expect("an answer"), None);
    }
    let shown = format!(
        "{store:?} {:?}",
        server.builder().password_with(server.asked().0)
    );
    assert!(!shown.contains("canary7Qz"), "{shown}");
}

#[test]
fn the_last_password_that_was_set_counts() {
    let server = Guarded::start();
    let builder = server.builder().password("canary7Qz-wrong");
    assert!(
        builder
            .clone()
            .password_with(server.asked().0)
            .connect()
            .is_ok()
    );
    let asked = builder.password_with(|| Ok("canary7Qz-wrong".into()));
    assert!(asked.password("canary7Qz-1").connect().is_ok());
}

#[test]
fn an_unreadable_password_is_an_error_of_the_store() {
    let server = Guarded::start();
    let down = Arc::new(AtomicUsize::new(1));
    let is_down = Arc::clone(&down);
    let right = Arc::clone(&server.right);
    let builder = server.builder().password_with(move || {
        if is_down.load(Ordering::SeqCst) == 1 {
            return Err(Error::configuration("no role is attached"));
        }
        Ok(right.lock().expect("no panic").as_str().into())
    });
    let why = unavailable(&builder.clone().connect().expect_err("an error"));
    assert!(why.contains("`password_with`"), "{why}");
    assert!(why.contains("no role is attached"), "{why}");
    assert_eq!(server.fake.visits(), 0, "no connection without a password");

    down.store(0, Ordering::SeqCst);
    let store = builder.connect().expect("a connection");
    down.store(1, Ordering::SeqCst);
    assert_eq!(store.load(&ada()).expect("an answer"), None);
    server.change("canary7Qz-2");
    let why = unavailable(&store.load(&ada()).expect_err("an error"));
    assert!(why.contains("`password_with`"), "{why}");
    down.store(0, Ordering::SeqCst);
    assert_eq!(store.load(&ada()).expect("an answer"), None);
}

#[test]
fn after_a_refusal_the_next_call_reads_again() {
    let server = Guarded::start();
    let given = Arc::new(Mutex::new("canary7Qz-1"));
    let give = Arc::clone(&given);
    let ask = move || Ok((*give.lock().expect("no panic")).into());
    let builder = server.builder().password_with(ask);
    let store = builder.clone().connect().expect("a connection");
    server.change("canary7Qz-2");
    for _ in 0..2 {
        let why = unavailable(&store.load(&ada()).expect_err("an error"));
        assert!(why.contains("`password_with` gave"), "{why}");
    }
    // Who connects has a setting to correct; who is connected waits for the next password.
    let error = builder.connect().expect_err("an error");
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    *given.lock().expect("no panic") = "canary7Qz-2";
    assert_eq!(store.load(&ada()).expect("an answer"), None);
}

#[test]
fn a_late_password_is_named() {
    let server = Guarded::start();
    let limit = Duration::from_millis(20);
    let builder = server.builder().timeout(limit).password_with(move || {
        SystemClock::new().sleep(limit);
        Ok("canary7Qz-1".into())
    });
    let why = unavailable(&builder.connect().expect_err("an error"));
    assert!(why.contains("`password_with` took"), "{why}");
}

#[test]
fn a_changed_fixed_password_names_the_setting() {
    let server = Guarded::start();
    let store = server.builder().password("canary7Qz-1").connect();
    let store = store.expect("a connection");
    server.change("canary7Qz-2");
    let why = unavailable(&store.load(&ada()).expect_err("an error"));
    assert!(why.contains("`password_with`"), "{why}");
}
