//! The client acts for itself.

use auth_core::{Grant, Identity, Prover, Result, Revoked, Secret, TokenResponse, Transport};

use crate::client::Client;

/// The client credentials grant: a token for the client itself, without any user (RFC 6749 §4.4).
///
/// A refresh token has no use here; when the token expires, the client asks for another.
///
/// ```
/// use oauth2_generic::{Client, ClientCredentials, Session};
///
/// let session = Session::new(ClientCredentials {
///     client: Client {
///         token_endpoint: "https://login.example.com/token".into(),
///         client_id: "batch".into(),
///         client_secret: "s3cret".into(),
///         ..Client::default()
///     },
/// });
/// # let _ = session;
/// ```
#[derive(Clone, Debug, Default)]
pub struct ClientCredentials {
    /// The client, and the server that knows it.
    pub client: Client,
}

impl Grant for ClientCredentials {
    fn identity(&self) -> Identity {
        // Named, so that a service's own token is never taken for that of a user.
        self.client.identity().with("grant_type", GRANT_TYPE)
    }

    fn obtain(&self, http: &dyn Transport) -> Result<TokenResponse> {
        self.client
            .request(GRANT_TYPE)?
            .optional("scope", &self.client.scope)
            .send(http)
    }

    fn credentials(&self) -> Vec<&Secret> {
        self.client.credentials(None)
    }

    fn revoke(&self, token: Revoked<'_>, http: &dyn Transport) -> Result<()> {
        self.client.revoke(token, http)
    }

    fn prover(&self) -> Option<&dyn Prover> {
        self.client.prover()
    }

    fn origins(&self) -> Vec<String> {
        self.client.origins()
    }

    fn is_rejection(&self, status: u16) -> bool {
        self.client.is_rejection(status)
    }
}

const GRANT_TYPE: &str = "client_credentials";
