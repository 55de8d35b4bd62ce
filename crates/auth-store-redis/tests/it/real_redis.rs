//! Everything that needs a server. Each test has one to itself.

mod access; // passwords, users and sockets
mod changes; // load and swap
mod losses; // servers that die or stop, and lost responses
mod proxy; // a proxy that loses chosen messages
mod safety; // settings that could lose a login
#[cfg(feature = "tls")]
mod tls; // certificates, ours and theirs
mod waiting; // being woken

use auth_core::grant::Identity;
use auth_core::store::{Record, Store, SwapOutcome};
use auth_store_redis::{Error, RedisStore};
use services::{Redis, started};

/// A server that loses nothing.
fn redis() -> Redis {
    started(Redis::start())
}

fn store(redis: &Redis) -> RedisStore {
    RedisStore::connect(redis.url()).expect("a connection")
}

/// A connection beside the store.
fn raw(redis: &Redis) -> redis::Connection {
    let client = redis::Client::open(redis.url()).expect("a URL");
    client.get_connection().expect("a connection")
}

/// The response of the server.
fn run<T: redis::FromRedisValue>(connection: &mut redis::Connection, command: &str) -> T {
    let mut words = command.split(' ');
    let mut cmd = redis::cmd(words.next().expect("a command"));
    words.for_each(|word| {
        cmd.arg(word);
    });
    cmd.query(connection).expect("a response")
}

/// How often the server has run a command since `CONFIG RESETSTAT`.
fn calls(redis: &Redis, command: &str) -> u32 {
    let statistics: String = run(&mut raw(redis), "INFO commandstats");
    let start = format!("cmdstat_{command}:calls=");
    let line = statistics
        .lines()
        .find_map(|line| line.strip_prefix(&start));
    let count = line.and_then(|line| line.split(',').next());
    count.map_or(0, |count| count.parse().expect("a number"))
}

fn login(name: &str) -> Identity {
    Identity::new("test").with("username", name)
}

fn record(bytes: impl AsRef<[u8]>) -> Record {
    Record::from_bytes(bytes.as_ref().to_vec())
}

/// Swaps, and shows the error if that fails.
#[track_caller]
fn put(store: &RedisStore, login: &Identity, old: Option<&str>, new: &str) -> SwapOutcome {
    let old = old.map(record);
    let outcome = store.swap(login, old.as_ref(), &record(new));
    outcome.expect("a response")
}

#[track_caller]
fn found(store: &RedisStore, login: &Identity) -> Option<String> {
    let record = store.load(login).expect("a response")?;
    Some(String::from_utf8_lossy(record.expose()).into_owned())
}

/// The error, which has no secret in it.
#[track_caller]
fn failed<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Error {
    let error = outcome.expect_err("an error");
    assert!(!format!("{error} {error:?} {error:#?}").contains(CANARY));
    error
}

/// Begins every secret in these tests. Letters and digits alone: no encoding hides it.
const CANARY: &str = "canary7Qz";
