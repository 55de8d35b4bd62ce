#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod address;
mod builder;
mod commands;
mod diagnosis;
mod failure;
mod password;
mod safety;
mod server;
mod url;
mod waiting;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_core::grant::Identity;
use auth_core::store::{Record, SwapOutcome, WaitOutcome};

use failure::Failure;
use server::Server;

pub use auth_core::store::Store;
pub use auth_core::{self, Error, Result, Secret};
pub use builder::Builder;

/// Logins in Redis or Valkey; clones share their connections.
///
/// Each login is one key without an expiry, and each change of it one script, which the server runs
/// while nobody else gets a word in. A lost connection is replaced, and a swap whose answer was lost
/// is repeated, so that you get an error only if Redis cannot be reached.
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    server: Server,
    prefix: String,
}

impl RedisStore {
    /// Connects to `redis://127.0.0.1:6379`, or to `rediss://user:password@host:6379/0` elsewhere.
    ///
    /// What of the server's settings could lose a login is logged as one warning.
    ///
    /// # Errors
    /// `Error::Configuration` if the URL, the password or a permission has to be corrected;
    /// `Error::Store` if the server cannot be reached, which is transient, or is a replica.
    pub fn connect(url: &str) -> Result<Self> {
        Self::builder(url).connect()
    }

    /// Settings for another prefix, time-out or certificate.
    pub fn builder(url: &str) -> Builder {
        Builder::new(url)
    }

    fn key(&self, identity: &Identity) -> String {
        format!("{}{identity}", self.0.prefix)
    }
}

impl Store for RedisStore {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        let key = self.key(identity);
        let loaded = self.0.server.ask(|talk| commands::load(talk, &key));
        loaded.map_err(Failure::into_error)
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let key = self.key(identity);
        let swapped = self
            .0
            .server
            .ask(|talk| commands::swap(talk, &key, expected, record));
        swapped.map_err(Failure::into_error)
    }

    fn timeout(&self) -> Duration {
        self.0.server.timeout()
    }

    /// Listens on a connection of its own, so that other calls continue meanwhile. Returns
    /// [`WaitOutcome::Unsupported`] if Redis cannot be reached, or denies this user to listen.
    fn wait(
        &self,
        identity: &Identity,
        seen: Option<&Record>,
        at_most: Duration,
    ) -> Result<WaitOutcome> {
        let waited = waiting::wait(&self.0.server, &self.key(identity), seen, at_most);
        Ok(waited.unwrap_or(WaitOutcome::Unsupported))
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.0.prefix)
            .field("timeout", &self.0.server.timeout())
            .finish_non_exhaustive()
    }
}
