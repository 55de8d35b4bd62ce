//! Errors of the Redis library, in words of this crate.
//!
//! Redis quotes commands that it did not understand, which may hold a record, and an error of the library may quote a
//! URL. So none of their texts is passed on, except a code and the TLS library's verdict on a certificate.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use auth_core::Error;
use auth_core::error::StoreFailure;
use redis::{ErrorKind, RedisError};

/// A failure, by who must act.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The operator of this program, or of the server's users.
    Setting(Cow<'static, str>),
    /// The operator of the server; or no one, if it passes.
    Store(StoreFailure, Cow<'static, str>),
    /// The connection ended before the response.
    Ended,
}

impl Failure {
    pub(crate) fn replica() -> Self {
        Self::Store(StoreFailure::Unsafe, REPLICA.into())
    }

    pub(crate) fn several_masters() -> Self {
        Self::Store(StoreFailure::Unsafe, SEVERAL_MASTERS.into())
    }

    pub(crate) fn sentinel() -> Self {
        Self::Setting(SENTINEL.into())
    }

    /// The server hung up on this command.
    pub(crate) fn proxy(command: &'static str) -> Self {
        let what = format!(
            "the server at this port hangs up on `{command}`, as a proxy such as twemproxy does; \
             connect to the Redis server itself"
        );
        Self::Setting(what.into())
    }

    /// The server does not support this command, or no more.
    fn unknown_command(command: &'static str) -> Self {
        let what = format!(
            "the server at this port does not support {command}: it is a proxy, or the command was \
             renamed or disabled; the store needs {COMMANDS} under their own names"
        );
        Self::Setting(what.into())
    }

    /// A setting whose value could not be read. The text of the error is the source's.
    pub(crate) fn unread(setting: &str, error: &Error) -> Self {
        let what = format!("`{setting}` of the Redis store cannot be read: {error}").into();
        match error {
            Error::Configuration { .. } => Self::Setting(what),
            _ => Self::Store(StoreFailure::Unavailable, what),
        }
    }

    pub(crate) fn late_password() -> Self {
        let what = "reading `password` took the whole `timeout` of a load or swap; cache the password \
                    while it is valid, or raise `timeout`";
        Self::Store(StoreFailure::Unavailable, what.into())
    }

    pub(crate) fn certificates() -> Self {
        Self::Setting(CERTIFICATES.into())
    }

    /// A refused password was the one from `password`, not the URL's.
    pub(crate) fn of_source(self) -> Self {
        match self {
            Self::Setting(what) if what == CREDENTIALS => Self::Setting(SOURCE_CREDENTIALS.into()),
            other => other,
        }
    }

    /// The error of a store in use: its settings were right when it connected, so the server has changed.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Setting(what) => Error::store(StoreFailure::Unavailable, what),
            Self::Store(failure, what) => Error::store(failure, what),
            Self::Ended => Error::store(StoreFailure::Unavailable, ENDED),
        }
    }

    /// The error while connecting: a wrong setting stays wrong.
    pub(crate) fn into_error_of_settings(self) -> Error {
        match self {
            Self::Setting(what) => Error::configuration(what),
            other => other.into_error(),
        }
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        let unavailable = |what| Self::Store(StoreFailure::Unavailable, what);
        if error.is_timeout() {
            return unavailable(
                "Redis did not respond in time; is it overloaded, unreachable, or without TLS?"
                    .into(),
            );
        }
        if is_missing(&error) {
            return unavailable(
                "no socket file of Redis exists at that path; is Redis running?".into(),
            );
        }
        if error.is_connection_refusal() {
            return unavailable(
                "Redis refuses connections; is it running on this host and port?".into(),
            );
        }
        match error.kind() {
            ErrorKind::Server(_) | ErrorKind::Extension => of_server(error),
            ErrorKind::Io if error.is_connection_dropped() => Self::Ended,
            ErrorKind::Io | ErrorKind::Client => unavailable(match tls_verdict(&error) {
                Some(reason) => format!("TLS handshake with Redis failed ({reason})").into(),
                None => "Redis cannot be reached; check the host's name and the network".into(),
            }),
            _ => unavailable(
                "the server is not Redis, or speaks another version of its protocol".into(),
            ),
        }
    }
}

