//! huskarl 0.11: an `InMemoryTokenCache` over the client credentials grant with `huskarl-reqwest`, as its example shows.
//!
//! A call is `HttpAuthorizer::get_headers`, which a request needs. The cache renews at most a minute ahead of expiry;
//! a token request is the first of a new cache. Clients share the HTTP client, which has `rustls-tls`: without a TLS
//! feature it reaches no `https` endpoint.

use std::sync::OnceLock;

use http::{Method, Uri};
use huskarl::authorizer::HttpAuthorizer;
use huskarl::cache::{GrantTokenSource, InMemoryRefreshTokenStore, InMemoryTokenCache};
use huskarl::core::client_auth::ClientSecret;
use huskarl::core::secrets::{ProvidedSecret, SecretString};
use huskarl::grant::client_credentials::{
    ClientCredentialsGrant, ClientCredentialsGrantParameters,
};
use huskarl_reqwest::ReqwestClient;

use super::{Peer, Result, Settings};

pub(crate) struct Client {
    authorizer: HttpAuthorizer,
    api: Uri,
}

impl Peer for Client {
    async fn connect(settings: &Settings) -> Result<Self> {
        static HTTP: OnceLock<ReqwestClient> = OnceLock::new();
        let http = match HTTP.get() {
            Some(http) => http.clone(),
            None => {
                let built = ReqwestClient::builder().build().await?;
                HTTP.get_or_init(|| built).clone()
            }
        };
        let secret = ProvidedSecret::new(SecretString::new("a-secret-of-some-length"));
        let grant = ClientCredentialsGrant::builder()
            .token_endpoint(settings.url.parse()?)
            .client_id("demo")
            .client_auth(ClientSecret::new(secret))
            .http_client(http)
            .build();
        let parameters =
            ClientCredentialsGrantParameters::builder().scope(vec!["orders.read".to_owned()]);
        let source = GrantTokenSource::builder()
            .grant(grant)
            .grant_parameters(parameters.build())
            .refresh_store(InMemoryRefreshTokenStore::default())
            .build();
        let cache = InMemoryTokenCache::builder().source(source).build();
        let authorizer = HttpAuthorizer::builder().cache(cache).build();
        Ok(Self {
            authorizer,
            api: "https://api.example.com/orders".parse()?,
        })
    }

    async fn token(&self) -> Result<usize> {
        let headers = self.authorizer.get_headers(&Method::GET, &self.api).await?;
        Ok(headers.get("authorization").map_or(0, |value| value.len()))
    }

    async fn renew(&self, settings: &Settings) -> Result<usize> {
        Self::connect(settings).await?.token().await
    }
}
