//! The SQL: one statement per step, each a transaction of its own.
//!
//! A pooler in transaction mode gives every transaction another session of the server, so nothing is prepared by name and
//! nothing is set for a session. Secrets are parameters, never part of a statement's text, which servers log and show.

use std::borrow::Cow;

use auth_core::grant::Identity;
use auth_core::store::Record;
use auth_core::{Error, Result};
use sha2::{Digest, Sha256};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, Type};

use crate::failure::{Failure, Outcome};

/// The statements on one table.
#[derive(Debug)]
pub(crate) struct Statements {
    table: String,
    create: String,
    load: String,
    first: String,
    swap: String,
}

/// State of the server and its table.
#[derive(Debug)]
pub(crate) struct Found {
    /// The table exists; without it, `survives_a_crash` and `may_be_used` are `false`.
    pub(crate) table: bool,
    pub(crate) survives_a_crash: bool,
    pub(crate) may_be_used: bool,
    /// The server syncs its disk.
    pub(crate) synced: bool,
}

impl Statements {
    /// For a table of this name, in this schema or else in the first of the search path.
    pub(crate) fn new(schema: Option<&str>, table: &str) -> Result<Self> {
        let table = match schema {
            Some(schema) => format!("{}.{}", quoted("schema", schema)?, quoted("table", table)?),
            None => quoted("table", table)?,
        };
        Ok(Self {
            // Compared by bytes, so no change of the system's collations can break the index.
            create: format!(
                "CREATE TABLE IF NOT EXISTS {table} (\
                 identity text COLLATE \"C\" PRIMARY KEY, \
                 record bytea NOT NULL, \
                 changed timestamptz NOT NULL DEFAULT now())"
            ),
            load: format!(
                "SELECT pg_is_in_recovery(), (SELECT record FROM {table} WHERE identity = $1)"
            ),
            first: format!(
                "INSERT INTO {table} AS kept (identity, record) VALUES ($1, $2) \
                 ON CONFLICT (identity) DO UPDATE SET record = excluded.record, changed = now() \
                 WHERE kept.record = excluded.record RETURNING {DURABLE}"
            ),
            swap: format!(
                "UPDATE {table} SET record = $3, changed = now() \
                 WHERE identity = $1 AND record IN ($2, $3) RETURNING {DURABLE}"
            ),
            table,
        })
    }

    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    pub(crate) async fn look(&self, client: &Client) -> Outcome<Found> {
        let row = client
            .query_typed_one(LOOK, &[(&self.table, Type::TEXT)])
            .await?;
        let column = |at| row.try_get::<_, Option<bool>>(at);
        let table = column(0)?;
        Ok(Found {
            table: table.is_some(),
            survives_a_crash: table.unwrap_or_default(),
            may_be_used: column(1)?.unwrap_or_default(),
            synced: column(2)?.unwrap_or_default(),
        })
    }

    /// Creates the table, unless another process just has.
    pub(crate) async fn create(&self, client: &Client) -> Outcome<()> {
        // `IF NOT EXISTS` looks before it locks, so of two processes that create at once, one may fail on the
        // catalogue's own unique index.
        const CREATED_BY_ANOTHER: [SqlState; 3] = [
            SqlState::DUPLICATE_TABLE,
            SqlState::DUPLICATE_OBJECT,
            SqlState::UNIQUE_VIOLATION,
        ];
        match client.execute_typed(&self.create, &[]).await {
            Err(error)
                if error
                    .code()
                    .is_some_and(|code| CREATED_BY_ANOTHER.contains(code)) =>
            {
                Ok(())
            }
            created => Ok(created.map(drop)?),
        }
    }

    pub(crate) async fn load(
        &self,
        client: &Client,
        identity: &Identity,
    ) -> Outcome<Option<Record>> {
        let row = client
            .query_typed_one(&self.load, &[(&key(identity), Type::TEXT)])
            .await?;
        // A standby lags behind, and a pooler may lead to one at any time.
        if row.try_get(0)? {
            return Err(Failure::read_only());
        }
        let record: Option<Bytes<'_>> = row.try_get(1).map_err(|_| Failure::other_columns())?;
        Ok(record.map(|record| Record::from_bytes(record.0.to_vec())))
    }