/// Returns the code of the server's error, its first word.
pub(crate) fn code_of(error: &RedisError) -> Option<String> {
    let (_, error) = error.clone().into_server_errors()?.first().cloned()?;
    Some(error.code().to_owned())
}

/// Describes an error of the server, which begins with a code.
fn of_server(error: RedisError) -> Failure {
    let first = error
        .into_server_errors()
        .and_then(|all| all.first().cloned());
    let Some((_, error)) = first else {
        let what = "Redis refused a command without a reason";
        return Failure::Store(StoreFailure::Unavailable, what.into());
    };
    let (code, text) = (error.code(), error.details().unwrap_or_default());
    // The rest quotes the command.
    let text = text.split("with args beginning").next().unwrap_or_default();
    if text.contains("in cluster mode") {
        return Failure::Setting(CLUSTER_DATABASE.into());
    }
    // Before Redis 7, an error inside a script is quoted by another without a code of its own.
    let known = ERRORS.iter().find(|(word, _)| {
        *word == code
            || (code == "ERR" && (text.contains(&format!("-{word} ")) || text.contains(word)))
    });
    match known {
        Some((_, Meaning::Setting(what))) => Failure::Setting((*what).into()),
        Some((_, Meaning::Store(failure, what))) => Failure::Store(*failure, (*what).into()),
        None => unknown_command(text).map_or_else(|| unknown(code), Failure::unknown_command),
    }
}

fn unknown(code: &str) -> Failure {
    let plain = code.len() <= 20 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    let code = if plain { code } else { "an unknown code" };
    let what = format!("Redis refused a command ({code}); its log may say more");
    Failure::Store(StoreFailure::Unavailable, what.into())
}

/// Returns the command that the server does not support, by a name from this file, because the server may quote
/// anything.
fn unknown_command(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_uppercase();
    let is_unknown = UNKNOWN.iter().any(|phrase| text.contains(phrase));
    let named = |name: &&&str| {
        let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
        words.any(|word| word == name.trim_matches('`'))
    };
    is_unknown.then(|| NAMES.iter().find(named).map_or("a command", |name| name))
}

