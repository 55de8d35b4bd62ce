//! yup-oauth2 12 with a service account, default features and its default HTTP client.
//!
//! A call is `token(&[scope])`. A token is renewed from one minute before its expiry; a request signs a JWT with RSA.
//! Processes share tokens by `persist_tokens_to_disk`, the crate's own file. Each authenticator has an HTTP client.

use yup_oauth2::authenticator::DefaultAuthenticator;
use yup_oauth2::{ServiceAccountAuthenticator, ServiceAccountKey};

use super::{Peer, Result, Settings};

pub(crate) struct Client(DefaultAuthenticator);

impl Peer for Client {
    async fn connect(settings: &Settings) -> Result<Self> {
        let key = ServiceAccountKey {
            key_type: Some("service_account".to_owned()),
            project_id: Some("demo".to_owned()),
            private_key_id: Some("1".to_owned()),
            private_key: settings.key.clone(),
            client_email: "demo@example.com".to_owned(),
            client_id: None,
            auth_uri: None,
            token_uri: settings.url.clone(),
            auth_provider_x509_cert_url: None,
            client_x509_cert_url: None,
        };
        let mut builder = ServiceAccountAuthenticator::builder(key);
        if let Some(folder) = &settings.folder {
            std::fs::create_dir_all(folder)?;
            builder = builder.persist_tokens_to_disk(folder.join("tokens.json"));
        }
        Ok(Self(builder.build().await?))
    }

    async fn token(&self) -> Result<usize> {
        let token = self.0.token(&["orders.read"]).await?;
        Ok(token.token().unwrap_or_default().len())
    }
}
