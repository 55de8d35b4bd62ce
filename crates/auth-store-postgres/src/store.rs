//! The store: its statements, and the meaning of their results.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use auth_core::Result;
use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::{Record, Store, SwapOutcome};
use tokio_postgres::Client;

use crate::builder::PostgresStoreBuilder;
use crate::failure::Failure;
use crate::line::Line;
use crate::statements::{Found, Statements};

/// Logins in a table of PostgreSQL; clones share one connection.
///
/// ```no_run
/// use auth_store_postgres::PostgresStore;
///
/// let store = PostgresStore::connect("postgres://app:s3cret@db.example.com/app")?;
/// # Ok::<(), auth_store_postgres::Error>(())
/// ```
///
/// Statements of several threads run one after the other. Each is a single row found by its key, so a thread waits for
/// milliseconds, and no longer than [`timeout`](Store::timeout). Async code can use a store, too: it blocks there, and does
/// not panic.
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    line: Line,
    statements: Statements,
}

impl PostgresStore {
    /// Connects with a connection string of PostgreSQL, and creates the table if it is missing.
    ///
    /// Both forms are supported, `postgres://user:password@host/database` and `host=… user=… password=…`, with the
    /// parameters of providers and other clients that the README lists. [`builder`](Self::builder) has more settings.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if a setting is wrong, the user or the table included;
    /// [`Error::Store`](crate::Error::Store) if the server cannot be reached, or must not be used because it is a standby
    /// or its certificate is wrong.
    pub fn connect(connection: impl Into<String>) -> Result<Self> {
        Self::builder(connection).connect()
    }

    /// Returns the settings of a store, to be changed before [`connect`](PostgresStoreBuilder::connect).
    pub fn builder(connection: impl Into<String>) -> PostgresStoreBuilder {
        PostgresStoreBuilder::new(connection.into())
    }

    /// Checks that the server and the table can be used.
    pub(crate) fn over(line: Line, statements: Statements) -> Result<Self> {
        let store = Self(Arc::new(Inner { line, statements }));
        let mut found = store.look()?;
        if !found.table {
            store.create_table()?;
            found = store.look()?;
        }
        found.check()?;
        // The first load shows whether the columns exist.
        store.load(&Identity::new("auth-store-postgres"))?;
        Ok(store)
    }

    fn look(&self) -> Result<Found> {
        let Inner { line, statements } = &*self.0;
        line.run(async |client: &Client| statements.look(client).await)
    }

    /// Creates the table. Many processes may do so at once: that another was faster is not a failure.
    fn create_table(&self) -> Result<()> {
        let Inner { line, statements } = &*self.0;
        line.run(async |client: &Client| statements.create(client).await)
    }
}

impl Store for PostgresStore {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        let Inner { line, statements } = &*self.0;
        line.run(async |client: &Client| statements.load(client, identity).await)
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let Inner { line, statements } = &*self.0;
        let expected = expected.map(Record::expose);
        let rows = line.run(async |client: &Client| {
            statements
                .swap(client, identity, expected, record.expose())
                .await
        })?;
        Ok(match rows {
            0 => SwapOutcome::Conflict,
            _ => SwapOutcome::Stored,
        })
    }

    fn timeout(&self) -> Duration {
        self.0.line.timeout()
    }
}

impl Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("table", &self.0.statements.table())
            .field("timeout", &self.timeout())
            .finish_non_exhaustive()
    }
}

impl Found {
    /// Returns an error for what is not safe, and logs a warning for what only an administrator can judge.
    fn check(&self) -> Result<()> {
        if !self.table {
            return Err(auth_core::Error::store(
                StoreFailure::Unavailable,
                "the table was created and is missing again; another program drops it",
            ));
        }
        if !self.survives_a_crash {
            return Err(auth_core::Error::store(
                StoreFailure::Unsafe,
                "the table is unlogged or temporary, so a crash would empty it; run `ALTER TABLE … SET LOGGED`",
            ));
        }
        if !self.may_be_used {
            return Err(Failure::permission().into());
        }
        if !self.synced {
            log::warn!(
                "PostgreSQL runs with `fsync` or `full_page_writes` off: a power cut can bring a \
                 spent refresh token back; switch both on"
            );
        }
        Ok(())
    }
}
