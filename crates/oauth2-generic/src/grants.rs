//! Grants of RFC 6749 without a redirect, and the token exchange.

use auth_core::grant::{Identity, Policy, RevokedToken, TokenRequest};
use auth_core::secret::SecretSource;
use auth_core::{Error, Grant, Result};

use crate::client::{Client, optional};

/// The methods of [`Grant`] that are the client's: the arguments are the field that holds it, and the constructor of
/// [`Policy`] for the kind of login.
macro_rules! left_to_client {
    ($client:ident, $kind_of_login:ident) => {
        fn policy(&self) -> auth_core::grant::Policy {
            self.$client
                .policy(auth_core::grant::Policy::$kind_of_login())
        }

        fn refresh_request(
            &self,
            refresh_token: &auth_core::Secret,
        ) -> auth_core::Result<auth_core::grant::TokenRequest> {
            self.$client.refresh_request(refresh_token)
        }

        fn revocation_request(
            &self,
            token: auth_core::grant::RevokedToken<'_>,
        ) -> auth_core::Result<Option<auth_core::grant::TokenRequest>> {
            self.$client.revocation_request(token)
        }
    };
}

#[cfg_attr(
    not(feature = "jwt"),
    expect(unused_imports, reason = "for `JwtBearer`")
)]
pub(crate) use left_to_client;

/// The client acts for itself, without a user (RFC 6749 §4.4).
///
/// A refresh token has no use here; when the token expires, the client logs in again.
///
/// ```
/// use oauth2_generic::{Client, ClientCredentials, Server, Session, secret};
///
/// let server = Server::new("https://login.example.com/token");
/// let client = Client::new(server, "batch").secret(secret::env("CLIENT_SECRET"));
/// let session = Session::new(ClientCredentials::new(client));
/// # let _ = session;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientCredentials {
    client: Client,
}

impl ClientCredentials {
    /// Tokens for this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Grant for ClientCredentials {
    fn identity(&self) -> Identity {
        // Named, so that a service's own token is never taken for that of a user.
        let grant_type = "client_credentials";
        self.client.identity().with("grant_type", grant_type)
    }

    fn policy(&self) -> Policy {
        self.client.policy(Policy::for_client())
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let own = self.client.and_scope(&[]);
        let request = self.client.request("client_credentials", &own)?;
        Ok(optional(request, "scope", self.client.wanted_scope()))
    }

    fn revocation_request(&self, token: RevokedToken<'_>) -> Result<Option<TokenRequest>> {
        self.client.revocation_request(token)
    }
}

/// The client knows a user's password (RFC 6749 §4.3).
///
/// Where the server issues a refresh token, keep that rather than the password; see [`RefreshToken`].
///
/// ```
/// use oauth2_generic::{Client, Password, Server, Session, secret};
///
/// let client = Client::new(Server::new("https://api.example.com/token"), "BA779C49");
/// let session = Session::new(Password::new(client, "jsmith", secret::env("PASSWORD")));
/// # let _ = session;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Password {
    client: Client,
    username: String,
    password: SecretSource,
}

impl Password {
    /// Tokens for this user.
    pub fn new(
        client: Client,
        username: impl Into<String>,
        password: impl Into<SecretSource>,
    ) -> Self {
        Self {
            client,
            username: username.into(),
            password: password.into(),
        }
    }
}

impl Grant for Password {
    fn identity(&self) -> Identity {
        self.client.identity().user(Some(&self.username))
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let own = self.client.and_scope(&["username", "password"]);
        let request = self.client.request("password", &own)?;
        let request = request
            .param("username", &self.username)
            .secret("password", &self.password);
        Ok(optional(request, "scope", self.client.wanted_scope()))
    }

    left_to_client!(client, for_password);
}

/// A user has logged in before: the session lives on refresh tokens (RFC 6749 §6).
///
/// The session gets the first refresh token, or the tokens of a login that has just happened, and replaces it whenever
/// the server issues another:
///
/// ```
/// use oauth2_generic::{Client, RefreshToken, Server, Session, secret};
///
/// # let kept = oauth2_generic::Secret::new("C0fJeyBPMXOTuSTh");
/// let client = Client::new(Server::new("https://login.example.com/token"), "app");
/// let session = Session::builder(RefreshToken::new(client).user("jsmith"))
///     .refresh_token(kept)
///     .build()?;
/// # let _ = session;
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RefreshToken {
    client: Client,
    user: Option<String>,
}

