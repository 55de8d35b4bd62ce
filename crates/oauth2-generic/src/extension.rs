//! A grant type of the server's own.

use auth_core::grant::{Identity, Policy, RevokedToken, TokenRequest};
use auth_core::{Error, Grant, Result, Secret};

use crate::client::{Client, Own, stands_twice};

/// An extension grant (RFC 6749 §4.5): a grant type, and parameters that the server documents for it.
///
/// Which constructor is right depends on whose credentials the parameters are; it tells the session what a refusal
/// means. [`for_client`](ExtensionGrant::for_client): the client's own, as in Zoom's `account_credentials`.
/// [`for_password`](ExtensionGrant::for_password): a person's password or PIN, whose account too many tries would lock.
///
/// ```
/// use oauth2_generic::{Client, ClientAuth, ExtensionGrant, Session};
///
/// let client = Client {
///     token_endpoint: "https://zoom.us/oauth/token".into(),
///     client_id: "batch".into(),
///     client_secret: "s3cret".into(),
///     client_auth: ClientAuth::Basic,
///     origins: vec!["https://api.zoom.us".into()],
///     ..Client::default()
/// };
/// let grant = ExtensionGrant::for_client(client, "account_credentials").param("account_id", "acc");
/// let session = Session::new(grant);
/// # let _ = session;
/// ```
#[derive(Clone, Debug)]
pub struct ExtensionGrant {
    client: Client,
    grant_type: String,
    parameters: Vec<(String, String)>,
    secrets: Vec<(String, Secret)>,
    resource_owner: Option<String>,
}

impl ExtensionGrant {
    /// Logs in with credentials of the client. A refused login is tried again, after a back-off that grows to an
    /// hour.
    #[must_use]
    pub fn for_client(client: Client, grant_type: impl Into<String>) -> Self {
        Self::new(client, grant_type.into(), None)
    }

    /// Logs in with a person's password, PIN or one-time password. A refused login is remembered, so that the
    /// account does not get locked.
    ///
    /// `resource_owner` is the user, in your words. It is not sent; it tells the logins of your users apart. Empty is
    /// for a session without a store.
    #[must_use]
    pub fn for_password(
        client: Client,
        grant_type: impl Into<String>,
        resource_owner: impl Into<String>,
    ) -> Self {
        Self::new(client, grant_type.into(), Some(resource_owner.into()))
    }

    /// Adds a parameter of the login. It is part of the identity: another value gets another token.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Adds a secret parameter of the login. It is no part of the identity.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.secrets.push((name.into(), value.into()));
        self
    }

    fn new(client: Client, grant_type: String, resource_owner: Option<String>) -> Self {
        Self {
            client,
            grant_type,
            parameters: Vec::new(),
            secrets: Vec::new(),
            resource_owner,
        }
    }
}

impl Grant for ExtensionGrant {
    fn identity(&self) -> Identity {
        let identity = self.client.identity().with("grant_type", &self.grant_type);
        let parameters = self.parameters.iter();
        let identity = parameters.fold(identity, |identity, (name, value)| {
            identity.with(name, value)
        });
        identity.with(
            "resource_owner",
            self.resource_owner.as_deref().unwrap_or_default(),
        )
    }

    fn is_nameless(&self) -> bool {
        self.resource_owner.as_deref() == Some("")
    }

    fn policy(&self) -> Policy {
        self.client.policy(match self.resource_owner {
            Some(_) => Policy::for_password(),
            None => Policy::for_client(),
        })
    }

    fn login_request(&self) -> Result<TokenRequest> {
        if self.grant_type.is_empty() {
            return Err(Error::configuration(
                "the grant type of `ExtensionGrant` is empty; the server's documents name it",
            ));
        }
        let names = self.parameters.iter().map(|(name, _)| name.as_str());
        let names = names.chain(self.secrets.iter().map(|(name, _)| name.as_str()));
        let mut own: Vec<&str> = names.collect();
        if let Some(name) = own
            .iter()
            .find(|name| self.client.sets(name, Own::from(&[][..])))
        {
            return Err(stands_twice(name, "ExtensionGrant"));
        }
        let scope = if own.contains(&"scope") {
            ""
        } else {
            &self.client.scope
        };
        if !scope.is_empty() {
            own.push("scope");
        }
        let mut request = self.client.request(&self.grant_type, &own)?;
        for (name, value) in &self.parameters {
            request = request.param(name.clone(), value);
        }
        for (name, value) in &self.secrets {
            request = request.param(name.clone(), value);
        }
        Ok(request.optional("scope", scope))
    }

    fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
        self.client.refresh_request(refresh_token)
    }

    fn revocation_request(&self, token: RevokedToken<'_>) -> Result<Option<TokenRequest>> {
        self.client.revocation_request(token)
    }
}
