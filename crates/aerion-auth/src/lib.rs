#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// On docs.rs each item shows the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod tenant;

use std::time::Duration;

use auth_core::grant::{Identity, Policy, ResponseFormat, TokenRequest};
use auth_core::secret::SecretSource;

pub use auth_core;
#[doc(no_inline)]
pub use auth_core::*;
pub use tenant::TenantHeader;

/// Aerion's token endpoint (vendor document: "Authentication").
///
/// Log in with [`password`](Aerion::password), or set only the [`username`](Aerion::username) and give the session a
/// refresh token, such as one that a web single sign-on left behind.
///
/// ```
/// use aerion_auth::{Aerion, Session, secret};
///
/// let aerion = Aerion::new("acme").password("ada@example.com", secret::env("AERION_PASSWORD"));
/// let session = Session::new(aerion);
/// # let _ = session;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Aerion {
    company: String,
    tenant_header: TenantHeader,
    username: Option<String>,
    password: Option<SecretSource>,
    app: (String, SecretSource),
    base: Option<String>,
}

impl Aerion {
    /// Your company: its name (`acme`), its host (`acme.aerion.app`) or its URL.
    pub fn new(company: impl Into<String>) -> Self {
        Self {
            company: company.into(),
            tenant_header: TenantHeader::default(),
            username: None,
            password: None,
            app: ("auth-all".to_owned(), Secret::new("unused").into()),
            base: None,
        }
    }

    /// Logs in as this user. Default: no login; the session needs a refresh token.
    pub fn password(mut self, email: impl Into<String>, password: impl Into<SecretSource>) -> Self {
        self.password = Some(password.into());
        self.username(email)
    }

    /// Names the user to whom the login belongs, by e-mail address; a store needs it.
    pub fn username(mut self, email: impl Into<String>) -> Self {
        self.username = Some(email.into());
        self
    }

    /// Sets the client id (3 to 40 letters, digits, `-` and `_`) and secret, which Aerion requires and does not check.
    /// Neither is part of the identity: a login is found again under another name. Default: `auth-all`, `unused`.
    pub fn app(
        mut self,
        client_id: impl Into<String>,
        client_secret: impl Into<SecretSource>,
    ) -> Self {
        self.app = (client_id.into(), client_secret.into());
        self
    }

    /// Uses the host that serves every company, `https://api.aerion.app`. Default: the company's own.
    pub fn neutral_host(self) -> Self {
        self.base("https://api.aerion.app")
    }

    /// Sets the URL of the API, such as a simulator's. Default: the company's own host.
    pub fn base(mut self, url: impl Into<String>) -> Self {
        self.base = Some(url.into());
        self
    }

    /// Sets the header that names the company. Default: `companyurl`.
    pub fn tenant_header(mut self, header: TenantHeader) -> Self {
        self.tenant_header = header;
        self
    }

    fn url(&self) -> Result<String> {
        match &self.base {
            Some(base) => Ok(base.trim_end_matches('/').to_owned()),
            None => tenant::url(&self.company),
        }
    }

    fn request(&self, grant_type: &str) -> Result<TokenRequest> {
        let (client_id, client_secret) = &self.app;
        Ok(TokenRequest::form(format!("{}/oauth2/token", self.url()?))
            .header(self.tenant_header.name(), &tenant::url(&self.company)?)
            .param("grant_type", grant_type)
            .param("client_id", client_id)
            .secret("client_secret", client_secret)
            .response(ResponseFormat::new().lifetime(HOUR)))
    }
}

impl Grant for Aerion {
    fn identity(&self) -> Identity {
        let company = tenant::url(&self.company).unwrap_or_default();
        let identity = Identity::new("aerion");
        // The company's own host is the default, named or not.
        let own = identity.clone().with_url("base", &company);
        let named = identity
            .clone()
            .with_url("base", self.base.as_deref().unwrap_or_default());
        let identity = if named == own { identity } else { named };
        identity
            .with("company", &company)
            .user(self.username.as_deref())
    }

    /// Aerion's API returns 403 with `E_FORBIDDEN` for a token that it does not accept.
    fn policy(&self) -> Policy {
        let policy = Policy::for_password().api_rejection(403);
        self.url().into_iter().fold(policy, Policy::api)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let (Some(username), Some(password)) = (&self.username, &self.password) else {
            return Err(Error::no_credentials());
        };
        let request = self.request("password")?;
        Ok(request
            .param("username", username)
            .secret("password", password))
    }

    fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
        let request = self.request("refresh_token")?;
        Ok(request.secret("refresh_token", refresh_token))
    }
}

/// An access token whose response lacks a lifetime (vendor document: "usually 1 hour").
const HOUR: Duration = Duration::from_secs(3600);
