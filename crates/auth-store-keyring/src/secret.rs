//! A secret that a person or another program has put into the keyring.

use std::sync::Arc;

use auth_core::secret::{SecretSource, from_fn};
use auth_core::{Error, Result, Secret};
use keyring_core::{CredentialStore, Error as Keyring};

use crate::TIMEOUT;
use crate::call::Caller;
use crate::failure::failed;
use crate::platform::{Connection, Platform};

/// A secret in the keyring of this process's user, read each time a request is sent.
///
/// `service` and `name` are those of the entry: `secret-tool store --label Ermeo service acme username ermeo` and
/// `keyring set acme ermeo` (Python) write the one of this example. Reading takes 10 s at most, and is an error if the
/// entry is missing or empty.
///
/// ```no_run
/// let password = auth_store_keyring::secret("acme", "ermeo");
/// assert!(!password.read()?.expose().is_empty());
/// # Ok::<(), auth_store_keyring::Error>(())
/// ```
#[must_use]
pub fn secret(service: impl Into<String>, name: impl Into<String>) -> SecretSource {
    secret_over(Platform::native(), service.into(), name.into())
}

pub(crate) fn secret_over(platform: Platform, service: String, name: String) -> SecretSource {
    let caller: Arc<Caller> = Arc::default();
    let connection = Arc::new(Connection::new(platform));
    from_fn(move || {
        let connection = Arc::clone(&connection);
        let (service, name) = (service.clone(), name.clone());
        caller.call(TIMEOUT, move |_| {
            connection.with(|keyring, platform| read(keyring, platform, &service, &name))
        })
    })
}

fn read(
    keyring: &CredentialStore,
    platform: &Platform,
    service: &str,
    name: &str,
) -> Result<Secret> {
    let problem = |what: &str| {
        let (service, name) = (service.escape_default(), name.escape_default());
        Error::configuration(format!(
            "the keyring's entry `{name}` of the service `{service}` {what}"
        ))
    };
    let entry = platform.entry(keyring, service, name);
    let text = entry.and_then(|entry| entry.get_password());
    match text {
        Ok(text) if text.is_empty() => Err(problem("is empty")),
        Ok(text) => Ok(Secret::new(text)),
        Err(Keyring::NoEntry) => Err(problem("is missing")),
        Err(Keyring::BadEncoding(_)) => Err(problem("is not a text")),
        Err(error) => Err(failed(&error)),
    }
}
