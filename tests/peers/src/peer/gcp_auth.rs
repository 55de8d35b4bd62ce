//! gcp_auth 0.12 with a service account from JSON, default features.
//!
//! A call is `token(&[scope])`, which returns a shared token. A token is renewed from 20 seconds before its expiry;
//! a request signs a JWT with RSA. Each account has its own HTTP client: the crate offers no way to share one.

use gcp_auth::{CustomServiceAccount, TokenProvider};

use super::{Peer, Result, Settings};

pub(crate) struct Client(CustomServiceAccount);

impl Peer for Client {
    async fn connect(settings: &Settings) -> Result<Self> {
        let key = settings.key.replace('\n', "\\n");
        let account = format!(
            r#"{{"type":"service_account","project_id":"demo","private_key_id":"1","private_key":"{key}",
            "client_email":"demo@example.com","client_id":"1","token_uri":"{}"}}"#,
            settings.url
        );
        Ok(Self(CustomServiceAccount::from_json(&account)?))
    }

    async fn token(&self) -> Result<usize> {
        Ok(self.0.token(&["orders.read"]).await?.as_str().len())
    }
}
