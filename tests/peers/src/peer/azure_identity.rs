//! azure_identity 1, `ClientSecretCredential`, default features and its default HTTP client, which clients share.
//!
//! A call is `get_token(&[scope], None)`. A token is renewed from 5 minutes before its expiry. The crate accepts
//! authorities with `https` alone, so the transport here replaces the URL by that of the loopback server.

use std::sync::{Arc, OnceLock};

use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{
    AsyncRawResponse, ClientOptions, HttpClient, Request, Transport, Url, new_http_client,
};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};

use super::{Peer, Result, Settings};

pub(crate) struct Client(Arc<ClientSecretCredential>);

/// The default HTTP client, with another destination.
#[derive(Debug)]
struct Loopback(Url, Arc<dyn HttpClient>);

#[async_trait::async_trait]
impl HttpClient for Loopback {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut request = request.clone();
        *request.url_mut() = self.0.clone();
        self.1.execute_request(&request).await
    }
}

impl Peer for Client {
    async fn connect(settings: &Settings) -> Result<Self> {
        static HTTP: OnceLock<Arc<dyn HttpClient>> = OnceLock::new();
        let http = HTTP.get_or_init(|| new_http_client(None));
        let loopback = Loopback(settings.url.parse()?, Arc::clone(http));
        let client_options = ClientOptions {
            transport: Some(Transport::new(Arc::new(loopback))),
            ..ClientOptions::default()
        };
        let options = ClientSecretCredentialOptions { client_options };
        let secret = Secret::new("a-secret-of-some-length");
        let credential =
            ClientSecretCredential::new("tenant", "demo".to_owned(), secret, Some(options))?;
        Ok(Self(credential))
    }

    async fn token(&self) -> Result<usize> {
        Ok(self
            .0
            .get_token(&["orders.read"], None)
            .await?
            .token
            .secret()
            .len())
    }
}
