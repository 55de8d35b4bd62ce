//! aws-smithy-runtime 1: the lazy identity cache that every AWS client has, with its default settings.
//!
//! The crate is a cache without a token client, so `ureq` 3 sends the request in the resolver, on a thread for blocking
//! work. A call is `resolve_cached_identity`, as a client makes for each request; it renews from 5 to 10 seconds before
//! expiry. Clients share nothing but the HTTP agent: a cache holds 64 partitions at most.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::identity::http::Token;
use aws_smithy_runtime_api::client::identity::{
    Identity, IdentityFuture, ResolveCachedIdentity, ResolveIdentity, SharedIdentityCache,
    SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::config_bag::ConfigBag;
use ureq::Agent;

use super::{Peer, Result, Settings};

pub(crate) struct Client {
    cache: SharedIdentityCache,
    resolver: SharedIdentityResolver,
    components: RuntimeComponents,
    config: ConfigBag,
}

#[derive(Debug)]
struct Resolver(String);

impl ResolveIdentity for Resolver {
    fn resolve_identity<'a>(
        &'a self,
        _: &'a RuntimeComponents,
        _: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let url = self.0.clone();
        IdentityFuture::new(async move {
            Ok(tokio::task::spawn_blocking(move || request(&url)).await??)
        })
    }
}

fn request(url: &str) -> Result<Identity> {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    let agent = AGENT.get_or_init(Agent::new_with_defaults);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "demo"),
        ("client_secret", "secret"),
    ];
    let body = agent
        .post(url)
        .send_form(form)?
        .body_mut()
        .read_to_string()?;
    let answer: serde_json::Value = serde_json::from_str(&body)?;
    let token = answer["access_token"].as_str().ok_or("no token")?;
    let life = Duration::from_secs(answer["expires_in"].as_u64().unwrap_or_default());
    let end = SystemTime::now() + life;
    Ok(Identity::new(Token::new(token, Some(end)), Some(end)))
}

impl Peer for Client {
    async fn connect(settings: &Settings) -> Result<Self> {
        // Every component of a client is required, and the crate fills them in for tests.
        let components = RuntimeComponentsBuilder::for_tests()
            .with_time_source(Some(SystemTimeSource::new()))
            .with_sleep_impl(Some(TokioSleep::new()))
            .build()?;
        Ok(Self {
            cache: IdentityCache::lazy().build(),
            resolver: SharedIdentityResolver::new(Resolver(settings.url.clone())),
            components,
            config: ConfigBag::base(),
        })
    }

    async fn token(&self) -> Result<usize> {
        let resolved = self.cache.resolve_cached_identity(
            self.resolver.clone(),
            &self.components,
            &self.config,
        );
        let identity = resolved.await?;
        Ok(identity
            .data::<Token>()
            .ok_or("another identity")?
            .token()
            .len())
    }
}
