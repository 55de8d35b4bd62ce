//! openidconnect 4 over `reqwest::blocking`: `CoreClient` and `exchange_client_credentials`, no redirects.
//!
//! The crate keeps no token. A program does that by itself, here as for oauth2: the response in a `Mutex`, renewed
//! under the lock from 10 seconds before its expiry; a call clones the token. Clients share the HTTP client.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use openidconnect::core::{CoreClient, CoreTokenResponse};
use openidconnect::{
    ClientId, ClientSecret, EndpointNotSet, EndpointSet, IssuerUrl, JsonWebKeySet,
    OAuth2TokenResponse, Scope, TokenUrl, reqwest,
};

use super::{Peer, Result, Settings};

pub(crate) struct Client {
    client: CoreClient<
        EndpointNotSet,
        EndpointNotSet,
        EndpointNotSet,
        EndpointNotSet,
        EndpointSet,
        EndpointNotSet,
    >,
    held: Mutex<Option<(CoreTokenResponse, Instant)>>,
}

impl Peer for Client {
    async fn connect(settings: &Settings) -> Result<Self> {
        let issuer = IssuerUrl::new(settings.url.clone())?;
        let client = CoreClient::new(
            ClientId::new("demo".into()),
            issuer,
            JsonWebKeySet::default(),
        )
        .set_client_secret(ClientSecret::new("a-secret-of-some-length".into()))
        .set_token_uri(TokenUrl::new(settings.url.clone())?);
        Ok(Self {
            client,
            held: Mutex::default(),
        })
    }

    async fn token(&self) -> Result<usize> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let soon = Instant::now() + Duration::from_secs(10);
        if let Some((response, end)) = &*held
            && *end > soon
        {
            return Ok(response.access_token().clone().secret().len());
        }
        let request = self.client.exchange_client_credentials();
        let response = request
            .add_scope(Scope::new("orders.read".into()))
            .request(http())?;
        let end = Instant::now() + response.expires_in().unwrap_or_default();
        let token = response.access_token().clone();
        *held = Some((response, end));
        Ok(token.secret().len())
    }
}

fn http() -> &'static reqwest::blocking::Client {
    static HTTP: OnceLock<reqwest::blocking::Client> = OnceLock::new();
    HTTP.get_or_init(|| {
        let built =
            reqwest::blocking::ClientBuilder::new().redirect(reqwest::redirect::Policy::none());
        built.build().expect("a client of reqwest")
    })
}
