//! Over real TLS: who is trusted, what a failed handshake costs, and which way the secrets travel.
//!
//! Every certificate is made when a test runs and forgotten after it.

mod authority; // who signs certificates
mod client_certificate; // a server that wants to know who asks
mod cut; // the answer ends too early, or turns into noise
mod endpoint; // a token endpoint on a socket
mod kept; // a failed handshake does not spend a refresh token
mod plain; // where http without TLS goes, and where not
mod proxied; // through a proxy, which learns nothing
mod redirected; // where a token goes when an API that speaks TLS redirects
mod trust; // a custom authority, and certificates that are refused
mod visits; // who came to a port, and what became of it

use aeris_auth::Aeris;
use auth_core::agent::ureq::config::ConfigBuilder;
use auth_core::agent::ureq::typestate::AgentScope;
use auth_core::error::Delivery;
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_core::ureq::tls::{RootCerts, TlsConfig};
use auth_core::{Error, Session};
use ermeo_auth::Ermeo;

use crate::support::CANARY;

/// Settings that trust these authorities and ask nobody's environment for a proxy.
fn trusting(
    roots: RootCerts,
) -> impl FnOnce(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> {
    let tls = TlsConfig::builder().root_certs(roots).build();
    |config| config.proxy(None).tls_config(tls)
}

/// A grant whose every secret has the canary in it.
fn ermeo(base: &str) -> Ermeo {
    Ermeo {
        client_id: "7_4hzk".into(),
        client_secret: format!("{CANARY}-client").into(),
        username: "ada".into(),
        password: format!("{CANARY}-password").into(),
        base: base.into(),
    }
}

/// The same, with nothing to log in with.
fn ermeo_without_password(base: &str) -> Ermeo {
    let (username, password) = Default::default();
    Ermeo {
        username,
        password,
        ..ermeo(base)
    }
}

/// A grant whose request is a GET with the secrets in its URL.
fn aeris(base: &str) -> Aeris {
    Aeris {
        client_id: format!("{CANARY}-id"),
        client_secret: format!("{CANARY}-client").into(),
        account_id: "18002".into(),
        account_secret: format!("{CANARY}-account").into(),
        requester_id: "ada@example.com".into(),
        base: base.into(),
    }
}

/// A session that lives on the first refresh token alone, and tries this often again.
fn on_refresh_token(base: &str, transport: HttpTransport, retries: u32) -> (Session, ManualClock) {
    let clock = ManualClock::new();
    let builder = Session::builder(ermeo_without_password(base)).refresh_token(refresh_token(1));
    let builder = builder
        .transport(transport)
        .clock(clock.clone())
        .retries(retries);
    (builder.build().unwrap(), clock)
}

/// The n-th answer: an access token for an hour, and the n-th refresh token.
fn answer(n: u32) -> String {
    let refresh_token = refresh_token(n);
    format!(
        r#"{{"access_token":"{CANARY}-a{n}","token_type":"bearer","expires_in":3600,"refresh_token":"{refresh_token}"}}"#
    )
}

fn access_token(n: u32) -> String {
    format!("{CANARY}-a{n}")
}

fn refresh_token(n: u32) -> String {
    format!("{CANARY}-r{n}")
}

/// The reason why no connection could be made, and whether something was sent.
#[track_caller]
fn no_connection(error: &Error) -> (&str, Sent) {
    match error {
        Error::Network {
            failure: auth_core::error::NetworkFailure::Connect(reason),
            delivery,
            ..
        } => (reason, *sent),
        other => panic!("{other:?}"),
    }
}
