#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// On docs.rs each item shows the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

use auth_core::grant::{ExpiryFormat, Identity, Policy, ResponseFormat, TokenRequest};
use auth_core::secret::SecretSource;

pub use auth_core;
#[doc(no_inline)]
pub use auth_core::*;

/// Aeris's token endpoint (vendor document: "Get Authentication Token API").
///
/// Every setting is required and travels in the query, so this crate sends over https only, although the document writes
/// `http`, and no error, log line or `Debug` holds the URL.
///
/// ```
/// use aeris_auth::{Aeris, Session, secret};
///
/// let aeris = Aeris::new("my-client", secret::env("AERIS_CLIENT_SECRET"))
///     .account("12345", secret::env("AERIS_ACCOUNT_SECRET"))
///     .requester("ops@example.com");
/// let session = Session::new(aeris);
/// # let _ = session;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Aeris {
    client_id: String,
    client_secret: SecretSource,
    account: Option<(String, SecretSource)>,
    requester: Option<String>,
    base: String,
}

impl Aeris {
    /// A client, with the id (`clientId`) and the secret (`cs`) that Aeris gave you.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<SecretSource>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            account: None,
            requester: None,
            base: "https://connectivity.aerisapis.com".to_owned(),
        }
    }

    /// Sets the account of the devices (`accountId`) and its API key (`as`), which the `AerPort` portal shows. Required.
    pub fn account(
        mut self,
        account_id: impl Into<String>,
        account_secret: impl Into<SecretSource>,
    ) -> Self {
        self.account = Some((account_id.into(), account_secret.into()));
        self
    }

    /// Sets the e-mail address of the requester (`requesterId`); Aeris need not know it. Required.
    pub fn requester(mut self, email: impl Into<String>) -> Self {
        self.requester = Some(email.into());
        self
    }

    /// Sets the URL of the API, such as a simulator's. Default: `https://connectivity.aerisapis.com`.
    pub fn base(mut self, url: impl Into<String>) -> Self {
        self.base = url.into();
        self
    }
}

impl Grant for Aeris {
    fn identity(&self) -> Identity {
        let account = self.account.as_ref().map(|(id, _)| id.as_str());
        Identity::new("aeris")
            .with_url("base", &self.base)
            .with("client_id", &self.client_id)
            .with_optional("account_id", account)
            .with_optional("requester_id", self.requester.as_deref())
    }

    fn policy(&self) -> Policy {
        Policy::for_client().api(&self.base)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let required = |setting| Error::configuration(format!("`Aeris::{setting}` is required"));
        let (account_id, account_secret) =
            self.account.as_ref().ok_or_else(|| required("account"))?;
        let requester = self.requester.as_ref();
        let requester = requester.ok_or_else(|| required("requester"))?;
        let base = self.base.trim_end_matches('/');
        let request = TokenRequest::query(format!("{base}/api/token"))
            .param("clientId", &self.client_id)
            .named("client_id")
            .secret("cs", &self.client_secret)
            .named("client_secret")
            .param("accountId", account_id)
            .named("account_id")
            .secret("as", account_secret)
            .named("account_secret")
            .param("requesterId", requester)
            .named("requester")
            .param("grant_type", "client_credentials");
        Ok(request
            // Mandatory although a GET has no content (vendor document, "Request Headers").
            .header("content-type", "application/json")
            .header("accept-charset", "utf-8")
            .response(
                ResponseFormat::new()
                    .access_token("token")
                    .expires("expires_in", ExpiryFormat::EpochSeconds),
            ))
    }
}
