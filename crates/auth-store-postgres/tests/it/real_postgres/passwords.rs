//! Passwords that change: asked for with each connection, and never shown.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::Error;
use auth_core::clock::{Clock, SystemClock};
use auth_core::error::StoreFailure;
use auth_core::store::{Store, SwapOutcome};
use auth_store_postgres::{Builder, PostgresStore};
use tokio::runtime;

use super::{Database, assert_failure, record, who};

/// A role whose password changes, and what its issuer says the password is.
struct Turning {
    database: Database,
    issued: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Turning {
    /// The name is that of the role and of a database, and must be no other test's.
    fn new(name: &str) -> Self {
        let database = Database::new(name);
        database.may_need_passwords();
        database.sql(&format!(
            "CREATE ROLE {name} LOGIN SUPERUSER PASSWORD 'canary-0' IN ROLE with_password"
        ));
        Self {
            database,
            issued: Arc::new(Mutex::new("canary-0".to_owned())),
            asked: Arc::default(),
        }
    }

    fn plain(&self) -> Builder {
        PostgresStore::builder(self.database.url_of(self.database.name()))
    }

    fn builder(&self) -> Builder {
        let (issued, asked) = (Arc::clone(&self.issued), Arc::clone(&self.asked));
        self.plain().password_with(move || {
            asked.fetch_add(1, Ordering::SeqCst);
            Ok(issued.lock().unwrap().as_str().into())
        })
    }

    /// The server has another password, and ends the connections that were made with the old one.
    fn turn(&self, password: &str) {
        let role = self.database.name();
        self.database
            .sql(&format!("ALTER ROLE {role} PASSWORD '{password}'"));
        self.database.terminate();
    }

    fn issue(&self, password: &str) {
        *self.issued.lock().unwrap() = password.to_owned();
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
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
        assert_eq!(turning.asked(), turn, "once a connection");
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
        assert_failure(&error, StoreFailure::Unavailable, "`password_with` gave");
        assert!(error.to_string().contains("28P01"), "{error}");
        not_shown(&error);
    }
    // Who connects has a setting to correct.
    let error = turning.builder().connect().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    not_shown(&error);
    turning.issue("canary-1");
    assert_eq!(store.load(&jane).unwrap(), None);
}

#[test]
fn an_unreadable_password_is_an_error_of_the_store() {
    let turning = Turning::new("turning_denied");
    let none = || Err(Error::configuration("no role is attached"));
    let error = turning.plain().password_with(none).connect().unwrap_err();
    assert_failure(&error, StoreFailure::Unavailable, "no role is attached");
    assert!(error.to_string().contains("`password_with`"), "{error}");

    let issued = Arc::clone(&turning.issued);
    let builder = turning
        .plain()
        .password_with(move || match issued.lock().unwrap().as_str() {
            "" => Err(Error::configuration("no role is attached")),
            password => Ok(password.into()),
        });
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
    let wrong = || Ok("canary-wrong".into());
    let fixed = turning.plain().password_with(wrong).password("canary-0");
    assert!(fixed.connect().is_ok());
    let asked = turning.builder().password("canary-wrong");
    let error = asked.connect().unwrap_err();
    assert!(error.to_string().contains("`password_with`"), "{error}");
    not_shown(&error);
    assert_eq!(turning.asked(), 0);
}

#[test]
fn a_late_password_is_named() {
    let turning = Turning::new("turning_slow");
    let limit = Duration::from_millis(200);
    let slow = turning.plain().timeout(limit).password_with(move || {
        SystemClock::new().sleep(limit);
        Ok("canary-0".into())
    });
    let error = slow.connect().unwrap_err();
    assert_failure(&error, StoreFailure::Unavailable, "`password_with` took");
}

/// As the clients of clouds have, which are asynchronous.
#[test]
fn the_closure_can_have_its_own_runtime() {
    let turning = Turning::new("turning_nested");
    let issued = Arc::clone(&turning.issued);
    let builder = turning.plain().password_with(move || {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        Ok(runtime.block_on(async { issued.lock().unwrap().as_str().into() }))
    });
    let store = builder.connect().unwrap();
    let outer = runtime::Builder::new_current_thread().build().unwrap();
    outer.block_on(async {
        turning.database.terminate();
        assert_eq!(store.load(&who("jane")).unwrap(), None);
    });
}
