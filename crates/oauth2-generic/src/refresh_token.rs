//! The client kept a refresh token.

use auth_core::error::LoginReason;
use auth_core::grant::{Identity, TokenRequest};
use auth_core::{Error, Grant, Result};

use crate::client::{Client, left_to_client};

/// The refresh token grant: a session from a refresh token that was kept (RFC 6749 §6).
///
/// The token itself is handed to the session, which replaces it whenever the server sends another:
///
/// ```
/// use oauth2_generic::{Client, RefreshToken, Session};
///
/// let grant = RefreshToken {
///     client: Client {
///         token_endpoint: "https://login.example.com/token".into(),
///         client_id: "app".into(),
///         ..Client::default()
///     },
///     resource_owner: "jsmith".into(),
/// };
/// let session = Session::builder(grant).refresh_token("C0fJeyBPMXOTuSTh").build();
/// # let _ = session;
/// ```
#[derive(Clone, Debug, Default)]
pub struct RefreshToken {
    /// The client that the refresh token was given to, and the server that gave it.
    pub client: Client,
    /// Whose token it is, in your words. It is not sent; it tells the tokens of your users apart.
    ///
    /// Empty is for a session without a store: a login of nobody in particular is not kept, since whoever came
    /// second would be handed it.
    pub resource_owner: String,
}

impl Grant for RefreshToken {
    fn identity(&self) -> Identity {
        self.client
            .identity()
            .with("resource_owner", &self.resource_owner)
    }

    fn is_nameless(&self) -> bool {
        self.resource_owner.is_empty()
    }

    fn login_request(&self) -> Result<TokenRequest> {
        Err(Error::login_required(LoginReason::NoCredentials))
    }

    left_to_client!(client, for_interactive);
}
