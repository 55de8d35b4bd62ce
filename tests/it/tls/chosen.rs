//! Two TLS libraries in one program, each where it is chosen.

use auth_core::Session;
use auth_core::agent::ureq;
use auth_core::grant::TokenResponse;
use auth_core::transport::Tls;
use auth_core::{Secret, agent};
use rustls::version;

use super::authority::{Authority, FAR};
use super::endpoint::{Turn, endpoint, https};
use super::{access_token, answer, ermeo, no_connection, with};
use crate::support::quiet;

/// A library, and its error for a certificate that it does not trust.
type Library = (fn() -> Tls, &'static str);

fn libraries() -> [Library; 4] {
    [
        (Tls::default, "invalid peer certificate: UnknownIssuer"),
        (Tls::rustls, "invalid peer certificate: UnknownIssuer"),
        (Tls::native, "certificate verify failed"),
        (Tls::platform_verifier, "invalid peer certificate"),
    ]
}

#[test]
fn each_session_has_the_library_that_it_chooses() {
    let authority = Authority::new("ours");
    for (tls, expected) in libraries() {
        let endpoint = endpoint([Turn::Tls(authority.server(), answer(1))]);
        let session = Session::builder(ermeo(&https(&endpoint)))
            .transport(with(tls()).build().unwrap())
            .retries(0);
        let error = quiet(session.build().unwrap().token());
        let (reason, _) = no_connection(&error);
        assert!(reason.contains(expected), "{:?}: {reason}", tls());
        assert_eq!(endpoint.all()[0].heard(), "");
    }
}

#[test]
fn each_agent_has_the_library_of_its_session() {
    let authority = Authority::new("ours");
    for (tls, expected) in libraries() {
        let endpoint = endpoint([Turn::Tls(authority.server(), answer(1))]);
        let url = https(&endpoint);
        let session = Session::builder(ermeo(&url))
            .transport(with(tls()).build().unwrap())
            .tokens(TokenResponse::new(Secret::new(access_token(1))))
            .build()
            .unwrap();
        let failed = session.agent().get(&url).call().unwrap_err();
        assert!(!matches!(failed, ureq::Error::Other(_)), "{failed}");
        let error = agent::error(failed);
        let (reason, _) = no_connection(&error);
        assert!(reason.contains(expected), "{:?}: {reason}", tls());
        assert_eq!(endpoint.all()[0].heard(), "");
    }
}

#[test]
fn each_library_trusts_an_authority_and_presents_a_certificate() {
    let authority = Authority::new("ours");
    let client = authority.sign("gateway.example", FAR);
    for (tls, _) in libraries() {
        let server = authority.server_for_clients(&version::TLS13);
        let endpoint = endpoint([Turn::Tls(server, answer(1))]);
        let tls = tls()
            .only_authorities(authority.pem())
            .client_certificate(client.client());
        let session = Session::builder(ermeo(&https(&endpoint)))
            .transport(with(tls.clone()).build().unwrap())
            .build()
            .unwrap();
        assert_eq!(session.token().unwrap().expose(), access_token(1));
        assert_eq!(endpoint.all()[0].certificate, client.der(), "{tls:?}");
    }
}

/// An old key for RSA or an elliptic curve, as `openssl` used to write it.
#[test]
fn native_tls_needs_a_key_in_pkcs_8() {
    let authority = Authority::new("ours");
    let client = authority.sign("gateway.example", FAR);
    let key = client.key_pem().replace("PRIVATE KEY", "EC PRIVATE KEY");
    let certificate = auth_core::transport::ClientCertificate::pem(client.pem(), Secret::new(key));
    let error = quiet(with(Tls::native().client_certificate(certificate)).build());
    assert!(error.to_string().contains("openssl pkcs8"), "{error}");
}
