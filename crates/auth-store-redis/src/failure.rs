//! The library's errors as ours.
//!
//! Redis quotes what it did not understand, which may be a record, and an error of the library may
//! quote a URL. So no text of theirs is passed on but a code, and what the TLS library says of a
//! certificate.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use auth_core::Error;
use auth_core::error::StoreFailure;
use redis::{ErrorKind, RedisError};

/// Who must act, and what to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Whoever configured this program, or the server's users.
    Setting(Cow<'static, str>),
    /// Whoever runs the server, if anybody.
    Store(StoreFailure, Cow<'static, str>),
    /// The connection ended before the answer.
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

    /// It hung up on this command.
    pub(crate) fn proxy(command: &'static str) -> Self {
        let what = format!(
            "what answers at this port hangs up on `{command}`, as a proxy such as twemproxy does; \
             connect to the Redis server itself"
        );
        Self::Setting(what.into())
    }

    /// It knows this command no more, or never did.
    fn unknown_command(command: &'static str) -> Self {
        let what = format!(
            "what answers at this port does not know {command}: it is a proxy, or the command was \
             renamed or switched off; the store needs {COMMANDS} under their own names"
        );
        Self::Setting(what.into())
    }

    /// An error of the caller's own, whose text is the caller's.
    pub(crate) fn no_password(error: &Error) -> Self {
        let what = format!("`password_with` gave no password for Redis: {error}");
        Self::Store(StoreFailure::Unavailable, what.into())
    }

    pub(crate) fn late_password() -> Self {
        let what = "`password_with` took as long as a load or swap may take in all; keep the password \
                    as long as it works, or raise `timeout`";
        Self::Store(StoreFailure::Unavailable, what.into())
    }

    /// Whose password was refused: that of the caller's closure.
    pub(crate) fn of_asked_password(self) -> Self {
        match self {
            Self::Setting(what) if what == CREDENTIALS => Self::Setting(ASKED_CREDENTIALS.into()),
            other => other,
        }
    }

    /// While the store is in use, settings are the server's: they were right when it connected.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Setting(what) => Error::store(StoreFailure::Unavailable, what),
            Self::Store(failure, what) => Error::store(failure, what),
            Self::Ended => Error::store(StoreFailure::Unavailable, ENDED),
        }
    }

    /// When connecting it is the other way round, and trying again is of no use.
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
                "Redis did not answer in time; is it overloaded, cut off, or without TLS?".into(),
            );
        }
        if is_missing(&error) {
            return unavailable(
                "there is no socket file of Redis at that path; is it running?".into(),
            );
        }
        if error.is_connection_refusal() {
            return unavailable(
                "Redis refuses connections; is it running, on this host and port?".into(),
            );
        }
        match error.kind() {
            ErrorKind::Server(_) | ErrorKind::Extension => of_server(error),
            ErrorKind::Io if error.is_connection_dropped() => Self::Ended,
            ErrorKind::Io | ErrorKind::Client => unavailable(match said_by_tls(&error) {
                Some(reason) => {
                    format!("no TLS connection to Redis could be made ({reason})").into()
                }
                None => "Redis cannot be reached; check the host's name and the network".into(),
            }),
            _ => {
                unavailable("what answers is not Redis, or one that speaks another protocol".into())
            }
        }
    }
}

/// The first word of what the server answered.
pub(crate) fn code_of(error: &RedisError) -> Option<String> {
    let (_, answer) = error.clone().into_server_errors()?.first().cloned()?;
    Some(answer.code().to_owned())
}

/// What the server answered, of which the first word is a code.
fn of_server(error: RedisError) -> Failure {
    let first = error
        .into_server_errors()
        .and_then(|all| all.first().cloned());
    let Some((_, answer)) = first else {
        let what = "Redis refused a command without saying why";
        return Failure::Store(StoreFailure::Unavailable, what.into());
    };
    let (code, text) = (answer.code(), answer.details().unwrap_or_default());
    // What follows quotes what was asked.
    let text = text.split("with args beginning").next().unwrap_or_default();
    if text.contains("in cluster mode") {
        return Failure::Setting(CLUSTER_DATABASE.into());
    }
    // Before Redis 7 an error inside a script is quoted by another, of no code of its own.
    let known = ANSWERS.iter().find(|(word, _)| {
        *word == code
            || (code == "ERR" && (text.contains(&format!("-{word} ")) || text.contains(word)))
    });
    match known {
        Some((_, Answer::Setting(what))) => Failure::Setting((*what).into()),
        Some((_, Answer::Store(failure, what))) => Failure::Store(*failure, (*what).into()),
        None => unknown_command(text).map_or_else(|| unknown(code), Failure::unknown_command),
    }
}

fn unknown(code: &str) -> Failure {
    let plain = code.len() <= 20 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    let code = if plain { code } else { "an unknown code" };
    let what = format!("Redis refused a command ({code}); its log may say more");
    Failure::Store(StoreFailure::Unavailable, what.into())
}

/// The command that the server does not know, by a name of ours, for it may quote anything.
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
        Answer::Setting(NO_PASSWORD),
    ),
    // Before Redis 6, and proxies.
    ("no password is set", Answer::Setting(NO_PASSWORD)),
    (
        "no username-password pair is set",
        Answer::Setting(NO_PASSWORD),
    ),
    (
        "wrong number of arguments for 'auth'",
        Answer::Setting(
            "this Redis is older than 6 and knows no users; take the user out of the URL",
        ),
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
        "CLUSTERDOWN",
        Answer::Store(
            StoreFailure::Unavailable,
            "the Redis cluster does not serve this login's slot now (CLUSTERDOWN); use a server that \
             is not in a cluster",
        ),
    ),
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

/// How servers and proxies say that they do not know a command, in capital letters.
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
const ENDED: &str = "the connection to Redis ended before the answer; is it being restarted, or does it \
    speak TLS alone (`rediss://`)?";
const CREDENTIALS: &str = "Redis does not accept the user name or password; correct them in the URL \
    (where `%` is `%25` and `#` is `%23`) or in `password`; one that changes belongs into `password_with`";
const ASKED_CREDENTIALS: &str = "Redis does not accept the user name or the password that \
    `password_with` gave; the next connection asks for another";
const NO_PASSWORD: &str = "this Redis has no password; take it out of the URL, or set one there";
const PERMISSIONS: &str = "the Redis user may not do what the store does; as an administrator: ACL SETUSER <user> ~auth:* &auth:* +get +set +persist +publish +subscribe +eval +evalsha +select +info +config|get";
const REPLICA: &str =
    "this Redis is a replica, which takes no writes and may be behind; connect to the primary";
const SEVERAL_MASTERS: &str = "this server is one of several masters (an active replica of KeyDB): two could \
    send the same refresh token; connect to a server that alone takes writes";
const SENTINEL: &str = "this is a Sentinel, which keeps no data; connect to the master that it names \
    (SENTINEL GET-MASTER-ADDR-BY-NAME <name>), whose port is another";
const CLUSTER_DATABASE: &str = "a Redis cluster has database 0 alone; take the number out of the URL, or use a server that is not in a cluster";
const CLUSTER: &str = "this login belongs on another node of the Redis cluster; use a server that is not in a cluster";
