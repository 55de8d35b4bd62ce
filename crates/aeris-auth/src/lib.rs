#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use auth_core::{AnswerFormat, Expiry, Grant, Identity, Policy, TokenRequest};

pub use auth_core::{self, Error, HttpTransport, Result, Secret, Session, ureq};

/// Aeris's token endpoint (vendor document: "Get Authentication Token API").
///
/// Every field is mandatory and travels in the query, so this crate sends over https only, although
/// the document writes `http`, and no error, log line or `Debug` ever holds the URL.
#[derive(Clone, Debug)]
pub struct Aeris {
    /// The client id that Aeris gave you (`clientId`).
    pub client_id: String,
    /// The client secret that came with it (`cs`).
    pub client_secret: Secret,
    /// The account that the devices belong to (`accountId`); the `AerPort` portal shows it.
    pub account_id: String,
    /// The API key of that account (`as`); the `AerPort` portal shows it.
    pub account_secret: Secret,
    /// The e-mail address of whoever asks (`requesterId`); it need not be known to Aeris.
    pub requester_id: String,
    /// Where the API is. Default: `https://connectivity.aerisapis.com`.
    pub base: String,
}

impl Default for Aeris {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_secret: Secret::default(),
            account_id: String::new(),
            account_secret: Secret::default(),
            requester_id: String::new(),
            base: "https://connectivity.aerisapis.com".to_owned(),
        }
    }
}

impl Grant for Aeris {
    fn identity(&self) -> Identity {
        Identity::new("aeris")
            .with_url("base", &self.base)
            .with("client_id", &self.client_id)
            .with("account_id", &self.account_id)
            .with("requester_id", &self.requester_id)
    }

    fn policy(&self) -> Policy {
        Policy::for_client().api(&self.base)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let endpoint = format!("{}/api/token", self.base.trim_end_matches('/'));
        Ok(TokenRequest::query(endpoint)
            .setting("client_id", "clientId", &self.client_id)
            .setting("client_secret", "cs", &self.client_secret)
            .setting("account_id", "accountId", &self.account_id)
            .setting("account_secret", "as", &self.account_secret)
            .setting("requester_id", "requesterId", &self.requester_id)
            .param("grant_type", "client_credentials")
            // Mandatory although a GET has no content (vendor document, "Request Headers").
            .header("content-type", "application/json")
            .header("accept-charset", "utf-8")
            .answer(AnswerFormat {
                access_token: "token".into(),
                expiry: Expiry::EpochSeconds,
                ..AnswerFormat::default()
            }))
    }
}
