//! The client acts for itself.

use auth_core::grant::{Identity, Policy, RevokedToken, TokenRequest};
use auth_core::{Grant, Result};

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

    fn policy(&self) -> Policy {
        self.client.policy(Policy::for_client())
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let request = self
            .client
            .request(GRANT_TYPE, &self.client.and_scope(&[]))?;
        Ok(request.optional("scope", &self.client.scope))
    }

    fn revocation_request(&self, token: RevokedToken<'_>) -> Result<Option<TokenRequest>> {
        self.client.revocation_request(token)
    }
}

const GRANT_TYPE: &str = "client_credentials";
