//! The key file of a service account, as Google Cloud writes it.

use auth_core::secret::SecretSource;
use auth_core::{Error, Result, Secret};

use crate::client::Client;
use crate::json;
use crate::jwt_bearer::JwtBearer;
use crate::server::Server;
use crate::signing_key::SigningKey;

/// A service account, from the JSON file with its key that Google Cloud writes.
///
/// ```no_run
/// use oauth2_generic::{ServiceAccount, Session, secret};
///
/// let account = ServiceAccount::from_json(secret::file("service-account.json"))?;
/// let client = account.client()
///     .scope("https://www.googleapis.com/auth/devstorage.read_only")
///     .api("https://storage.googleapis.com");
/// let session = Session::new(account.grant(client));
/// # let _ = session;
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
///
/// With delegation, [`JwtBearer::subject`] of the grant names the user that it acts for. The file is read once: a
/// rotated key needs a new session.
#[derive(Clone, Debug)]
#[must_use]
pub struct ServiceAccount {
    email: String,
    token_uri: String,
    key: SigningKey,
}

impl ServiceAccount {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the source cannot be read, or its text is not the key file of a service account; the
    /// message quotes nothing of it.
    pub fn from_json(json: impl Into<SecretSource>) -> Result<Self> {
        let text = json.into().read()?;
        let file = json::object(text.expose())
            .map_err(|_| Error::configuration("the key file of the service account is not JSON"))?;
        let member = |name: &str| {
            let text = file.text(name).map(Secret::expose);
            text.map(str::to_owned).ok_or_else(|| {
                Error::configuration(format!(
                    "the key file of the service account has no `{name}`; Google Cloud writes the file when a key is made"
                ))
            })
        };
        let kind = member("type")?;
        if kind != "service_account" {
            return Err(Error::configuration(
                "the file is not the key of a service account: its `type` is another",
            ));
        }
        let pem = file.text("private_key").cloned();
        let pem = pem.ok_or_else(|| {
            Error::configuration("the key file of the service account has no `private_key`")
        })?;
        Ok(Self {
            email: member("client_email")?,
            token_uri: member("token_uri")?,
            key: SigningKey::from_pem(pem)?.key_id(member("private_key_id")?),
        })
    }

    /// Returns the e-mail address, which is the client's id.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Returns the key that signs.
    pub fn key(&self) -> SigningKey {
        self.key.clone()
    }

    /// Makes a client at the server that the file names; set its scope and its APIs.
    pub fn client(&self) -> Client {
        Client::new(Server::new(&self.token_uri), &self.email)
    }

    /// Makes the grant of a client of this account, with the scope in the assertion.
    pub fn grant(&self, client: Client) -> JwtBearer {
        JwtBearer::new(client, self.key())
            .without_subject()
            .scope_in_claims()
    }
}
