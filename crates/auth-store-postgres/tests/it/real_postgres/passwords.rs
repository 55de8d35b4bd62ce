//! Passwords that change: read for each connection, and never shown.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::clock::{Clock, SystemClock};
use auth_core::error::StoreFailure;
use auth_core::store::{Store, SwapOutcome};
use auth_core::{Error, Secret, secret};
use auth_store_postgres::{PostgresStore, PostgresStoreBuilder};
use tokio::runtime;

use super::{Database, assert_failure, record, who};

/// A role whose password changes, and the password that its issuer returns.
struct Turning {
    database: Database,
    issued: Arc<Mutex<String>>,
    readings: Arc<AtomicUsize>,
}

impl Turning {
    /// The name of the role and of a database, which no other test may use.
    fn new(name: &str) -> Self {
        let database = Database::new(name);
        database.may_need_passwords();
        database.sql(&format!(
            "CREATE ROLE {name} LOGIN SUPERUSER PASSWORD 'canary-0' IN ROLE with_password"
        ));
        Self {
            database,
            issued: Arc::new(Mutex::new("canary-0".to_owned())),
            readings: Arc::default(),
        }
    }

    fn plain(&self) -> PostgresStoreBuilder {
        PostgresStore::builder(self.database.url_of(self.database.name()))
    }

    fn builder(&self) -> PostgresStoreBuilder {
        let (issued, readings) = (Arc::clone(&self.issued), Arc::clone(&self.readings));
        self.plain().password(secret::from_fn(move || {
            readings.fetch_add(1, Ordering::SeqCst);
            Ok(Secret::new(issued.lock().unwrap().as_str()))
        }))
    }

    /// Sets another password at the server, and ends the connections that were made with the old one.
    fn turn(&self, password: &str) {
        let role = self.database.name();
        self.database
            .sql(&format!("ALTER ROLE {role} PASSWORD '{password}'"));
        self.database.terminate();
    }

    fn issue(&self, password: &str) {
        *self.issued.lock().unwrap() = password.to_owned();
    }

    fn readings(&self) -> usize {
        self.readings.load(Ordering::SeqCst)
    }
}

#[track_caller]
fn not_shown(error: &Error) {
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn each_connection_reads_its_password() {
    let turning = Turning::new("turning_turning");
    let store = turning.builder().connect().unwrap();
    let jane = who("jane");
    let mut current = None;
    for turn in 1..=3 {
        assert_eq!(turning.readings(), turn, "once a connection");
        let password = format!("canary-{turn}");
        turning.turn(&password);
        turning.issue(&password);
        let next = record(&turn.to_string());
        let swap = store.swap(&jane, current.as_ref(), &next);
        assert_eq!(swap.unwrap(), SwapOutcome::Stored);
        assert_eq!(store.load(&jane).unwrap(), Some(next.clone()));
        current = Some(next);
    }
    let shown = format!("{store:?} {:?}", turning.builder());
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!crate::logs::all().contains("canary-3"));
}

#[test]
fn after_a_refusal_the_next_call_reads_again() {
    let turning = Turning::new("turning_refused");
    let (store, jane) = (turning.builder().connect().unwrap(), who("jane"));
    turning.turn("canary-1");
    for _ in 0..2 {
        let error = store.load(&jane).unwrap_err();
        assert_failure(&error, StoreFailure::Unavailable, "from `password`");
        assert!(error.to_string().contains("28P01"), "{error}");
        not_shown(&error);
    }
    // While connecting, a setting is wrong.
    let error = turning.builder().connect().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    not_shown(&error);
    turning.issue("canary-1");
    assert_eq!(store.load(&jane).unwrap(), None);
}

#[test]
fn an_unreadable_password_is_an_error_of_the_store() {
    let turning = Turning::new("turning_denied");
    let none = secret::from_fn(|| Err(Error::configuration("no role is attached")));
    let error = turning.plain().password(none).connect().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    for part in ["`password`", "no role is attached"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let none = secret::from_fn(|| Err(Error::store(StoreFailure::Unavailable, "no vault")));
    let error = turning.plain().password(none).connect().unwrap_err();
    assert_failure(&error, StoreFailure::Unavailable, "no vault");

    let issued = Arc::clone(&turning.issued);
    let source = secret::from_fn(move || match issued.lock().unwrap().as_str() {
        "" => Err(Error::configuration("no role is attached")),
        password => Ok(Secret::new(password)),
    });
    let builder = turning.plain().password(source);
    let store = builder.connect().unwrap();
    turning.turn("canary-1");
    turning.issue("");
    let error = store.load(&who("jane")).unwrap_err();
    assert_failure(&error, StoreFailure::Unavailable, "no role is attached");
    turning.issue("canary-1");
    assert_eq!(store.load(&who("jane")).unwrap(), None);
}

#[test]
fn the_last_password_that_was_set_counts() {
    let turning = Turning::new("turning_chosen");
    let wrong = secret::from_fn(|| Ok(Secret::new("canary-wrong")));
    let right = turning
        .plain()
        .password(wrong)
        .password(Secret::new("canary-0"));
    assert!(right.connect().is_ok());
    let wrong = turning.builder().password(Secret::new("canary-wrong"));
    let error = wrong.connect().unwrap_err();
    assert!(error.to_string().contains("`password`"), "{error}");
    not_shown(&error);
    assert_eq!(turning.readings(), 0);
}

#[test]
fn a_late_password_is_named() {
    let turning = Turning::new("turning_slow");
    let limit = Duration::from_millis(200);
    let slow = secret::from_fn(move || {
        SystemClock::new().sleep(limit);
        Ok(Secret::new("canary-0"))
    });
    let builder = turning.plain().timeout(limit).password(slow);
    let error = builder.connect().unwrap_err();
    assert_failure(&error, StoreFailure::Unavailable, "reading `password` took");
}

/// The clients of cloud providers have one, because they are asynchronous.
#[test]
fn the_closure_can_have_its_own_runtime() {
    let turning = Turning::new("turning_nested");
    let issued = Arc::clone(&turning.issued);
    let source = secret::from_fn(move || {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        Ok(runtime.block_on(async { Secret::new(issued.lock().unwrap().as_str()) }))
    });
    let builder = turning.plain().password(source);
    let store = builder.connect().unwrap();
    let outer = runtime::Builder::new_current_thread().build().unwrap();
    outer.block_on(async {
        turning.database.terminate();
        assert_eq!(store.load(&who("jane")).unwrap(), None);
    });
}
