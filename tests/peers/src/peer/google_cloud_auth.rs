//! google-cloud-auth 1, `user_account` credentials (a refresh token), default features.
//!
//! A call is `headers(…)`, which a request needs; it makes the headers anew. A task of each credential renews its
//! token 4 minutes ahead of expiry, so a call never does: callers at once are measured on credentials without a
//! token yet, and a token request is the first of new credentials. Service accounts would sign the token themselves.
//! The crate makes an HTTP client for each token request.

use google_cloud_auth::credentials::user_account::Builder;
use google_cloud_auth::credentials::{CacheableResource, Credentials};

use super::{Peer, Result, Settings};

pub(crate) struct Client(Credentials);

impl Peer for Client {
    async fn connect(settings: &Settings) -> Result<Self> {
        let user = serde_json::json!({
            "client_id": "demo",
            "client_secret": "a-secret-of-some-length",
            "refresh_token": "a-refresh-token",
            "type": "authorized_user",
        });
        Ok(Self(
            Builder::new(user)
                .with_token_uri(settings.url.as_str())
                .build()?,
        ))
    }

    async fn token(&self) -> Result<usize> {
        match self.0.headers(http::Extensions::new()).await? {
            CacheableResource::New { data, .. } => {
                Ok(data.get("authorization").map_or(0, |value| value.len()))
            }
            CacheableResource::NotModified => Err("no headers".into()),
        }
    }

    async fn renew(&self, settings: &Settings) -> Result<usize> {
        Self::connect(settings).await?.token().await
    }
}
