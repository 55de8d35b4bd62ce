//! The client signs for the user that it acts for.

use auth_core::grant::{Identity, TokenRequest};
use auth_core::{Grant, Result};

use crate::assertion::Assertions;
use crate::client::{Client, optional};
use crate::grants::left_to_client;
use crate::signing_key::SigningKey;

/// A signed assertion is traded for a token (RFC 7523 §2.1): it names the user that the client acts for. Service
/// accounts of Google, and batch jobs at Salesforce, `DocuSign` and others, log in like this.
///
/// The assertion names the client, so a client without a secret sends nothing else about itself; a server that also
/// requires `client_id` gets it by [`client_id_in_body`](Client::client_id_in_body).
///
/// ```no_run
/// use oauth2_generic::{Client, JwtBearer, Server, Session, SigningKey, secret};
///
/// let server = Server::new("https://login.salesforce.com/services/oauth2/token");
/// let key = SigningKey::from_pem(secret::file("client.pem"))?;
/// let grant = JwtBearer::new(Client::new(server, "3MVG9…"), key)
///     .subject("jsmith@example.com")
///     .audience("https://login.salesforce.com");
/// let session = Session::new(grant);
/// # let _ = session;
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct JwtBearer {
    client: Client,
    key: SigningKey,
    subject: Subject,
    audience: Option<String>,
    claims: Vec<(String, String)>,
    scope_in_claims: bool,
}

#[derive(Clone, Debug)]
enum Subject {
    Client,
    User(String),
    None,
}

impl JwtBearer {
    /// Assertions of this client, signed with this key. Their issuer (`iss`) is the client's id.
    pub fn new(client: Client, key: SigningKey) -> Self {
        Self {
            client,
            key,
            subject: Subject::Client,
            audience: None,
            claims: Vec::new(),
            scope_in_claims: false,
        }
    }

    /// Sets the user that the client acts for (`sub`). Default: the client itself.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Subject::User(subject.into());
        self
    }

    /// Leaves `sub` out, as Google requires of a service account that acts for itself.
    pub fn without_subject(mut self) -> Self {
        self.subject = Subject::None;
        self
    }

    /// Sets the audience (`aud`). Default: the server's issuer, or the token endpoint where the issuer is not known.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Adds a claim, such as the `scope` that Google reads there. It is part of the identity: another value gets
    /// another token.
    ///
    /// It replaces `iss` and `sub`; `aud`, `jti`, `iat` and `exp` have settings of their own and are not replaced.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.claims.push((name.into(), value.into()));
        self
    }

    /// Puts the client's scope into the assertion instead of the request, as Google and `DocuSign` require.
    pub fn scope_in_claims(mut self) -> Self {
        self.scope_in_claims = true;
        self
    }

    fn named(&self) -> Option<&str> {
        match &self.subject {
            Subject::Client => Some(self.client.id()),
            Subject::User(user) => Some(user),
            Subject::None => None,
        }
    }
}

impl Grant for JwtBearer {
    fn identity(&self) -> Identity {
        let identity = self.client.identity().with("grant_type", "jwt-bearer");
        let identity = identity.with_optional("subject", self.named());
        let claims = self.claims.iter();
        claims.fold(identity, |identity, (name, value)| {
            identity.with(name, value)
        })
    }

    fn login_request(&self) -> Result<TokenRequest> {
        if self.named() == Some("") {
            return Err(auth_core::Error::configuration(
                "`subject` is empty; set it, or call `without_subject`",
            ));
        }
        let own = self.client.and_scope(&["assertion"]);
        let request = if self.client.is_named_by_id_alone() {
            self.client.anonymous_request(GRANT_TYPE, &own)?
        } else {
            self.client.request(GRANT_TYPE, &own)?
        };
        let subject = self.named().map(|subject| ("sub", subject));
        let scope = self.client.wanted_scope();
        let claimed = scope.filter(|_| self.scope_in_claims);
        let further = self.claims.iter();
        let claims = [("iss", self.client.id())].into_iter().chain(subject);
        let claims = claims
            .chain(claimed.map(|scope| ("scope", scope)))
            .chain(further.map(|(name, value)| (name.as_str(), value.as_str())))
            .map(|(name, value)| (name.to_owned(), value.into()));
        let assertions = Assertions {
            key: &self.key,
            audience: self.audience.as_deref(),
        };
        let request = assertions.add("assertion", claims.collect(), &self.client, request)?;
        let sent = scope.filter(|_| !self.scope_in_claims);
        Ok(optional(request, "scope", sent))
    }

    left_to_client!(client, for_client);
}

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