    /// Returns the number of rows that hold `record` now: one, or zero if another record is current.
    ///
    /// A record that is current already is written again instead of read: the write waits for other writers, sees their
    /// result, and is durable when the server responds.
    pub(crate) async fn swap(
        &self,
        client: &Client,
        identity: &Identity,
        expected: Option<&[u8]>,
        record: &[u8],
    ) -> Outcome<u64> {
        let identity = key(identity);
        let rows = match expected {
            None => {
                let parameters: Parameters<'_, 2> =
                    [(&identity, Type::TEXT), (&record, Type::BYTEA)];
                client.execute_typed(&self.first, &parameters).await?
            }
            Some(expected) => {
                let parameters: Parameters<'_, 3> = [
                    (&identity, Type::TEXT),
                    (&expected, Type::BYTEA),
                    (&record, Type::BYTEA),
                ];
                client.execute_typed(&self.swap, &parameters).await?
            }
        };
        Ok(rows)
    }
}

type Parameters<'a, const N: usize> = [(&'a (dyn tokio_postgres::types::ToSql + Sync), Type); N];

/// A column of bytes and of no other type.
struct Bytes<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Bytes<'a> {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::BYTEA
    }
}

/// Returns an identity as the table's key. An index entry is at most a third of a page, so a longer identity ends in its
/// digest; it stays longer than any that is kept as it is, so the two cannot be equal.
fn key(identity: &Identity) -> Cow<'_, str> {
    let text = identity.as_str();
    if text.len() <= LONGEST_KEY {
        return Cow::Borrowed(text);
    }
    let digest = Sha256::digest(text.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let head: String = text.chars().take(LONGEST_KEY).collect();
    Cow::Owned(format!("{head} sha256 {digest}"))
}

/// Quotes any name for SQL.
fn quoted(setting: &str, name: &str) -> Result<String> {
    // The server cuts longer names, and two tables would become one.
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains('\0') {
        return Err(Error::configuration(format!(
            "`{setting}` must be a name of 1 to {LONGEST_NAME} bytes"
        )));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// Evaluated for the written row, within its transaction and before its commit: whatever the server, the database or the
/// role has set, this commit waits until it is on disk, there and on every synchronous standby.
const DURABLE: &str = "CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') \
    THEN set_config('synchronous_commit', 'on', true) END";

const LOOK: &str = "SELECT c.relpersistence = 'p', \
    has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') \
    AND has_table_privilege(c.oid, 'UPDATE'), \
    current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' \
    FROM (SELECT) AS one LEFT JOIN pg_class AS c ON c.oid = to_regclass($1)";

/// The longest key that is not shortened, in bytes.
const LONGEST_KEY: usize = 1000;
/// The longest name of a table or schema, in bytes (PostgreSQL's `NAMEDATALEN`, less one).
const LONGEST_NAME: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_quoted() {
        let statements = Statements::new(Some("My Schema"), r#"lo"gins; --"#).unwrap();
        assert_eq!(statements.table(), r#""My Schema"."lo""gins; --""#);
        assert!(
            statements
                .swap
                .starts_with(r#"UPDATE "My Schema"."lo""gins; --" SET"#)
        );
    }

    #[test]
    fn a_name_that_the_server_would_cut_is_refused() {
        assert!(Statements::new(None, &"t".repeat(63)).is_ok());
        for name in ["", "a\0b", &"t".repeat(64), &"é".repeat(32)] {
            let error = Statements::new(None, name).unwrap_err();
            assert!(error.to_string().contains("`table`"), "{error}");
            assert!(Statements::new(Some(name), "logins").is_err());
        }
    }

    #[test]
    fn long_identities_have_keys_that_fit_an_index() {
        let long = |letter: &str| Identity::new(&format!("{}{letter}", "x".repeat(1000)));
        let longest = Identity::new(&"x".repeat(1000));
        assert_eq!(key(&longest), longest.as_str());
        assert_ne!(key(&long("a")), key(&long("b")));
        for length in [1001, 2000, 100_000] {
            let key = key(&Identity::new(&"x".repeat(length))).into_owned();
            assert!((1001..1100).contains(&key.len()), "{}", key.len());
        }
    }
}
