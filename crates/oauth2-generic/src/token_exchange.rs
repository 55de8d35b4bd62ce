//! The client has a token, and needs another.

use auth_core::grant::{Identity, TokenRequest};
use auth_core::{Error, Grant, Result, Secret};

use crate::client::{Client, left_to_client};

/// The token exchange grant (RFC 8693): a token for another API, with less scope, or on behalf of
/// somebody, for a token that is there.
///
/// What the server issued is in `token.extra("issued_token_type")`. It is an access token that an API
/// takes; servers that issue anything else by this grant are not served.
///
/// ```
/// use oauth2_generic::{Client, Session, TokenExchange};
///
/// let session = Session::new(TokenExchange {
///     client: Client {
///         token_endpoint: "https://login.example.com/token".into(),
///         client_id: "gateway".into(),
///         client_secret: "s3cret".into(),
///         audience: "orders".into(),
///         ..Client::default()
///     },
///     subject_token: "the token that the gateway was shown".into(),
///     resource_owner: "jsmith".into(),
///     ..TokenExchange::default()
/// });
/// # let _ = session;
/// ```
#[derive(Clone, Debug, Default)]
pub struct TokenExchange {
    /// The client, and the server that knows it; its `audience` and `resource` say what for.
    pub client: Client,
    /// The token of whoever the new one is for.
    pub subject_token: Secret,
    /// What kind of token that is. Empty: an access token.
    pub subject_token_type: String,
    /// The token of whoever acts for them. Empty: nobody does.
    pub actor_token: Secret,
    /// What kind of token that is. Empty: an access token.
    pub actor_token_type: String,
    /// What kind of token is wanted. Empty: what the server gives unasked.
    pub requested_token_type: String,
    /// Whose token it is, in your words, and who acts for them, if somebody does. It is not sent; it
    /// tells the tokens of your users apart, and it must be set: the tokens themselves are secrets, and
    /// no secret is part of an identity.
    pub resource_owner: String,
}

impl Grant for TokenExchange {
    fn identity(&self) -> Identity {
        self.client
            .identity()
            .with("grant_type", "token-exchange")
            .with("requested_token_type", &self.requested_token_type)
            .with("resource_owner", &self.resource_owner)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        if self.resource_owner.is_empty() {
            return Err(Error::configuration(
                "`resource_owner` is empty; say whose token it is, so that nobody gets another's",
            ));
        }
        let mut request = self
            .client
            .request(GRANT_TYPE, &self.client.and_scope(OWN))?
            .param("subject_token", &self.subject_token)
            .param("subject_token_type", kind(&self.subject_token_type));
        if !self.actor_token.is_empty() {
            request = request
                .param("actor_token", &self.actor_token)
                .param("actor_token_type", kind(&self.actor_token_type));
        }
        Ok(request
            .optional("requested_token_type", &self.requested_token_type)
            .optional("scope", &self.client.scope))
    }

    left_to_client!(client, for_client);
}

fn kind(named: &str) -> &str {
    if named.is_empty() {
        ACCESS_TOKEN
    } else {
        named
    }
}

const OWN: &[&str] = &[
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
];
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
