#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// On docs.rs each item shows the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod builder;
mod commands;
mod diagnosis;
mod failure;
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
pub use builder::RedisStoreBuilder;

/// Logins in Redis or Valkey; clones share their connections.
///
/// Each login is one key without an expiry. A swap is one script, which the server runs without interruption. A lost
/// connection is replaced, and a swap whose response was lost is repeated, so a call fails only if Redis cannot be
/// reached.
///
/// ```no_run
/// use auth_store_redis::RedisStore;
///
/// let store = RedisStore::connect("redis://127.0.0.1:6379")?;
/// # Ok::<(), auth_store_redis::Error>(())
/// ```
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    server: Server,
    prefix: String,
}

impl RedisStore {
    /// Connects to `redis://127.0.0.1:6379` on this machine, or to `rediss://user:password@host:6379/0` elsewhere.
    ///
    /// Settings of the server that could lose a login are logged as one warning.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the URL, the password or a right of the user must be corrected;
    /// [`Error::Store`] if the server cannot be reached, where a later try may work, or is a replica.
    pub fn connect(url: impl Into<String>) -> Result<Self> {
        Self::builder(url).connect()
    }

    /// Returns the settings of a store, to be changed before [`connect`](RedisStoreBuilder::connect).
    pub fn builder(url: impl Into<String>) -> RedisStoreBuilder {
        RedisStoreBuilder::new(url.into())
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
