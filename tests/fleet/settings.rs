//! Settings that a worker starts with.

use std::path::PathBuf;
use std::time::Duration;

use auth_all::ermeo::Ermeo;
use auth_all::store::{FileStore, Store};
use auth_all::transport::HttpTransport;
use auth_all::{Error, Result, Secret};
use auth_sim::ermeo;
use serde_json::{Value, json};

use super::{FleetClock, Time};

/// Settings that a worker starts with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// URL of the server, without a path.
    pub server: String,
    /// The place where the login is kept.
    pub place: Place,
    /// The client's secret.
    pub client_secret: String,
    /// The password to log in with; empty for none.
    pub password: String,
    /// The refresh token that it starts with, if any.
    pub seed: Option<String>,
    /// Time-out of a request, by the machine's clock.
    pub request: Duration,
    /// Time-out of a call to the store, by the machine's clock.
    pub store: Duration,
    /// Factor by which waits are shortened.
    pub pace: u32,
    /// The time and its speed.
    pub time: Time,
}

/// A place where a login is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a directory, by a `FileStore`.
    Directory(PathBuf),
    /// In a Redis server at this URL.
    #[cfg(feature = "stores")]
    Redis(String),
    /// In a PostgreSQL server, with this connection string.
    #[cfg(feature = "stores")]
    Postgres(String),
    /// In a JSON file with tokens, as most programs keep them: no session, no store.
    TokenFile(PathBuf),
}

impl Settings {
    /// Returns the grant for the simulator's well-known account.
    pub fn grant(&self) -> Ermeo {
        let client_secret = Secret::new(self.client_secret.as_str());
        let grant = Ermeo::new(ermeo::CLIENT_ID, client_secret).base(&self.server);
        if self.password.is_empty() {
            return grant.username(ermeo::USERNAME);
        }
        grant.password(ermeo::USERNAME, Secret::new(self.password.as_str()))
    }

    pub(super) fn open_store(&self) -> Result<Box<dyn Store>> {
        Ok(match &self.place {
            Place::Directory(path) => Box::new(FileStore::open(path)?.with_timeout(self.store)),
            #[cfg(feature = "stores")]
            Place::Redis(url) => {
                let store = auth_store_redis::RedisStore::builder(url);
                Box::new(store.timeout(self.store).connect()?)
            }
            #[cfg(feature = "stores")]
            Place::Postgres(url) => {
                let store = auth_store_postgres::PostgresStore::builder(url.as_str());
                Box::new(store.timeout(self.store).connect()?)
            }
            Place::TokenFile(_) => {
                return Err(Error::configuration("a file with tokens is not a store"));
            }
        })
    }

    pub(super) fn transport(&self) -> Result<HttpTransport> {
        HttpTransport::builder().timeout(self.request).build()
    }

    pub(super) fn clock(&self) -> FleetClock {
        FleetClock::new(self.time, self.pace)
    }

    /// Formats the settings as one line.
    pub(super) fn to_line(&self) -> String {
        let (kind, place) = self.place.to_words();
        json!({
            "server": self.server,
            "kind": kind,
            "place": place,
            "client_secret": self.client_secret,
            "password": self.password,
            "seed": self.seed,
            "request": self.request.as_secs_f64(),
            "store": self.store.as_secs_f64(),
            "pace": self.pace,
            "time": self.time.to_string(),
        })
        .to_string()
    }

    pub(super) fn from_line(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| value[name].as_str();
        let seconds = |name: &str| Duration::try_from_secs_f64(value[name].as_f64()?).ok();
        Some(Self {
            server: text("server")?.to_owned(),
            place: Place::from_words(text("kind")?, text("place")?)?,
            client_secret: text("client_secret")?.to_owned(),
            password: text("password")?.to_owned(),
            seed: text("seed").map(str::to_owned),
            request: seconds("request")?,
            store: seconds("store")?,
            pace: u32::try_from(value["pace"].as_u64()?).ok()?,
            time: text("time")?.parse().ok()?,
        })
    }
}

impl Place {
    fn to_words(&self) -> (&'static str, String) {
        match self {
            Self::Directory(path) => ("directory", path.display().to_string()),
            #[cfg(feature = "stores")]
            Self::Redis(url) => ("redis", url.clone()),
            #[cfg(feature = "stores")]
            Self::Postgres(url) => ("postgres", url.clone()),
            Self::TokenFile(path) => ("token file", path.display().to_string()),
        }
    }

    fn from_words(kind: &str, place: &str) -> Option<Self> {
        match kind {
            "directory" => Some(Self::Directory(place.into())),
            #[cfg(feature = "stores")]
            "redis" => Some(Self::Redis(place.to_owned())),
            #[cfg(feature = "stores")]
            "postgres" => Some(Self::Postgres(place.to_owned())),
            "token file" => Some(Self::TokenFile(place.into())),
            _ => None,
        }
    }
}