impl RefreshToken {
    /// Tokens for a user of this client.
    pub fn new(client: Client) -> Self {
        let user = None;
        Self { client, user }
    }

    /// Names the user, in words of your own. It is not sent; it is part of the identity, and a store needs it: the same
    /// name on every start finds the login again, and users with one name would share it.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.user = Some(name.into());
        self
    }
}

impl Grant for RefreshToken {
    fn identity(&self) -> Identity {
        self.client.identity().user(self.user.as_deref())
    }

    fn login_request(&self) -> Result<TokenRequest> {
        Err(Error::no_credentials())
    }

    left_to_client!(client, for_interactive);
}

/// A token is traded for another (RFC 8693): for another API, with less scope, or on behalf of a user.
///
/// `audience` and `resource` of the [`Client`] name the target. The type of the issued token is in
/// `token.extra("issued_token_type")`; it is an access token that an API accepts, and servers that issue anything else
/// by this grant are not supported.
///
/// ```
/// use oauth2_generic::{Client, SecurityToken, Server, Session, TokenExchange, secret};
///
/// # let shown = oauth2_generic::Secret::new("the token of a request");
/// let client = Client::new(Server::new("https://login.example.com/token"), "gateway")
///     .secret(secret::env("CLIENT_SECRET"))
///     .audience("orders");
/// let session = Session::new(TokenExchange::new(client, SecurityToken::access_token(shown)).user("jsmith"));
/// # let _ = session;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenExchange {
    client: Client,
    subject: SecurityToken,
    actor: Option<SecurityToken>,
    requested_type: Option<String>,
    user: Option<String>,
}

impl TokenExchange {
    /// Trades the subject's token for one of this client's.
    pub fn new(client: Client, subject: SecurityToken) -> Self {
        Self {
            client,
            subject,
            actor: None,
            requested_type: None,
            user: None,
        }
    }

    /// Sets the token of the party that acts for the subject.
    pub fn actor(mut self, token: SecurityToken) -> Self {
        self.actor = Some(token);
        self
    }

    /// Sets the type of the requested token, by its URN. Default: the server's own choice.
    pub fn requested_token_type(mut self, urn: impl Into<String>) -> Self {
        self.requested_type = Some(urn.into());
        self
    }

    /// Names the subject, and the actor if there is one, in words of your own. It is not sent; it is part of the
    /// identity, and a store needs it: the tokens themselves are secrets, which no identity holds.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.user = Some(name.into());
        self
    }
}

impl Grant for TokenExchange {
    fn identity(&self) -> Identity {
        self.client
            .identity()
            .with("grant_type", "token-exchange")
            .with_optional("requested_token_type", self.requested_type.as_deref())
            .user(self.user.as_deref())
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let own = self.client.and_scope(&[
            "subject_token",
            "subject_token_type",
            "actor_token",
            "actor_token_type",
            "requested_token_type",
        ]);
        let mut request = self
            .client
            .request("urn:ietf:params:oauth:grant-type:token-exchange", &own)?
            .secret("subject_token", &self.subject.token)
            .param("subject_token_type", &self.subject.urn);
        if let Some(actor) = &self.actor {
            request = request
                .secret("actor_token", &actor.token)
                .param("actor_token_type", &actor.urn);
        }
        let requested_type = self.requested_type.as_deref();
        let request = optional(request, "requested_token_type", requested_type);
        Ok(optional(request, "scope", self.client.wanted_scope()))
    }

    left_to_client!(client, for_client);
}

/// Token that is traded, and its type (RFC 8693 §3).
///
/// ```
/// use oauth2_generic::{SecurityToken, secret};
///
/// let workload = SecurityToken::jwt(secret::file("/var/run/secrets/tokens/workload"));
/// # let _ = workload;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SecurityToken {
    token: SecretSource,
    urn: String,
}

impl SecurityToken {
    /// An access token.
    pub fn access_token(token: impl Into<SecretSource>) -> Self {
        Self::of_type("urn:ietf:params:oauth:token-type:access_token", token)
    }

    /// A JWT, such as a workload's identity.
    pub fn jwt(token: impl Into<SecretSource>) -> Self {
        Self::of_type("urn:ietf:params:oauth:token-type:jwt", token)
    }

    /// A token of another type, by its URN.
    pub fn of_type(urn: impl Into<String>, token: impl Into<SecretSource>) -> Self {
        Self {
            token: token.into(),
            urn: urn.into(),
        }
    }
}
