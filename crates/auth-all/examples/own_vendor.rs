//! A vendor without a crate of its own: its identity, its policy, and two requests.

use auth_all::grant::{Identity, Policy, TokenRequest};
use auth_all::secret::{self, SecretSource};
use auth_all::{Error, Grant, Result, Secret, Session};

/// Acme's API, which logs users in by name and password.
#[derive(Clone, Debug)]
pub(crate) struct Acme {
    username: String,
    password: Option<SecretSource>,
}

impl Acme {
    /// A user whose login starts from a refresh token.
    pub(crate) fn new(username: &str) -> Self {
        Self {
            username: username.to_owned(),
            password: None,
        }
    }

    /// Logs in with this password where no refresh token works.
    pub(crate) fn password(mut self, password: impl Into<SecretSource>) -> Self {
        self.password = Some(password.into());
        self
    }
}

impl Grant for Acme {
    fn identity(&self) -> Identity {
        Identity::new("acme").user(Some(&self.username))
    }

    fn policy(&self) -> Policy {
        Policy::for_password().api("https://api.acme.example")
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let password = self.password.as_ref().ok_or_else(Error::no_credentials)?;
        let request = TokenRequest::form(TOKEN_ENDPOINT).param("grant_type", "password");
        Ok(request
            .param("username", &self.username)
            .secret("password", password))
    }

    fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
        let request = TokenRequest::form(TOKEN_ENDPOINT).param("grant_type", "refresh_token");
        Ok(request.secret("refresh_token", refresh_token))
    }
}

const TOKEN_ENDPOINT: &str = "https://api.acme.example/token";

fn main() -> Result<()> {
    let session = Session::new(Acme::new("jsmith").password(secret::env("ACME_PASSWORD")));
    session.token().map(drop)
}
