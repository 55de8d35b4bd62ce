#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// On docs.rs each item shows the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

use std::time::Duration;

use auth_core::grant::{Identity, Policy, ResponseFormat, TokenRequest};
use auth_core::secret::SecretSource;

pub use auth_core;
#[doc(no_inline)]
pub use auth_core::*;

/// Ermeo's token endpoint (vendor document: "How authentication API works in Ermeo").
///
/// Log in with [`password`](Ermeo::password), or set only the [`username`](Ermeo::username) and give the session the
/// refresh token of an earlier login, which is what Ermeo recommends.
///
/// ```
/// use ermeo_auth::{Ermeo, Session, secret};
///
/// let ermeo = Ermeo::new("1_abc", secret::env("ERMEO_CLIENT_SECRET")).password("jsmith", secret::env("ERMEO_PASSWORD"));
/// let session = Session::new(ermeo);
/// # let _ = session;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Ermeo {
    client_id: String,
    client_secret: SecretSource,
    username: Option<String>,
    password: Option<SecretSource>,
    base: String,
}

impl Ermeo {
    /// A client, with the id and the secret that the Ermeo team gave you.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<SecretSource>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            username: None,
            password: None,
            base: "https://api.ermeo.com".to_owned(),
        }
    }

    /// Logs in as this user. Default: no login; the session needs a refresh token.
    pub fn password(
        mut self,
        username: impl Into<String>,
        password: impl Into<SecretSource>,
    ) -> Self {
        self.password = Some(password.into());
        self.username(username)
    }

    /// Names the user to whom the login belongs; a store needs it.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Sets the URL of the API, such as a simulator's. Default: `https://api.ermeo.com`.
    pub fn base(mut self, url: impl Into<String>) -> Self {
        self.base = url.into();
        self
    }

    fn request(&self, grant_type: &str) -> TokenRequest {
        let base = self.base.trim_end_matches('/');
        TokenRequest::json(format!("{base}/oauth/v2/token"))
            .param("grant_type", grant_type)
            .param("client_id", &self.client_id)
            .secret("client_secret", &self.client_secret)
            .response(
                ResponseFormat::new()
                    .lifetime(2 * HOUR)
                    .refresh_token_lifetime(14 * 24 * HOUR),
            )
    }
}

impl Grant for Ermeo {
    fn identity(&self) -> Identity {
        Identity::new("ermeo")
            .with_url("base", &self.base)
            .with("client_id", &self.client_id)
            .user(self.username.as_deref())
    }

    fn policy(&self) -> Policy {
        Policy::for_password().api(&self.base)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let (Some(username), Some(password)) = (&self.username, &self.password) else {
            return Err(Error::no_credentials());
        };
        let request = self.request("password");
        Ok(request
            .param("username", username)
            .secret("password", password))
    }

    fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
        let request = self.request("refresh_token");
        Ok(request.secret("refresh_token", refresh_token))
    }
}

/// Lifetimes (vendor document): two hours for an access token whose response lacks one, two weeks for a refresh token.
const HOUR: Duration = Duration::from_secs(3600);
