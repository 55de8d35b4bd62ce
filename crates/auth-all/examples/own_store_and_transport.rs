//! A store over a table of your own, a transport that two sessions share, and one that is only a closure.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use auth_all::ermeo::Ermeo;
use auth_all::error::{Delivery, NetworkFailure};
use auth_all::grant::Identity;
use auth_all::store::{Record, Store, SwapOutcome};
use auth_all::transport::{self, HttpTransport, Transport};
use auth_all::{Error, Result, Session, secret};

/// A table with a conditional write, here a map.
#[derive(Debug, Default)]
pub(crate) struct Table(Mutex<HashMap<Identity, Record>>);

impl Store for Table {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(rows.get(identity).cloned())
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match rows.get(identity) {
            current if current == Some(record) => Ok(SwapOutcome::Stored),
            current if current != expected => Ok(SwapOutcome::Conflict),
            _ => {
                rows.insert(identity.clone(), record.clone());
                Ok(SwapOutcome::Stored)
            }
        }
    }
}

fn main() -> Result<()> {
    let password = secret::env("ERMEO_PASSWORD");
    let ermeo =
        Ermeo::new("1_abc", secret::env("ERMEO_CLIENT_SECRET")).password("jsmith", password);
    let (online, offline) = sessions(ermeo, Arc::new(Table::default()))?;
    println!("{:?}", online.token()?.expires_at());
    println!("{:?}", offline.token()?.expires_at());
    Ok(())
}

/// Makes two sessions over one table; the second one has no network, and uses the tokens that the first one stores.
pub(crate) fn sessions(ermeo: Ermeo, table: Arc<dyn Store>) -> Result<(Session, Session)> {
    let http: Arc<dyn Transport> = Arc::new(HttpTransport::new());
    let online = Session::builder(ermeo.clone())
        .store(Arc::clone(&table))
        .transport(http);
    let none = transport::from_fn(|_request| {
        Err(Error::network(NetworkFailure::Closed, Delivery::NotSent))
    });
    let offline = Session::builder(ermeo).store(table).transport(none);
    Ok((online.build()?, offline.build()?))
}
