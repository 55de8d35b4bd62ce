//! Real servers and a real browser, started for a test and ended with it.
//!
//! Each server has a port of 127.0.0.1 and a temporary folder to itself. It ends when its value is dropped,
//! and also when the process of the test is killed, since that closes a pipe that a guard process reads.
//!
//! ```
//! let mut redis = services::started(services::Redis::start());
//! assert!(redis.url().starts_with("redis://127.0.0.1:"));
//! redis.kill();
//! redis.restart().unwrap();
//! ```
//!
//! The module [`journal`] captures what their clients log.

#![forbid(unsafe_code)]
#![allow(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::must_use_candidate,
    reason = "only tests of this workspace use it"
)]

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

use std::fmt;
use std::io;
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

/// The result of starting a server.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a server or a browser does not run.
#[derive(Debug)]
pub enum Error {
    /// Its program is not installed.
    Missing(String),
    /// It does not start; the text is its output.
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

/// Returns the server that was started.
///
/// # Panics
/// If its program is missing or does not start. A skipped test would look like one that passed.
#[track_caller]
pub fn started<T>(server: Result<T>) -> T {
    server.unwrap_or_else(|error| panic!("{error}"))
}

/// Returns a port that is free at this moment.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
