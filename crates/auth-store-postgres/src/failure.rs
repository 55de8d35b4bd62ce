//! What went wrong, in our words.
//!
//! A message of the server may quote the row it choked on, and one of the client the connection
//! string. So neither is passed on: an error is told by its SQLSTATE and its kind alone.

use std::borrow::Cow;
use std::error::Error as _;
use std::io;

use auth_core::Error;
use auth_core::error::StoreFailure;
use tokio_postgres::error::SqlState;

use crate::password::Asked;
use crate::tls;

/// Why a statement has no answer, and whether it is worth repeating.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) next: Next,
}

/// What came of a statement.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// What helps. Every statement may be repeated, since a swap that is done answers "stored" again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another connection: this one is gone, or leads to the wrong server.
    Reconnect,
    /// Once more: it collided with somebody else's.
    Repeat,
    /// Nothing here.
    GiveUp,
    /// Nothing now, but the next call should not use this connection.
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

    /// A setting is wrong, and will be until somebody changes it.
    fn setting(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            error: Error::configuration(detail),
            next: Next::GiveUpConnection,
        }
    }

    pub(crate) fn read_only() -> Self {
        Self::new(
            Next::GiveUpConnection,
            StoreFailure::Unsafe,
            "the PostgreSQL server does not take writes: it is a standby, or \
             `default_transaction_read_only` is on; connect to the primary (with several hosts, name them all)",
        )
    }

    pub(crate) fn permission() -> Self {
        Self::setting(
            "PostgreSQL denies the permission; the user needs CONNECT on the database, USAGE on the schema, \
             SELECT, INSERT and UPDATE on the table, and CREATE on the schema if the table is not there",
        )
    }

    pub(crate) fn other_columns() -> Self {
        Self::setting(
            "the table has other columns or no primary key; choose another `table`, or create it as \
             auth-store-postgres' README says",
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
                "the table is gone, and the logins with it; restart the program to create it again, \
                 and see who dropped it",
            ),
            SqlState::INVALID_CATALOG_NAME => {
                Self::setting("there is no such database; check its name in the connection string")
            }
            SqlState::INVALID_SCHEMA_NAME => {
                Self::setting("there is no such schema; create it or change `schema`")
            }
            SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => Self::unavailable(
                Next::GiveUp,
                format!(
                    "PostgreSQL canceled the statement{code}; does something hold a lock on the table?"
                ),
            ),
            _ => Self::of_class(state.code(), &code),
        }
    }

    fn of_class(state: &str, code: &str) -> Self {
        match state.get(..2).unwrap_or_default() {
            "28" => Self::setting(format!(
                "PostgreSQL refused the user or the password{code}; check both, and `pg_hba.conf` (a \
                 password that changes belongs into `password_with`)"
            )),
            "53" => Self::unavailable(
                Next::GiveUpConnection,
                format!("PostgreSQL is out of connections, memory or disk{code}; look at its log"),
            ),
            // The server ends, starts or was told to end this connection; or a pooler lost it.
            "08" | "57" => Self::unavailable(
                Next::Reconnect,
                format!(
                    "PostgreSQL or its pooler ended the connection{code}; is it restarting, or does the \
                     pooler not know the user, the database or `options`?"
                ),
            ),
            _ => Self::unavailable(
                Next::GiveUpConnection,
                format!("PostgreSQL failed{code}; look at its log"),
            ),
        }
    }

    /// No connection was made, to the only host or to any of `several`, with a password that was
    /// `asked` for or not.
    pub(crate) fn of_connecting(
        error: tokio_postgres::Error,
        several: bool,
        asked: Option<&Asked>,
    ) -> Self {
        let code = error.code().map(SqlState::code).unwrap_or_default();
        if let (Some(asked), true) = (asked, code.starts_with("28")) {
            return Self {
                error: asked.refused(&shown(code)),
                next: Next::GiveUpConnection,
            };
        }
        // Of the client's own making: it asks every new connection whether the server takes writes.
        let refused = network(&error).is_some_and(|error| {
            error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
        });
        match (refused, several) {
            (false, _) => error.into(),
            (true, false) => Self::read_only(),
            (true, true) => Self::unavailable(
                Next::Reconnect,
                "none of the PostgreSQL hosts takes writes; if no failover is under way, name the primary",
            ),
        }
    }

    /// With what helps for this host.
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
                "the host of PostgreSQL cannot be found; check its name, and the network",
            );
        }
        Self::unavailable(
            Next::Reconnect,
            format!(
                "PostgreSQL cannot be reached ({}); is it running, and is the address right?",
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
        // The client does not say what kind it is but in these words, which hold nothing else.
        match error.to_string().as_str() {
            "error performing TLS handshake" => Self {
                error: tls::refused(error.source()),
                next: Next::GiveUpConnection,
            },
            "authentication error" | "invalid configuration" => Self::setting(
                "PostgreSQL asks for a password and none was given, or for another proof than a password; \
                 give a `password`, see that `pg_hba.conf` says `scram-sha-256`, and leave out \
                 `channel_binding=require` where a pooler or the server cannot do it",
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

/// A SQLSTATE, if it is one.
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
            assert!(of(transient).error.is_transient(), "{transient}");
        }
        for lasting in [
            "28P01", "28000", "3D000", "3F000", "42501", "42P01", "42703", "42P10", "25006",
        ] {
            assert!(!of(lasting).error.is_transient(), "{lasting}");
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