fn is_missing(error: &RedisError) -> bool {
    let shared = error
        .source()
        .and_then(|source| source.downcast_ref::<Arc<dyn StdError + Send + Sync>>());
    let io = shared.and_then(|shared| shared.downcast_ref::<io::Error>());
    io.is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Returns the TLS library's verdict, which is about certificates only.
fn tls_verdict(error: &RedisError) -> Option<String> {
    let shared = error
        .source()?
        .downcast_ref::<Arc<dyn StdError + Send + Sync>>()?;
    match shared.downcast_ref::<io::Error>() {
        Some(error) => (error.kind() == io::ErrorKind::InvalidData).then(|| error.to_string()),
        None => Some(shared.to_string()),
    }
}

enum Meaning {
    Setting(&'static str),
    Store(StoreFailure, &'static str),
}

/// By the code, or by words that only this error has.
const ERRORS: &[(&str, Meaning)] = &[
    ("WRONGPASS", Meaning::Setting(CREDENTIALS)),
    ("NOAUTH", Meaning::Setting(CREDENTIALS)),
    ("invalid password", Meaning::Setting(CREDENTIALS)),
    (
        "without any password configured",
        Meaning::Setting(NO_PASSWORD),
    ),
    // Before Redis 6, and proxies.
    ("no password is set", Meaning::Setting(NO_PASSWORD)),
    (
        "no username-password pair is set",
        Meaning::Setting(NO_PASSWORD),
    ),
    (
        "wrong number of arguments for 'auth'",
        Meaning::Setting(
            "this Redis is older than 6 and has no users; remove the user from the URL",
        ),
    ),
    (
        "DB index",
        Meaning::Setting("this Redis has no database with that number; correct the URL"),
    ),
    ("NOPERM", Meaning::Setting(PERMISSIONS)),
    ("user executing the script", Meaning::Setting(PERMISSIONS)),
    (
        "DENIED",
        Meaning::Setting("Redis is in protected mode; set a password there, and use TLS"),
    ),
    (
        "READONLY",
        Meaning::Store(StoreFailure::Unavailable, REPLICA),
    ),
    ("MOVED", Meaning::Store(StoreFailure::Unsafe, CLUSTER)),
    ("ASK", Meaning::Store(StoreFailure::Unsafe, CLUSTER)),
    (
        "CLUSTERDOWN",
        Meaning::Store(
            StoreFailure::Unavailable,
            "the Redis cluster does not serve this login's slot now (CLUSTERDOWN); use a server that \
             is not in a cluster",
        ),
    ),
    (
        "WRONGTYPE",
        Meaning::Store(
            StoreFailure::Unreadable,
            "another program uses the key of this login; choose another `prefix`",
        ),
    ),
    (
        "MISCONF",
        Meaning::Store(
            StoreFailure::Unavailable,
            "Redis cannot write to its disk and accepts no writes; free some space",
        ),
    ),
    (
        "OOM",
        Meaning::Store(
            StoreFailure::Unavailable,
            "Redis is out of memory; raise maxmemory, or give the logins a server of their own",
        ),
    ),
    (
        "NOREPLICAS",
        Meaning::Store(
            StoreFailure::Unavailable,
            "Redis accepts no writes until enough replicas are connected (min-replicas-to-write)",
        ),
    ),
    (
        "max number of clients",
        Meaning::Store(
            StoreFailure::Unavailable,
            "Redis has too many connections; raise maxclients",
        ),
    ),
    (
        "LOADING",
        Meaning::Store(
            StoreFailure::Unavailable,
            "Redis is still loading its data; try again when it has finished",
        ),
    ),
];

/// Words of servers and proxies for a command that they do not support, in capital letters.
const UNKNOWN: [&str; 8] = [
    "UNKNOWN COMMAND",
    "UNKNOWN REDIS COMMAND",
    "UNSUPPORTED COMMAND",
    "COMMAND NOT SUPPORTED",
    "NOT SUPPORT",
    "NOT ALLOWED",
    "NOT AVAILABLE",
    "DISABLED COMMAND",
];
const NAMES: [&str; 8] = [
    "`EVALSHA`",
    "`EVAL`",
    "`PERSIST`",
    "`SELECT`",
    "`SUBSCRIBE`",
    "`AUTH`",
    "`GET`",
    "`SET`",
];
const COMMANDS: &str = "GET, SET, PERSIST, EVAL and EVALSHA (scripts)";
const ENDED: &str = "the connection to Redis ended before the response; is Redis restarting, or does it \
    require TLS (`rediss://`)?";
const CREDENTIALS: &str = "Redis refused the user or the password; correct them in the URL (where `%` is `%25` \
    and `#` is `%23`), or set `password`";
const SOURCE_CREDENTIALS: &str = "Redis refused the user or the password from `password`; the next connection \
    reads it again, which helps if it is a source such as `secret::file` and not a fixed value";
const NO_PASSWORD: &str =
    "this Redis has no password; remove it from the URL, or set one at the server";
const CERTIFICATES: &str = "a certificate or key for Redis cannot be read; both must be PEM";
const PERMISSIONS: &str = "the Redis user lacks a right that the store needs; as an administrator: ACL SETUSER <user> ~auth:* &auth:* +get +set +persist +publish +subscribe +eval +evalsha +select +info +config|get";
const REPLICA: &str =
    "this Redis is a replica, which accepts no writes and may lag behind; connect to the primary";
const SEVERAL_MASTERS: &str = "this server is one of several masters (an active replica of KeyDB), so two \
    processes could send the same refresh token; connect to a server that is the only master";
const SENTINEL: &str = "this is a Sentinel, which keeps no data; connect to the master that it names \
    (SENTINEL GET-MASTER-ADDR-BY-NAME <name>), on another port";
const CLUSTER_DATABASE: &str = "a Redis cluster has only database 0; remove the number from the URL, or use a server that is not in a cluster";
const CLUSTER: &str = "this login belongs to another node of the Redis cluster; use a server that is not in a cluster";
