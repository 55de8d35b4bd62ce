//! What stands in for a store where nobody has said whose login it is.

use crate::error::{Error, Result, StoreFailure};
use crate::identity::Identity;

use super::{Store, StoredRecord, Swap};

/// Keeps nothing: the login of one user would be found, and taken over, by the session of the next.
#[derive(Debug)]
pub(crate) struct Nameless;

impl Store for Nameless {
    fn load(&self, _: &Identity) -> Result<Option<StoredRecord>> {
        Err(nameless())
    }

    fn swap(&self, _: &Identity, _: Option<&StoredRecord>, _: &StoredRecord) -> Result<Swap> {
        Err(nameless())
    }
}

fn nameless() -> Error {
    Error::store(
        StoreFailure::Unsafe,
        "it is not said whose login this is, and the next user would get it; name the user in the grant",
    )
}
