#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::time::Duration;

use auth_core::{AnswerFormat, Grant, Identity, Policy, Reason, TokenRequest};

pub use auth_core::{self, Error, HttpTransport, Result, Secret, Session, ureq};

/// Ermeo's token endpoint (vendor document: "How authentication API works in Ermeo").
///
/// With `username` and `password` it logs in; without them it lives on the refresh token that the
/// session is given, which is what Ermeo recommends to keep instead of the password.
#[derive(Clone, Debug)]
pub struct Ermeo {
    /// The client id that the Ermeo team gave you.
    pub client_id: String,
    /// The client secret that came with it.
    pub client_secret: Secret,
    /// Whose assets: the user name you log in with. Default: empty, for a session from a refresh token
    /// that has no store.
    pub username: String,
    /// That user's password. Default: empty, for a session from a refresh token.
    pub password: Secret,
    /// Where the API is. Default: `https://api.ermeo.com`.
    pub base: String,
}

impl Default for Ermeo {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_secret: Secret::default(),
            username: String::new(),
            password: Secret::default(),
            base: "https://api.ermeo.com".to_owned(),
        }
    }
}

impl Ermeo {
    fn request(&self, grant_type: &str) -> TokenRequest {
        TokenRequest::json(format!(
            "{}/oauth/v2/token",
            self.base.trim_end_matches('/')
        ))
        .param("grant_type", grant_type)
        .param("client_id", &self.client_id)
        .param("client_secret", &self.client_secret)
        .answer(AnswerFormat {
            life: Some(ACCESS_TOKEN_LIFE),
            refresh_token_life: Some(REFRESH_TOKEN_LIFE),
            ..AnswerFormat::default()
        })
    }
}

impl Grant for Ermeo {
    fn identity(&self) -> Identity {
        Identity::new("ermeo")
            .with_url("base", &self.base)
            .with("client_id", &self.client_id)
            .with("username", &self.username)
    }

    fn is_nameless(&self) -> bool {
        self.username.is_empty()
    }

    fn policy(&self) -> Policy {
        Policy::for_password().api(&self.base)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        if self.password.is_empty() {
            return Err(Error::reauthentication_required(Reason::NoCredentials));
        }
        Ok(self
            .request("password")
            .param("username", &self.username)
            .param("password", &self.password))
    }

    fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
        Ok(self
            .request("refresh_token")
            .param("refresh_token", refresh_token))
    }
}

/// Two hours, where an answer does not say (vendor document).
const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(7200);
/// Two weeks (vendor document).
const REFRESH_TOKEN_LIFE: Duration = Duration::from_secs(14 * 24 * 3600);
