//! Where the login of the fleet is kept, for as long as the demonstration lasts.

use std::io;

use auth_tests::fleet::Place;
use tempfile::TempDir;

use super::options::Store;

/// A real place, which is gone in the end.
pub(super) enum Kept {
    Directory(TempDir),
    #[cfg(feature = "stores")]
    Redis(services::Redis),
    #[cfg(feature = "stores")]
    Postgres(services::Postgres),
}

impl Kept {
    pub(super) fn open(store: Store) -> io::Result<Self> {
        match store {
            Store::File => Ok(Self::Directory(tempfile::tempdir()?)),
            #[cfg(feature = "stores")]
            Store::Redis => {
                let server = services::Redis::start().map_err(io::Error::other)?;
                Ok(Self::Redis(server))
            }
            #[cfg(feature = "stores")]
            Store::Postgres => {
                let server = services::Postgres::start().map_err(io::Error::other)?;
                Ok(Self::Postgres(server))
            }
            #[cfg(not(feature = "stores"))]
            Store::Redis | Store::Postgres => Err(io::Error::other(
                "it was built without servers; build it with the feature `stores`",
            )),
        }
    }

    pub(super) fn place(&self) -> Place {
        match self {
            Self::Directory(folder) => Place::Directory(folder.path().join("logins")),
            #[cfg(feature = "stores")]
            Self::Redis(server) => Place::Redis(server.url()),
            #[cfg(feature = "stores")]
            Self::Postgres(server) => Place::Postgres(server.url()),
        }
    }
}
