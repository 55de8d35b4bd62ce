//! The store that keeps the logins: files, memory, the keyring, or a server.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth_all::secret::SecretSource;
use auth_all::store::{EncryptedStore, EncryptionKey, FileStore, MemoryStore, Store};

use crate::config::table::Table;
use crate::failure::{Failure, Result};

/// Settings of the store.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreSettings {
    kind: Kind,
    seal: Option<SecretSource>,
}

#[derive(Clone, Debug, Default)]
enum Kind {
    /// In this directory, or in the usual one.
    #[default]
    DefaultFile,
    File(PathBuf),
    Memory,
    #[cfg(feature = "keyring")]
    Keyring,
    #[cfg(feature = "redis")]
    Redis(Address),
    #[cfg(feature = "postgres")]
    Postgres(Address),
}

/// The place of a server.
#[cfg(any(feature = "postgres", feature = "redis"))]
#[derive(Clone, Debug)]
struct Address {
    url: SecretSource,
    allow_plaintext: bool,
}

impl StoreSettings {
    /// Reads `[store]`.
    pub(crate) fn read(table: &Table<'_>) -> Result<Self> {
        let (kind, place) = table.required("kind")?;
        let kind = match kind.as_str() {
            "file" => match table.text("path")? {
                Some(path) => Kind::File(PathBuf::from(path)),
                None => Kind::DefaultFile,
            },
            "memory" => Kind::Memory,
            #[cfg(feature = "keyring")]
            "keyring" => Kind::Keyring,
            #[cfg(feature = "redis")]
            "redis" => Kind::Redis(Address::read(table)?),
            #[cfg(feature = "postgres")]
            "postgres" => Kind::Postgres(Address::read(table)?),
            other => return Err(unknown(&format!("{place}: "), other)),
        };
        let seal = table.source("seal")?;
        table.finish()?;
        Ok(Self { kind, seal })
    }

    /// Replaces the kind by one that the command line or the environment names.
    pub(crate) fn with_kind(self, name: &str, named_by: &str) -> Result<Self> {
        let kind = match name {
            _ if name == self.name() => return Ok(self),
            "file" => Kind::DefaultFile,
            "memory" => Kind::Memory,
            #[cfg(feature = "keyring")]
            "keyring" => Kind::Keyring,
            other if KINDS.contains(&other) => {
                return Err(Failure::configuration(format!(
                    "{named_by}: `{other}` needs a `url`; set it in `[store]` of the configuration"
                )));
            }
            other => return Err(unknown(&format!("{named_by}: "), other)),
        };
        let seal = None;
        Ok(Self { kind, seal })
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.kind {
            Kind::DefaultFile | Kind::File(_) => "file",
            Kind::Memory => "memory",
            #[cfg(feature = "keyring")]
            Kind::Keyring => "keyring",
            #[cfg(feature = "redis")]
            Kind::Redis(_) => "redis",
            #[cfg(feature = "postgres")]
            Kind::Postgres(_) => "postgres",
        }
    }

    /// Opens the store.
    pub(crate) fn open(&self) -> Result<Arc<dyn Store>> {
        let store: Arc<dyn Store> = match &self.kind {
            Kind::DefaultFile => Arc::new(default_files()?),
            Kind::File(path) => Arc::new(FileStore::open(path)?),
            Kind::Memory => Arc::new(MemoryStore::new()),
            #[cfg(feature = "keyring")]
            Kind::Keyring => Arc::new(auth_all::keyring::KeyringStore::open("auth-all")?),
            #[cfg(feature = "redis")]
            Kind::Redis(address) => {
                let builder = auth_all::redis::RedisStore::builder(address.url.read()?.expose());
                let builder = match address.allow_plaintext {
                    true => builder.danger_allow_plaintext(),
                    false => builder,
                };
                Arc::new(builder.connect()?)
            }
            #[cfg(feature = "postgres")]
            Kind::Postgres(address) => {
                let builder =
                    auth_all::postgres::PostgresStore::builder(address.url.read()?.expose());
                let builder = match address.allow_plaintext {
                    true => builder.danger_allow_plaintext(),
                    false => builder,
                };
                Arc::new(builder.connect()?)
            }
        };
        match &self.seal {
            Some(key) => {
                let key = EncryptionKey::from_base64(key)?;
                Ok(Arc::new(EncryptedStore::new(store, key)))
            }
            None => Ok(store),
        }
    }
}

#[cfg(any(feature = "postgres", feature = "redis"))]
impl Address {
    fn read(table: &Table<'_>) -> Result<Self> {
        Ok(Self {
            url: table.required_source("url")?,
            allow_plaintext: table.flag("danger_allow_plaintext")?,
        })
    }
}

/// The files of the service that systemd started, or of this user.
fn default_files() -> Result<FileStore> {
    // With several directories systemd separates them by colons.
    let state = env::var("STATE_DIRECTORY").unwrap_or_default();
    let first = state.split(':').next().filter(|path| !path.is_empty());
    Ok(match first {
        Some(directory) => FileStore::open(Path::new(directory).join("logins"))?,
        None => FileStore::for_program("auth-all")?,
    })
}

fn unknown(place: &str, kind: &str) -> Failure {
    Failure::configuration(format!(
        "{place}no store is named `{kind}`; this program has {}",
        KINDS.join(", ")
    ))
}

/// The stores of this build.
const KINDS: &[&str] = &[
    "file",
    "memory",
    #[cfg(feature = "keyring")]
    "keyring",
    #[cfg(feature = "redis")]
    "redis",
    #[cfg(feature = "postgres")]
    "postgres",
];
