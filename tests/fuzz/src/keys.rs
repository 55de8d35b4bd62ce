//! PEM: signing keys, keys of proofs, client certificates, authorities; and encryption keys.

use auth_core::store::EncryptionKey;
use auth_core::transport::{ClientCertificate, HttpTransport, Tls};
use auth_core::{Error, Secret};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use oauth2_generic::{DpopKey, SigningKey};
use serde_json::Value;

use crate::holds::{is_quiet, quotes_nothing};

/// A file that is taken for a private key, a certificate, and the authorities that are trusted.
pub(crate) fn pem(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let secret = Secret::new(text.clone());
    let refused = |error: &Error| {
        let shown = is_quiet(error, &[]);
        quotes_nothing(&shown, input);
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    };
    for key in [SigningKey::from_pem(&secret), SigningKey::from_der(input)] {
        match key {
            Ok(key) => {
                serde_json::from_str::<Value>(&key.jwk()).expect("a JWK");
                // A damaged RSA key is noticed when it signs.
                if let Err(error) = key.sign("{}") {
                    refused(&error);
                }
                match key.certificate(input).send_certificate().sign("{}") {
                    Ok(token) => has_chain(token.expose(), &text),
                    Err(error) => refused(&error),
                }
            }
            Err(error) => refused(&error),
        }
    }
    match DpopKey::from_pem(&secret) {
        Ok(key) => {
            let again = DpopKey::from_pem(key.to_pem()).expect("the same key");
            assert_eq!(again.thumbprint(), key.thumbprint());
        }
        Err(error) => refused(&error),
    }
    let certificate = ClientCertificate::pem(input, &secret);
    for tls in [
        Tls::rustls().client_certificate(certificate),
        Tls::rustls().only_authorities(input),
    ] {
        if let Err(error) = HttpTransport::builder().no_proxy().tls(tls).build() {
            refused(&error);
        }
    }
}

/// The text of an encryption key.
pub(crate) fn encryption_key(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match EncryptionKey::from_base64(Secret::new(text.clone())) {
        Ok(key) => {
            let written = key.to_base64();
            let again = EncryptionKey::from_base64(&written).expect("the same key");
            assert_eq!(again.to_base64(), written);
            let bare = |text: &str| text.trim().trim_end_matches('=').len();
            assert_eq!(bare(written.expose()), 43);
        }
        Err(error) => {
            let shown = is_quiet(&error, &[]);
            quotes_nothing(&shown, input);
        }
    }
}

/// Asserts that the certificates of a header are as many as the file has, at most.
fn has_chain(token: &str, text: &str) {
    let header = token.split('.').next().unwrap_or_default();
    let header = BASE64_URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    let chain = header["x5c"].as_array().map_or(0, Vec::len);
    let most = text.matches("BEGIN").count().max(1);
    assert!(
        (1..=most).contains(&chain),
        "{chain} certificates of {most}"
    );
}
