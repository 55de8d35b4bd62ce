//! The client knows the user's password.

use auth_core::grant::{Identity, TokenRequest};
use auth_core::{Grant, Result, Secret};

use crate::client::{Client, left_to_client};

/// The resource owner password credentials grant (RFC 6749 §4.3).
///
/// Keep the refresh token rather than the password where the server gives one; see
/// [`RefreshToken`](crate::RefreshToken).
///
/// ```
/// use oauth2_generic::{Client, Encoding, Password, Session};
///
/// let session = Session::new(Password {
///     client: Client {
///         token_endpoint: "https://api.example.com/token".into(),
///         client_id: "BA779C49".into(),
///         client_secret: "4AD3CE00".into(),
///         body: Encoding::Json,
///         ..Client::default()
///     },
///     username: "jsmith".into(),
///     password: "password123".into(),
/// });
/// # let _ = session;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Password {
    /// The client, and the server that knows it.
    pub client: Client,
    /// The resource owner's name.
    pub username: String,
    /// The resource owner's password.
    pub password: Secret,
}

impl Grant for Password {
    fn identity(&self) -> Identity {
        self.client
            .identity()
            .with("resource_owner", &self.username)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let request = self.client.request(
            "password",
            &self.client.and_scope(&["username", "password"]),
        )?;
        Ok(request
            .param("username", &self.username)
            .param("password", &self.password)
            .optional("scope", &self.client.scope))
    }

    left_to_client!(client, for_password);
}
