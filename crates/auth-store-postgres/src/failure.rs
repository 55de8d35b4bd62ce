//! Errors of the server and the client library, in words of this crate.
//!
//! A message of the server may quote a row, and one of the client the connection string. So neither is passed on: an
//! error is described by its SQLSTATE and its kind alone.

use std::borrow::Cow;
use std::error::Error as _;
use std::io;

use auth_core::Error;
use auth_core::error::StoreFailure;
use tokio_postgres::error::SqlState;

use crate::tls;

/// A failed statement, and the next step.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) next: Next,
}

/// Result of a statement.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// The step after a failure. Every statement can be repeated, since a finished swap returns "stored" again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Open another connection: this one is lost, or leads to the wrong server.
    Reconnect,
    /// Repeat the statement: it collided with another transaction.
    Repeat,
    /// Return the error.
    GiveUp,
    /// Return the error, and drop the connection.
    GiveUpConnection,
}

impl Failure {
    fn new(next: Next, failure: StoreFailure, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            error: Error::store(failure, detail),
            next,
        }
    }

    fn unavailable(next: Next, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(next, StoreFailure::Unavailable, detail)
    }

    /// A setting is wrong until the operator changes it.
    fn setting(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            error: Error::configuration(detail),
            next: Next::GiveUpConnection,
        }
    }

    /// A setting that is wrong now. If it was right once, it may be right again.
    fn of_setting(detail: String, was_right: bool) -> Self {
        match was_right {
            true => Self::unavailable(Next::GiveUpConnection, detail),
            false => Self::setting(detail),
        }
    }

    /// A setting whose value could not be read. The text of the error is the source's.
    pub(crate) fn unread(setting: &str, error: &Error, was_right: bool) -> Self {
        let detail = format!("`{setting}` of the PostgreSQL store cannot be read: {error}");
        let may_pass = was_right || !matches!(error, Error::Configuration { .. });
        Self::of_setting(detail, may_pass)
    }

    pub(crate) fn late_password() -> Self {
        Self::unavailable(
            Next::GiveUpConnection,
            "reading `password` took the whole `timeout` of a load or swap; cache the password while it is \
             valid, or raise `timeout`",
        )
    }

    pub(crate) fn read_only() -> Self {
        Self::new(
            Next::GiveUpConnection,
            StoreFailure::Unsafe,
            "the PostgreSQL server accepts no writes: it is a standby, or \
             `default_transaction_read_only` is on; connect to the primary (or name all of its hosts)",
        )
    }

    pub(crate) fn permission() -> Self {
        Self::setting(
            "PostgreSQL denied a permission; the user needs CONNECT on the database, USAGE on the schema, \
             SELECT, INSERT and UPDATE on the table, and CREATE on the schema if the table is missing",
        )
    }

    pub(crate) fn other_columns() -> Self {
        Self::setting(
            "the table has other columns or no primary key; choose another `table`, or create it as in \
             the README of auth-store-postgres",
        )
    }

    pub(crate) fn closed() -> Self {
        Self::unavailable(
            Next::Reconnect,
            "the connection to PostgreSQL was lost; is the server restarting?",
        )
    }

    fn of_server(state: &SqlState) -> Self {
        let code = shown(state.code());
        match *state {
            SqlState::READ_ONLY_SQL_TRANSACTION => Self::read_only(),
            SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
                Self::unavailable(
                    Next::Repeat,
                    "PostgreSQL is busy with the same row; try again",
                )
            }
            SqlState::INSUFFICIENT_PRIVILEGE => Self::permission(),
            SqlState::UNDEFINED_COLUMN
            | SqlState::DATATYPE_MISMATCH
            | SqlState::UNDEFINED_FUNCTION
            | SqlState::INVALID_COLUMN_REFERENCE
            | SqlState::NOT_NULL_VIOLATION
            | SqlState::WRONG_OBJECT_TYPE => Self::other_columns(),
            SqlState::UNDEFINED_TABLE => Self::new(
                Next::GiveUpConnection,
                StoreFailure::Unsafe,
                "the table is missing, and the logins with it; find out what dropped it, and restart the \
                 program to create it again",
            ),
            SqlState::INVALID_CATALOG_NAME => Self::setting(
                "the database does not exist; check its name in the connection string",
            ),
            SqlState::INVALID_SCHEMA_NAME => {
                Self::setting("the schema does not exist; create it or change `schema`")
            }
            SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => Self::unavailable(
                Next::GiveUp,
                format!(
                    "PostgreSQL canceled the statement{code}; does a transaction hold a lock on the table?"
                ),
            ),
            _ => Self::of_class(state.code(), &code),
        }
    }

    fn of_class(state: &str, code: &str) -> Self {
        match state.get(..2).unwrap_or_default() {
            "28" => Self::setting(format!(
                "PostgreSQL refused the user or the password{code}; check both, and `pg_hba.conf` (for a \
                 password that changes, set `password`)"
            )),
            "53" => Self::unavailable(
                Next::GiveUpConnection,
                format!("PostgreSQL is out of connections, memory or disk{code}; check its log"),
            ),
            // The server stops, starts or was asked to end this connection; or a pooler lost it.
            "08" | "57" => Self::unavailable(
                Next::Reconnect,
                format!(
                    "PostgreSQL or its pooler ended the connection{code}; is it restarting, or does the \
                     pooler not know the user, the database or `options`?"
                ),
            ),
            _ => Self::unavailable(
                Next::GiveUpConnection,
                format!("PostgreSQL failed{code}; check its log"),
            ),
        }
    }

    /// No connection was made, to the only host or to any of `several`. `was_right` belongs to the setting `password`, if
    /// that was used.
    pub(crate) fn of_connecting(
        error: tokio_postgres::Error,
        several: bool,
        was_right: Option<bool>,
    ) -> Self {
        let code = error.code().map(SqlState::code).unwrap_or_default();
        if let (Some(was_right), true) = (was_right, code.starts_with("28")) {
            let detail = format!(
                "PostgreSQL refused the user or the password from `password`{}; the next connection reads it \
                 again, which helps if it is a source such as `secret::file` and not a fixed value",
                shown(code)
            );
            return Self::of_setting(detail, was_right);
        }
        // The client library's own error: it checks on every new connection that the server accepts writes.
        let refused = network(&error).is_some_and(|error| {
            error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
        });
        match (refused, several) {
            (false, _) => error.into(),
            (true, false) => Self::read_only(),
            (true, true) => Self::unavailable(
                Next::Reconnect,
                "none of the PostgreSQL hosts accepts writes; if no failover is in progress, name the primary",
            ),
        }
    }

    /// Adds advice for this host.
    pub(crate) fn advised(self, advice: &str) -> Self {
        match self.error {
            Error::Store {
                failure, message, ..
            } => Self::new(self.next, failure, format!("{message} ({advice})")),
            error => Self { error, ..self },
        }
    }

    fn of_network(error: &io::Error) -> Self {
        if error.to_string().starts_with("failed to lookup address") {
            return Self::unavailable(
                Next::Reconnect,
                "the host name of PostgreSQL was not found; check it, and the network",
            );
        }
        if tls::is_alert(error) {
            return Self::unavailable(
                Next::GiveUpConnection,
                "PostgreSQL ended the TLS connection with an alert; check the client certificate and its \
                 authority",
            );
        }
        Self::unavailable(
            Next::Reconnect,
            format!(
                "PostgreSQL cannot be reached ({}); check that it runs at this address",
                error.kind()
            ),
        )
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(state) = error.code() {
            return Self::of_server(state);
        }
        // The client library shows the kind only in these words, which hold nothing else.
        match error.to_string().as_str() {
            "error performing TLS handshake" => Self {
                error: tls::refused(error.source()),
                next: Next::GiveUpConnection,
            },
            "authentication error" | "invalid configuration" => Self::setting(
                "PostgreSQL requires a password and none was set, or another proof than a password; set \
                 `password`, check that `pg_hba.conf` says `scram-sha-256`, and remove \
                 `channel_binding=require` where a pooler or the server does not support it",
            ),
            _ => match error
                .source()
                .and_then(<dyn std::error::Error>::downcast_ref)
            {
                Some(error) => Self::of_network(error),
                None => Self::closed(),
            },
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

fn network(error: &tokio_postgres::Error) -> Option<&io::Error> {
    error.source()?.downcast_ref()
}

/// Shows a SQLSTATE, if it is one.
fn shown(code: &str) -> String {
    let plain = code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain {
        format!(" (SQLSTATE {code})")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use auth_core::error::Remedy;

    use super::*;

    fn of(code: &str) -> Failure {
        Failure::of_server(&SqlState::from_code(code))
    }

    #[test]
    fn a_statement_is_repeated_where_that_can_help() {
        for lost in ["57P01", "57P02", "57P03", "57P05", "08006", "08P01"] {
            assert_eq!(of(lost).next, Next::Reconnect, "{lost}");
        }
        for collided in ["40001", "40P01"] {
            assert_eq!(of(collided).next, Next::Repeat, "{collided}");
        }
        for hopeless in ["57014", "55P03"] {
            assert_eq!(of(hopeless).next, Next::GiveUp, "{hopeless}");
        }
        for wrong in ["28P01", "42501", "42703", "25006", "53300", "XX000"] {
            assert_eq!(of(wrong).next, Next::GiveUpConnection, "{wrong}");
        }
    }

    #[test]
    fn only_what_can_pass_is_worth_a_retry() {
        for transient in [
            "57P01", "40001", "53300", "53100", "57014", "XX000", "58030",
        ] {
            assert!(of(transient).error.remedy() == Remedy::Retry, "{transient}");
        }
        for lasting in [
            "28P01", "28000", "3D000", "3F000", "42501", "42P01", "42703", "42P10", "25006",
        ] {
            assert!(of(lasting).error.remedy() != Remedy::Retry, "{lasting}");
        }
    }

    #[test]
    fn a_malformed_code_is_not_shown() {
        assert_eq!(shown("53300"), " (SQLSTATE 53300)");
        for odd in ["", "a secret", "12\n45", "ééé"] {
            assert_eq!(shown(odd), "");
        }
    }
}
