//! tame-oauth 0.10 with a service account, its requests sent by `ureq` 3, which the crate leaves to the program.
//!
//! It keeps tokens, and returns a request when the token has expired; it renews nothing ahead of time and makes no
//! caller wait for another. A call is `get_token`, which clones the token. A token request signs a JWT with RSA and is
//! the first of a new provider. Clients share one `ureq::Agent`.

use std::sync::OnceLock;

use tame_oauth::gcp::{ServiceAccountInfo, ServiceAccountProvider, TokenOrRequest, TokenProvider};
use ureq::Agent;

use super::{Peer, Result, Settings};

pub(crate) struct Client(ServiceAccountProvider);

impl Peer for Client {
    async fn connect(settings: &Settings) -> Result<Self> {
        let account = ServiceAccountInfo {
            private_key: settings.key.clone(),
            client_email: "demo@example.com".to_owned(),
            token_uri: settings.url.clone(),
        };
        Ok(Self(ServiceAccountProvider::new(account)?))
    }

    async fn token(&self) -> Result<usize> {
        let (request, scope_hash) = match self.0.get_token(&["orders.read"])? {
            TokenOrRequest::Token(token) => return Ok(token.access_token.len()),
            TokenOrRequest::Request {
                request,
                scope_hash,
                ..
            } => (request, scope_hash),
        };
        let (head, mut body) = agent().run(request)?.into_parts();
        let response = ureq::http::Response::from_parts(head, body.read_to_vec()?);
        Ok(self
            .0
            .parse_token_response(scope_hash, response)?
            .access_token
            .len())
    }

    async fn renew(&self, settings: &Settings) -> Result<usize> {
        Self::connect(settings).await?.token().await
    }
}

fn agent() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(Agent::new_with_defaults)
}
