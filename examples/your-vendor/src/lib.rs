//! Tokens for Acme, an API that does not exist: a vendor in a page.
//!
//! ```
//! use auth_core::{Session, secret};
//! use your_vendor::Acme;
//!
//! let acme = Acme::new("my-app").pin("ada", secret::env("ACME_PIN"));
//! let session = Session::new(acme);
//! # let _ = session;
//! ```

#![forbid(unsafe_code)]

use std::time::Duration;

use auth_core::grant::{Grant, Identity, Policy, ResponseFormat, TokenRequest};
use auth_core::secret::SecretSource;
use auth_core::{Error, Result, Secret};

/// Acme's login: a form with a PIN, a token in `session.token`, and a header of its own.
#[derive(Clone, Debug)]
#[must_use]
pub struct Acme {
    app: String,
    user: Option<String>,
    pin: Option<SecretSource>,
    base: String,
}

impl Acme {
    /// An app that is registered at Acme.
    pub fn new(app: impl Into<String>) -> Self {
        Self {
            app: app.into(),
            user: None,
            pin: None,
            base: "https://api.acme.example".to_owned(),
        }
    }

    /// Logs in as this user. Default: no login; the session needs a refresh token.
    pub fn pin(mut self, user: impl Into<String>, pin: impl Into<SecretSource>) -> Self {
        self.user = Some(user.into());
        self.pin = Some(pin.into());
        self
    }

    /// Sets the URL of the API, such as a simulator's. Default: `https://api.acme.example`.
    pub fn base(mut self, url: impl Into<String>) -> Self {
        self.base = url.into();
        self
    }

    fn request(&self) -> TokenRequest {
        let format = ResponseFormat::new()
            .access_token("session.token")
            .refresh_token("session.renewal")
            .token_type_optional()
            .lifetime(Duration::from_secs(3600));
        TokenRequest::form(format!("{}/login", self.base))
            .param("app", &self.app)
            .response(format)
    }
}

impl Grant for Acme {
    fn identity(&self) -> Identity {
        Identity::new("acme")
            .with_url("base", &self.base)
            .with("app", &self.app)
            .user(self.user.as_deref())
    }

    fn policy(&self) -> Policy {
        Policy::for_password()
            .api(&self.base)
            .token_header("X-Acme-Token")
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let (Some(user), Some(pin)) = (&self.user, &self.pin) else {
            return Err(Error::no_credentials());
        };
        Ok(self.request().param("user", user).secret("pin", pin))
    }

    fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
        Ok(self.request().secret("renewal", refresh_token))
    }
}
