//! Client certificates that cannot be used.

use auth_all::transport::ClientCertificate;
#[cfg(feature = "native-tls")]
use auth_all::transport::Tls;
use auth_all::{Error, Secret, Session};
use tls_tests::authority::{Authority, FAR};

use crate::{Kind, Server, compiled_in, with};

#[test]
fn a_wrong_certificate_or_key_is_a_wrong_setting() {
    let ours = Authority::new("ours");
    let (one, other) = (ours.sign("one", FAR), ours.sign("other", FAR));
    let key = |text: &str| Secret::new(text);
    for (certificate, words) in [
        (
            ClientCertificate::pem(one.pem(), key(&other.key_pem())),
            "does not belong to the certificate",
        ),
        (
            ClientCertificate::pem("", key(&one.key_pem())),
            "no `CERTIFICATE`",
        ),
        (ClientCertificate::pem(one.pem(), key("canary7Qz")), "key"),
        (
            ClientCertificate::pem(one.pem(), key("-----BEGIN PRIVATE KEY-----\ncanary7Qz")),
            "no `PRIVATE KEY`",
        ),
    ] {
        for tls in compiled_in() {
            let tls = tls.client_certificate(certificate.clone());
            let session = Session::builder(Server("https://127.0.0.1:1".into(), Kind::AgentGet));
            let session = session.tls(tls.clone()).build();
            for error in [with(tls.clone()).build().unwrap_err(), session.unwrap_err()] {
                assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
                let message = error.to_string();
                assert!(message.contains(words), "{tls:?}: {message}");
                assert!(!message.contains("canary7Qz"), "{message}");
            }
        }
    }
}

/// An old key for RSA or an elliptic curve, as `openssl` used to write it.
#[cfg(feature = "native-tls")]
#[test]
fn native_tls_needs_a_key_in_pkcs_8() {
    let client = Authority::new("ours").sign("client.example", FAR);
    let key = client.key_pem().replace("PRIVATE KEY", "EC PRIVATE KEY");
    let certificate = ClientCertificate::pem(client.pem(), Secret::new(key));
    let error = with(Tls::native().client_certificate(certificate)).build();
    let message = error.unwrap_err().to_string();
    assert!(message.contains("openssl pkcs8"), "{message}");
}
