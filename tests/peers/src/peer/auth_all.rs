//! auth-all: `oauth2-generic` with its default features, `ClientCredentials`, default settings.
//!
//! A call is `with_authorization`, which lends the ready header. Sessions share the default transport, as they
//! always do. A token request is the first of a new session. Processes share a `FileStore`.

use oauth2_generic::http::HeaderValue;
use oauth2_generic::store::FileStore;
use oauth2_generic::{ClientCredentials, Secret, Server, Session};

use super::{Peer, Result, Settings};

pub(crate) struct Client(Session);

impl Peer for Client {
    async fn connect(settings: &Settings) -> Result<Self> {
        let client = oauth2_generic::Client::new(Server::new(settings.url.as_str()), "demo")
            .secret(Secret::new("a-secret-of-some-length"))
            .scope("orders.read");
        let grant = ClientCredentials::new(client);
        let session = match &settings.folder {
            Some(folder) => Session::builder(grant)
                .store(FileStore::open(folder)?)
                .build()?,
            None => Session::new(grant),
        };
        Ok(Self(session))
    }

    async fn token(&self) -> Result<usize> {
        Ok(self.0.with_authorization(HeaderValue::len)?)
    }

    async fn renew(&self, settings: &Settings) -> Result<usize> {
        Self::connect(settings).await?.token().await
    }
}
