#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod tenant;

use std::time::Duration;

use auth_core::{AnswerFormat, Grant, Identity, Policy, Reason, TokenRequest};

pub use auth_core::{self, Error, HttpTransport, Result, Secret, Session, ureq};
pub use tenant::TenantHeader;

/// Aerion's token endpoint (vendor document: "Authentication").
///
/// With `username` and `password` it logs in; without a password it lives on the refresh token that the
/// session is given, for instance one that a web single sign-on login left behind.
#[derive(Clone, Debug)]
pub struct Aerion {
    /// Your company at Aerion: its name (`acme`), its host (`acme.aerion.app`) or its URL.
    pub company: String,
    /// The header that tells Aerion the company. Default: `companyurl`.
    pub tenant_header: TenantHeader,
    /// The e-mail address you log in with. Default: empty, for a session from a refresh token that has no
    /// store.
    pub username: String,
    /// That user's password. Default: empty, for a session from a refresh token.
    pub password: Secret,
    /// A name for your app, of 3 to 40 letters, digits, `-` and `_`; Aerion does not check it, but it must be
    /// there. It is no part of the identity: a login is found again under another name. Default: `auth-all`.
    pub client_id: String,
    /// Not checked either, and it must be there too. Default: `unused`.
    pub client_secret: Secret,
    /// Where the API is. Default: empty, for the company's own host; or [`NEUTRAL`](Aerion::NEUTRAL).
    pub base: String,
}

impl Aerion {
    /// The host that serves every company; the tenant header says which one is meant.
    pub const NEUTRAL: &str = "https://api.aerion.app";

    fn base(&self) -> Result<String> {
        match self.base.trim_end_matches('/') {
            "" => tenant::url(&self.company),
            base => Ok(base.to_owned()),
        }
    }

    fn request(&self, grant_type: &str) -> Result<TokenRequest> {
        Ok(TokenRequest::form(format!("{}/oauth2/token", self.base()?))
            .header(self.tenant_header.name(), &tenant::url(&self.company)?)
            .param("grant_type", grant_type)
            .param("client_id", &self.client_id)
            .param("client_secret", &self.client_secret)
            .answer(AnswerFormat {
                life: Some(ACCESS_TOKEN_LIFE),
                ..AnswerFormat::default()
            }))
    }
}

impl Default for Aerion {
    fn default() -> Self {
        Self {
            company: String::new(),
            tenant_header: TenantHeader::default(),
            username: String::new(),
            password: Secret::default(),
            client_id: "auth-all".into(),
            client_secret: "unused".into(),
            base: String::new(),
        }
    }
}

impl Grant for Aerion {
    fn identity(&self) -> Identity {
        let company = tenant::url(&self.company).unwrap_or_default();
        let identity = Identity::new("aerion");
        // The company's own host is the default, whether it is named or not.
        let own = identity.clone().with_url("base", &company);
        let named = identity.clone().with_url("base", &self.base);
        let identity = if named == own { identity } else { named };
        identity
            .with("company", &company)
            .with("username", &self.username)
    }

    fn is_nameless(&self) -> bool {
        self.username.is_empty()
    }

    /// Aerion's API answers 403 with `E_FORBIDDEN` to a token that it does not accept.
    fn policy(&self) -> Policy {
        let policy = Policy::for_password().api_rejection(403);
        self.base().into_iter().fold(policy, Policy::api)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        if self.password.is_empty() {
            return Err(Error::reauthentication_required(Reason::NoCredentials));
        }
        Ok(self
            .request("password")?
            .param("username", &self.username)
            .param("password", &self.password))
    }

    fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
        Ok(self
            .request("refresh_token")?
            .param("refresh_token", refresh_token))
    }
}

/// One hour, where an answer does not say (vendor document: "usually 1 hour").
const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(3600);
