//! Real servers and a real browser, started for a test and ended with it.
//!
//! Each server has a port of 127.0.0.1 and a temporary folder to itself. It ends when its value is dropped,
//! and also when the process of the test is killed, since that closes a pipe which is read beside it.
//!
//! ```
//! let Some(mut redis) = services::or_skip(services::Redis::start()) else {
//!     return;
//! };
//! assert!(redis.url().starts_with("redis://127.0.0.1:"));
//! redis.kill();
//! redis.restart().unwrap();
//! ```
//!
//! And what their clients log meanwhile: [`journal`].

#![forbid(unsafe_code)]

mod before_redis;
mod browser;
mod chromium;
#[cfg(unix)]
mod folder;
mod installed;
pub mod journal;
#[cfg(unix)]
mod pgbouncer;
#[cfg(unix)]
mod postgres;
mod process;
mod redis;
mod visit;

use std::env;
use std::fmt;
use std::io::{self, Write};
use std::net::TcpListener;

pub use before_redis::{Sentinel, Twemproxy};
pub use browser::{Browser, Led};
pub use chromium::{Chromium, Tab};
pub use installed::Installed;
#[cfg(unix)]
pub use pgbouncer::PgBouncer;
#[cfg(unix)]
pub use postgres::{Postgres, PostgresOptions};
pub use redis::{Redis, RedisOptions};
pub use visit::Visit;

/// The result of starting a server.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a server or a browser does not run.
#[derive(Debug)]
pub enum Error {
    /// Its program is not on this machine.
    Missing(String),
    /// It does not start; the text is what it said.
    Failed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(program) => {
                write!(f, "`{program}` is missing; `cargo xtask setup` installs it")
            }
            Self::Failed(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The server, or none where its program is missing, which is said loudly.
///
/// # Panics
/// If it does not start, and in CI also if its program is missing: there a skip would hide something.
#[track_caller]
pub fn or_skip<T>(started: Result<T>) -> Option<T> {
    match started {
        Ok(server) => Some(server),
        Err(error @ Error::Missing(_)) if !in_ci() => {
            // Not `eprintln!`, which nobody sees if the test passes.
            let _ = writeln!(io::stderr(), "\n!!! SKIPPED: {error}\n");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// A port that nobody listens on at this moment.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
