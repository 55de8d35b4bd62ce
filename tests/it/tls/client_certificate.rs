//! A server that wants to know who asks.

use auth_core::Session;
use auth_core::error::Delivery;
use auth_core::transport::HttpTransport;
use auth_core::ureq::tls::{ClientCert, TlsConfig};
use rustls::{SupportedProtocolVersion, version};

use super::authority::{Authority, FAR};
use super::endpoint::{Turn, endpoint, https};
use super::{access_token, aeris, answer, ermeo, no_connection, on_refresh_token, refresh_token};
use crate::support::quiet;

fn introduced(authority: &Authority, certificate: Option<ClientCert>) -> HttpTransport {
    let tls = TlsConfig::builder()
        .root_certs(authority.roots())
        .client_cert(certificate)
        .build();
    HttpTransport::configured(|config| config.proxy(None).tls_config(tls))
}

const BOTH: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];

#[test]
fn a_client_certificate_is_shown_to_a_server_that_asks_for_one() {
    let authority = Authority::new("ours");
    for version in BOTH {
        let endpoint = endpoint([Turn::Tls(authority.server_for_clients(version), answer(1))]);
        let transport = introduced(
            &authority,
            Some(authority.sign("gateway.example", FAR).client()),
        );
        let session = Session::builder(ermeo(&https(&endpoint)))
            .transport(transport)
            .build()
            .unwrap();

        assert_eq!(session.token().unwrap().expose(), access_token(1));
        let visits = endpoint.all();
        assert_eq!(visits.len(), 1, "{visits:?}");
        assert!(visits[0].introduced, "{version:?}: {visits:?}");
    }
}

#[test]
fn with_tls_1_2_a_missing_client_certificate_fails_the_handshake_and_spends_nothing() {
    let authority = Authority::new("ours");
    let endpoint = endpoint([Turn::Tls(
        authority.server_for_clients(&version::TLS12),
        answer(1),
    )]);
    let (session, _) = on_refresh_token(&https(&endpoint), introduced(&authority, None), 0);

    let error = quiet(session.token());
    let (reason, sent) = no_connection(&error);
    assert!(reason.contains("received fatal alert"), "{reason}");
    assert_eq!(sent, Delivery::NotSent);
    assert_eq!(session.refresh_token().unwrap().expose(), refresh_token(1));
    assert_eq!(endpoint.all()[0].heard(), "");
}

/// With TLS 1.3 a client is done first: it sends its request, and only then may hear that its
/// certificate was not good enough. The reason is told, and no more is claimed than is known.
#[test]
fn with_tls_1_3_a_missing_client_certificate_is_told_although_the_request_was_sent() {
    let authority = Authority::new("ours");
    let turn = || Turn::Tls(authority.server_for_clients(&version::TLS13), answer(1));
    let endpoint = endpoint([turn(), turn()]);
    let url = https(&endpoint);
    let ermeo = Session::builder(ermeo(&url)).transport(introduced(&authority, None));
    let aeris = Session::builder(aeris(&url)).transport(introduced(&authority, None));
    for builder in [ermeo, aeris] {
        let error = quiet(builder.retries(0).build().unwrap().token());
        let expected = (
            "received fatal alert: CertificateRequired",
            Delivery::Unknown,
        );
        assert_eq!(no_connection(&error), expected);
    }
    for visit in endpoint.all() {
        assert_eq!(visit.heard(), "", "the server was told nothing");
        assert_eq!(visit.failure.as_deref(), Some("peer sent no certificates"));
    }
}
