//! Over real TLS: which servers are trusted, what a failed handshake costs, and which way the secrets travel.
//!
//! Every certificate is made when a test runs and forgotten after it. These are the tests of rustls; those of every library
//! alike are in the package `tls-tests`.

mod client_certificate; // a server that requests one, and files of one that change
mod cut; // the response ends too early, or turns into noise
mod kept; // a failed handshake does not spend a refresh token
mod plain; // where http without TLS goes, and where not
mod proxied; // through a proxy, which learns the address and nothing else
mod redirected; // where a token goes when an API that speaks TLS redirects
mod trust; // a custom authority, and certificates that are refused

use aeris_auth::Aeris;
use auth_core::error::Delivery;
use auth_core::testing::ManualClock;
use auth_core::transport::{HttpTransport, HttpTransportBuilder, Tls};
use auth_core::{Error, Secret, Session};
use ermeo_auth::Ermeo;
use tls_tests::{authority, endpoint, proxy, visits};

use authority::Authority;

use crate::support::CANARY;

/// A transport with these settings, whatever proxy the environment has.
fn with(tls: Tls) -> HttpTransportBuilder {
    HttpTransport::builder().no_proxy().tls(tls)
}

/// A transport that trusts this authority alone.
fn trusting(authority: &Authority) -> HttpTransport {
    with(authority.trusted()).build().expect("a certificate")
}

/// A grant in which every secret has the canary in it.
fn ermeo(base: &str) -> Ermeo {
    ermeo_without_password(base).password("ada", Secret::new(format!("{CANARY}-password")))
}

/// The same grant without credentials.
fn ermeo_without_password(base: &str) -> Ermeo {
    Ermeo::new("7_4hzk", Secret::new(format!("{CANARY}-client"))).base(base)
}

/// A grant whose request is a GET with the secrets in its URL.
fn aeris(base: &str) -> Aeris {
    Aeris::new(
        format!("{CANARY}-id"),
        Secret::new(format!("{CANARY}-client")),
    )
    .account("18002", Secret::new(format!("{CANARY}-account")))
    .requester("ada@example.com")
    .base(base)
}

/// A session with the first refresh token and without credentials.
fn on_refresh_token(base: &str, transport: HttpTransport, retries: u32) -> (Session, ManualClock) {
    let clock = ManualClock::new();
    let builder =
        Session::builder(ermeo_without_password(base)).refresh_token(Secret::new(refresh_token(1)));
    let builder = builder
        .transport(transport)
        .clock(clock.clone())
        .retries(retries);
    (builder.build().unwrap(), clock)
}

/// The n-th response: an access token for an hour, and the n-th refresh token.
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
fn no_connection(error: &Error) -> (&str, Delivery) {
    match error {
        Error::Network {
            failure: auth_core::error::NetworkFailure::Connect(reason),
            delivery,
            ..
        } => (reason, *delivery),
        other => panic!("{other:?}"),
    }
}
