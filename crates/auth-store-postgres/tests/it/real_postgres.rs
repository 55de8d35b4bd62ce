//! The tests that need PostgreSQL, and their server.

mod creating;
mod durable;
mod losing;
mod passwords;
mod pooler;
mod promises;
mod proxy;
mod refusing;
#[cfg(feature = "tls")]
mod tls;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use auth_core::Error;
use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::Record;
use auth_store_postgres::{PostgresStore, PostgresStoreBuilder};
use services::{Postgres, started};

/// A database of one test in a server that all tests share.
pub(crate) struct Database {
    server: Arc<Postgres>,
    name: String,
}

impl Database {
    /// No other test may use the name.
    pub(crate) fn new(name: &str) -> Self {
        crate::logs::keep();
        let server = shared();
        server.sql(&format!("CREATE DATABASE {name}"));
        Self {
            server,
            name: name.to_owned(),
        }
    }

    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    pub(crate) fn url_of(&self, user: &str) -> String {
        let url = self.server.url_of(user, &self.name);
        format!("{url}?application_name={}", self.name)
    }

    pub(crate) fn store(&self) -> PostgresStore {
        PostgresStore::connect(self.url()).unwrap()
    }

    pub(crate) fn builder(&self) -> PostgresStoreBuilder {
        PostgresStore::builder(self.url())
    }

    pub(crate) fn sql(&self, sql: &str) -> String {
        self.server.sql_in(&self.name, sql)
    }

    /// Creates the role whose members need passwords, unless it exists.
    pub(crate) fn may_need_passwords(&self) {
        self.sql(
            "DO $$ BEGIN CREATE ROLE with_password; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
        );
    }

    /// A session of another program.
    pub(crate) fn beside(&self) -> postgres::Client {
        let url = self.server.url_of("postgres", &self.name);
        postgres::Client::connect(&url, postgres::NoTls).unwrap()
    }

    /// Ends the stores' connections.
    pub(crate) fn terminate(&self) -> usize {
        self.server.terminate(&self.name)
    }

    /// Waits until a query returns this, by the work of other threads.
    pub(crate) fn wait_for(&self, sql: &str, expected: &str) {
        let mut beside = self.beside();
        let seen = (0..200_000).any(|_| {
            let seen: String = beside.query_one(sql, &[]).unwrap().get(0);
            seen == expected
        });
        assert!(seen, "{sql} never was {expected}");
    }

    /// Waits until this many statements of the stores wait for a lock of this kind.
    pub(crate) fn wait_until_waiting(&self, kind: &str, count: usize) {
        let sql = format!("SELECT count(*)::text FROM {}", self.waiting(kind));
        self.wait_for(&sql, &count.to_string());
    }

    /// Ends the connection whose statement waits, and waits until another's does.
    pub(crate) fn terminate_waiting(&self, kind: &str) {
        self.wait_until_waiting(kind, 1);
        let waiting = self.waiting(kind);
        let first = self.sql(&format!("SELECT pid FROM {waiting}"));
        assert_eq!(self.terminate(), 1);
        let others = format!("SELECT count(*)::text FROM {waiting} AND pid <> {first}");
        self.wait_for(&others, "1");
    }

    fn waiting(&self, kind: &str) -> String {
        format!(
            "pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = '{kind}' \
             AND application_name = '{}'",
            self.name
        )
    }

    pub(crate) fn server(&self) -> &Postgres {
        &self.server
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// The running server of other tests, or a new one; it ends with the last test that uses it.
fn shared() -> Arc<Postgres> {
    static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let server = Arc::new(started(Postgres::start()));
    *shared = Arc::downgrade(&server);
    server
}

pub(crate) fn who(name: &str) -> Identity {
    Identity::new("test").with("name", name)
}

pub(crate) fn record(text: &str) -> Record {
    Record::from_bytes(text.as_bytes().to_vec())
}

#[track_caller]
pub(crate) fn assert_failure(error: &Error, expected: StoreFailure, about: &str) {
    assert!(
        matches!(error, Error::Store { failure, .. } if *failure == expected),
        "{error:?}"
    );
    assert!(error.to_string().contains(about), "{error}");
}
