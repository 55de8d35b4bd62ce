//! The library's errors as ours.
//!
//! Redis quotes what it did not understand, which may be a record, and an error of the library may
//! quote a URL. So no text of theirs is passed on but a code, and what the TLS library says of a
//! certificate.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use auth_core::{Error, StoreFailure};
use redis::{ErrorKind, RedisError};

/// Who must act, and what to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Whoever configured this program, or the server's users.
    Setting(&'static str),
    /// Whoever runs the server, if anybody.
    Store(StoreFailure, String),
}

impl Failure {
    pub(crate) fn replica() -> Self {
        Self::Store(StoreFailure::Unsafe, REPLICA.to_owned())
    }

    /// While the store is in use, settings are the server's: they were right when it connected.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Setting(what) => Error::store(StoreFailure::Unavailable, what),
            Self::Store(failure, what) => Error::store(failure, what),
        }
    }

    /// When connecting it is the other way round, and trying again is of no use.
    pub(crate) fn into_error_of_settings(self) -> Error {
        match self {
            Self::Setting(what) => Error::configuration(what),
            Self::Store(failure, what) => Error::store(failure, what),
        }
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        let unavailable = |what: &str| Self::Store(StoreFailure::Unavailable, what.to_owned());
        if error.is_timeout() {
            return unavailable(
                "Redis did not answer in time; is it overloaded, cut off, or without TLS?",
            );
        }
        if error.is_connection_refusal() {
            return unavailable("Redis refuses connections; is it running, on this host and port?");
        }
        match error.kind() {
            ErrorKind::Server(_) | ErrorKind::Extension => of_server(error),
            ErrorKind::Io if error.is_connection_dropped() => unavailable(
                "the connection to Redis ended before the answer; is it being restarted?",
            ),
            ErrorKind::Io | ErrorKind::Client => match said_by_tls(&error) {
                Some(reason) => unavailable(&format!(
                    "no TLS connection to Redis could be made ({reason})"
                )),
                None => {
                    unavailable("Redis cannot be reached; check the host's name and the network")
                }
            },
            _ => unavailable("what answers is not Redis, or one that speaks another protocol"),
        }
    }
}

/// What the server answered, of which the first word is a code.
fn of_server(error: RedisError) -> Failure {
    let first = error
        .into_server_errors()
        .and_then(|all| all.first().cloned());
    let Some((_, answer)) = first else {
        let what = "Redis refused a command without saying why";
        return Failure::Store(StoreFailure::Unavailable, what.to_owned());
    };
    let (code, text) = (answer.code(), answer.details().unwrap_or_default());
    // Before Redis 7 an error inside a script is quoted by another, of no code of its own.
    let known = ANSWERS.iter().find(|(word, _)| {
        *word == code
            || (code == "ERR" && (text.contains(&format!("-{word} ")) || text.contains(word)))
    });
    match known {
        Some((_, Answer::Setting(what))) => Failure::Setting(what),
        Some((_, Answer::Store(failure, what))) => Failure::Store(*failure, (*what).to_owned()),
        None => {
            let plain = code.len() <= 20 && code.bytes().all(|byte| byte.is_ascii_uppercase());
            let code = if plain { code } else { "an unknown code" };
            let what = format!("Redis refused a command ({code}); its log may say more");
            Failure::Store(StoreFailure::Unavailable, what)
        }
    }
}

/// What the TLS library found wrong; it speaks of certificates and of nothing else.
fn said_by_tls(error: &RedisError) -> Option<String> {
    let shared = error
        .source()?
        .downcast_ref::<Arc<dyn StdError + Send + Sync>>()?;
    match shared.downcast_ref::<io::Error>() {
        Some(error) => (error.kind() == io::ErrorKind::InvalidData).then(|| error.to_string()),
        None => Some(shared.to_string()),
    }
}

enum Answer {
    Setting(&'static str),
    Store(StoreFailure, &'static str),
}

/// By the code, or by words that only this answer has.
const ANSWERS: &[(&str, Answer)] = &[
    ("WRONGPASS", Answer::Setting(CREDENTIALS)),
    ("NOAUTH", Answer::Setting(CREDENTIALS)),
    ("invalid password", Answer::Setting(CREDENTIALS)),
    (
        "without any password configured",
        Answer::Setting("this Redis has no password; take it out of the URL, or set one there"),
    ),
    (
        "DB index",
        Answer::Setting("this Redis has no database of that number; correct the URL"),
    ),
    ("NOPERM", Answer::Setting(PERMISSIONS)),
    ("user executing the script", Answer::Setting(PERMISSIONS)),
    (
        "DENIED",
        Answer::Setting("Redis is in protected mode; give it a password, and TLS"),
    ),
    (
        "READONLY",
        Answer::Store(StoreFailure::Unavailable, REPLICA),
    ),
    ("MOVED", Answer::Store(StoreFailure::Unsafe, CLUSTER)),
    ("ASK", Answer::Store(StoreFailure::Unsafe, CLUSTER)),
    (
        "WRONGTYPE",
        Answer::Store(
            StoreFailure::Unreadable,
            "the key of this login holds something else; choose another prefix",
        ),
    ),
    (
        "MISCONF",
        Answer::Store(
            StoreFailure::Unavailable,
            "Redis cannot write to its disk and takes no writes; give it space",
        ),
    ),
    (
        "OOM",
        Answer::Store(
            StoreFailure::Unavailable,
            "Redis is out of memory; raise maxmemory, or give the logins a server of their own",
        ),
    ),
    (
        "NOREPLICAS",
        Answer::Store(
            StoreFailure::Unavailable,
            "Redis takes no writes before enough replicas are connected (min-replicas-to-write)",
        ),
    ),
    (
        "max number of clients",
        Answer::Store(
            StoreFailure::Unavailable,
            "Redis has too many connections; raise maxclients",
        ),
    ),
    (
        "LOADING",
        Answer::Store(
            StoreFailure::Unavailable,
            "Redis is still loading its data; it takes no questions before it is done",
        ),
    ),
];

const CREDENTIALS: &str =
    "Redis does not accept the user name or password; correct them in the URL";
const PERMISSIONS: &str = "the Redis user may not do what the store does; as an administrator: ACL SETUSER <user> ~auth:* &auth:* +get +set +persist +publish +subscribe +eval +evalsha +select +info +config|get";
const REPLICA: &str =
    "this Redis is a replica, which takes no writes and may be behind; connect to the primary";
const CLUSTER: &str = "this login belongs on another node of the Redis cluster; use a server that is not in a cluster";
