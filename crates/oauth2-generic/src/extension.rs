//! Grant types of the server's own.

use auth_core::grant::{Identity, Policy, RevokedToken, TokenRequest};
use auth_core::secret::SecretSource;
use auth_core::{Error, Grant, Result, Secret};

use crate::client::{Client, Own, optional, repeated};

/// An extension grant (RFC 6749 §4.5): a grant type, and parameters that the server documents for it.
///
/// The right constructor depends on the credentials among the parameters; the session decides by it what a refusal
/// means. [`for_client`](ExtensionGrant::for_client): the client's own, as in Zoom's `account_credentials`.
/// [`for_password`](ExtensionGrant::for_password): a user's password or PIN, whose account too many tries would lock.
///
/// ```
/// use oauth2_generic::{Client, ClientAuth, ExtensionGrant, Server, Session, secret};
///
/// let client = Client::new(Server::new("https://zoom.us/oauth/token"), "batch")
///     .auth(ClientAuth::basic(secret::env("CLIENT_SECRET")))
///     .api("https://api.zoom.us");
/// let grant = ExtensionGrant::for_client(client, "account_credentials").param("account_id", "acc");
/// let session = Session::new(grant);
/// # let _ = session;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ExtensionGrant {
    client: Client,
    grant_type: String,
    params: Vec<(String, String)>,
    secrets: Vec<(String, SecretSource)>,
    is_of_user: bool,
    user: Option<String>,
}

impl ExtensionGrant {
    /// Logs in with credentials of the client. A refused login is tried again, after a back-off that grows to an
    /// hour.
    pub fn for_client(client: Client, grant_type: impl Into<String>) -> Self {
        Self::new(client, grant_type.into(), false)
    }

    /// Logs in with a user's password, PIN or one-time password. A refused login is remembered, so that the account is
    /// not locked. A store needs the [`user`](ExtensionGrant::user).
    pub fn for_password(client: Client, grant_type: impl Into<String>) -> Self {
        Self::new(client, grant_type.into(), true)
    }

    /// Adds a parameter of the login. It is part of the identity: another value gets another token.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Adds a secret parameter of the login. It is not part of the identity.
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<SecretSource>) -> Self {
        self.secrets.push((name.into(), value.into()));
        self
    }

    /// Names the user, in words of your own. It is not sent; it is part of the identity.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.user = Some(name.into());
        self
    }

    fn new(client: Client, grant_type: String, is_of_user: bool) -> Self {
        Self {
            client,
            grant_type,
            params: Vec::new(),
            secrets: Vec::new(),
            is_of_user,
            user: None,
        }
    }
}

impl Grant for ExtensionGrant {
    fn identity(&self) -> Identity {
        let identity = self.client.identity().with("grant_type", &self.grant_type);
        let params = self.params.iter();
        let identity = params.fold(identity, |identity, (name, value)| {
            identity.with(name, value)
        });
        if self.is_of_user {
            identity.user(self.user.as_deref())
        } else {
            identity.with_optional("user", self.user.as_deref())
        }
    }

    fn policy(&self) -> Policy {
        self.client.policy(if self.is_of_user {
            Policy::for_password()
        } else {
            Policy::for_client()
        })
    }

    fn login_request(&self) -> Result<TokenRequest> {
        if self.grant_type.is_empty() {
            return Err(Error::configuration(
                "the `grant_type` of `ExtensionGrant` is empty; the server's documents name it",
            ));
        }
        let names = self.params.iter().map(|(name, _)| name.as_str());
        let names = names.chain(self.secrets.iter().map(|(name, _)| name.as_str()));
        let mut own: Vec<&str> = names.collect();
        let by_client = |name: &&&str| self.client.sets(name, Own::from(&[][..]));
        if let Some(name) = own.iter().find(by_client) {
            return Err(repeated(name, "ExtensionGrant"));
        }
        let scope = self
            .client
            .wanted_scope()
            .filter(|_| !own.contains(&"scope"));
        own.extend(scope.map(|_| "scope"));
        let mut request = self.client.request(&self.grant_type, &own)?;
        for (name, value) in &self.params {
            request = request.param(name.clone(), value);
        }
        for (name, value) in &self.secrets {
            request = request.secret(name.clone(), value);
        }
        Ok(optional(request, "scope", scope))
    }

    fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
        self.client.refresh_request(refresh_token)
    }

    fn revocation_request(&self, token: RevokedToken<'_>) -> Result<Option<TokenRequest>> {
        self.client.revocation_request(token)
    }
}
