//! Over real TLS: trusted servers, the cost of a failed handshake, and the route of the secrets.
//!
//! Every certificate is made when a test runs, and never stored.

mod authority; // signs certificates
#[cfg(all(feature = "native-tls", feature = "platform-verifier"))]
mod chosen; // two TLS libraries in one program
mod client_certificate; // a server that requests one, and files of one that change
mod cut; // the response ends too early, or turns into noise
mod endpoint; // a token endpoint on a socket
mod kept; // a failed handshake does not spend a refresh token
mod plain; // http without TLS: allowed and refused addresses
mod proxied; // through a proxy, which sees only the address
mod redirected; // where a token goes when an API that speaks TLS redirects
mod trust; // a custom authority, and certificates that are refused
mod visits; // connections to a port, and a record of each

use aeris_auth::Aeris;
use auth_core::error::Delivery;
use auth_core::testing::ManualClock;
use auth_core::transport::{HttpTransport, HttpTransportBuilder, Tls};
use auth_core::{Error, Secret, Session};
use ermeo_auth::Ermeo;

use authority::Authority;

use crate::support::CANARY;

/// A transport with these settings that ignores the proxy of the environment.
fn with(tls: Tls) -> HttpTransportBuilder {
    HttpTransport::builder().no_proxy().tls(tls)
}

/// A transport that trusts only this authority.
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

/// The reason why no connection could be made, and the delivery of the request.
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
