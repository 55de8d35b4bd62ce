//! Authentication of a profile's client, and the key that signs for it.

use std::fs;
use std::path::PathBuf;

use auth_all::Error;
use auth_all::generic::{ServiceAccount, SigningKey};
use auth_all::secret::SecretSource;

use crate::config::table::Table;
use crate::failure::Result;

/// Authentication of the client.
#[derive(Clone, Debug)]
pub(super) enum Auth {
    None,
    /// In the way that the server announces.
    Secret(SecretSource),
    Basic(SecretSource),
    Post(SecretSource),
    Key(Box<Key>),
    /// The key file of a service account, which has the client's id, too.
    Account(SecretSource),
    Assertion(SecretSource),
}

/// A key that signs.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// PEM, or a JWK.
    text: SecretSource,
    id: Option<String>,
    /// The file of its certificate.
    certificate: Option<PathBuf>,
}

impl Auth {
    /// Reads the keys of the client; `of_preset` is the server's way to take a secret.
    pub(super) fn read(table: &Table<'_>, of_preset: Option<String>) -> Result<Self> {
        let ways = [
            table.source("client_secret")?,
            table.source("private_key")?,
            table.source("service_account")?,
            table.source("client_assertion")?,
        ];
        let way = table.text("client_auth")?;
        match ways {
            [None, None, None, None] => match way.as_deref() {
                None | Some("none") => Ok(Self::None),
                Some(_) => Err(table.wrong("client_auth", "needs a `client_secret`")),
            },
            [Some(secret), None, None, None] => match way.or(of_preset).as_deref() {
                None => Ok(Self::Secret(secret)),
                Some("basic") => Ok(Self::Basic(secret)),
                Some("post") => Ok(Self::Post(secret)),
                Some(_) => Err(table.wrong("client_auth", "is \"basic\" or \"post\"")),
            },
            [None, Some(text), None, None] => Ok(Self::Key(Box::new(Key {
                text,
                id: table.text("key_id")?,
                certificate: table.text("certificate")?.map(PathBuf::from),
            }))),
            [None, None, Some(file), None] => Ok(Self::Account(file)),
            [None, None, None, Some(assertion)] => Ok(Self::Assertion(assertion)),
            _ => Err(table.wrong(
                "client_secret",
                "is one of four: `client_secret`, `private_key`, `service_account` or `client_assertion`",
            )),
        }
    }

    /// The key that signs, with a name; `None` if the profile has no key.
    pub(super) fn named_key(&self) -> Option<auth_all::Result<SigningKey>> {
        if !matches!(self, Self::Key(_) | Self::Account(_)) {
            return None;
        }
        Some(self.key().map(|key| match key.jwk().contains("\"kid\":") {
            true => key,
            false => {
                let thumbprint = key.thumbprint();
                key.key_id(thumbprint)
            }
        }))
    }

    /// The key that signs.
    pub(super) fn key(&self) -> auth_all::Result<SigningKey> {
        let settings = match self {
            Self::Key(key) => key,
            Self::Account(file) => return Ok(ServiceAccount::from_json(file)?.key()),
            _ => return Err(Error::configuration("`private_key` is required")),
        };
        let text = settings.text.read()?;
        let mut key = match text.expose().trim_start().starts_with('{') {
            true => SigningKey::from_jwk(&text)?,
            false => SigningKey::from_pem(&text)?,
        };
        if let Some(id) = &settings.id {
            key = key.key_id(id);
        }
        if let Some(path) = &settings.certificate {
            let certificate = fs::read(path)
                .map_err(|error| Error::configuration(format!("{}: {error}", path.display())))?;
            key = key.certificate(certificate);
        }
        Ok(key)
    }
}
