//! The client signs for whom it wants a token.

use auth_core::grant::{Identity, TokenRequest};
use auth_core::{Grant, Result};

use crate::assertion::{Assertions, assertion_settings};
use crate::client::{Client, left_to_client};
use crate::signing_key::SigningKey;

/// The JWT bearer grant (RFC 7523 §2.1): the client signs an assertion that names the user it acts for, and trades it
/// for a token. Google's service accounts, Salesforce, `DocuSign` and others log batch jobs in like this.
///
/// The assertion identifies the client, so a client without a secret sends nothing else about itself; a server that
/// wants `client_id` beside it gets it by [`client_id_in_body`](Client::client_id_in_body).
///
/// ```no_run
/// use oauth2_generic::{Client, JwtBearer, Session, SigningKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client {
///     token_endpoint: "https://login.salesforce.com/services/oauth2/token".into(),
///     client_id: "3MVG9…".into(),
///     ..Client::default()
/// };
/// let key = SigningKey::from_pkcs8_pem(std::fs::read_to_string("client.pem")?)?;
/// let grant = JwtBearer::new(client, key)
///     .subject("jsmith@example.com")
///     .audience("https://login.salesforce.com");
/// let session = Session::new(grant);
/// # let _ = session;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct JwtBearer {
    client: Client,
    subject: Option<String>,
    claims: Vec<(String, String)>,
    assertions: Assertions,
}

impl JwtBearer {
    /// Assertions of this client, signed with this key. The client's `client_id` is their issuer (`iss`).
    #[must_use]
    pub fn new(client: Client, key: SigningKey) -> Self {
        let (subject, claims) = (None, Vec::new());
        Self {
            client,
            subject,
            claims,
            assertions: Assertions::new(key),
        }
    }

    /// Sets the user that the client acts for (`sub`). Default: the client itself.
    ///
    /// An empty one leaves the claim out, as Google wants it of a service account that acts for itself.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Adds a claim, such as the `scope` that Google reads there. It is part of the identity: another value gets
    /// another token.
    ///
    /// It replaces `iss` and `sub`; `aud`, `jti`, `iat` and `exp` have settings of their own and are not replaced.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.claims.push((name.into(), value.into()));
        self
    }

    assertion_settings!();

    fn named(&self) -> &str {
        self.subject.as_deref().unwrap_or(&self.client.client_id)
    }
}

impl Grant for JwtBearer {
    fn identity(&self) -> Identity {
        let identity = self.client.identity().with("grant_type", "jwt-bearer");
        let identity = identity.with("subject", self.named());
        let claims = self.claims.iter();
        claims.fold(identity, |identity, (name, value)| {
            identity.with(name, value)
        })
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let own = self.client.and_scope(&["assertion"]);
        let request = if self.client.is_shown_by_id_alone() {
            self.client.anonymous_request(GRANT_TYPE, &own)?
        } else {
            self.client.request(GRANT_TYPE, &own)?
        };
        let claims = [
            ("iss", self.client.client_id.as_str()),
            ("sub", self.named()),
        ];
        let claims = claims.into_iter().filter(|(_, value)| !value.is_empty());
        let further = self.claims.iter();
        let claims = claims
            .chain(further.map(|(name, value)| (name.as_str(), value.as_str())))
            .map(|(name, value)| (name.to_owned(), value.into()));
        let assertions = &self.assertions;
        let request = assertions.add("assertion", claims.collect(), &self.client, request);
        Ok(request.optional("scope", &self.client.scope))
    }

    left_to_client!(client, for_client);
}

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
