//! Which private keys are taken, and that none is shown.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use oauth2_generic::{ClientAuth, Error, PrivateKeyJwt, SigningKey};

// Made for these tests by `openssl genpkey`, and known to everybody.
pub(super) const ES256: &str = include_str!("../keys/es256.pem");
pub(super) const RS256: &str = include_str!("../keys/rs256.pem");
pub(super) const ED25519: &str = include_str!("../keys/ed25519.pem");

fn lines(pem: &str) -> Vec<&str> {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

#[test]
fn a_key_may_come_as_text_or_as_bytes_and_among_other_lines() {
    let wanted = SigningKey::from_pkcs8_pem(ES256).unwrap().jwk();
    let der = BASE64_STANDARD.decode(lines(ES256).concat()).unwrap();
    let from_bytes = SigningKey::from_pkcs8_der(&der).unwrap();
    assert_eq!(from_bytes.jwk(), wanted);
    for text in [
        format!("Bag Attributes\n  name: client\n{ES256}"),
        ES256.replace('\n', "\r\n"),
        ES256.trim_end().to_owned(),
    ] {
        assert_eq!(SigningKey::from_pkcs8_pem(text).unwrap().jwk(), wanted);
    }
}

#[test]
fn the_public_half_has_what_a_server_needs_to_know() {
    let key = SigningKey::from_pkcs8_pem(ED25519)
        .unwrap()
        .key_id(r#"a "key""#);
    let jwk: serde_json::Value = serde_json::from_str(&key.jwk()).unwrap();
    assert_eq!(
        (&jwk["crv"], &jwk["use"]),
        (&"Ed25519".into(), &"sig".into())
    );
    assert_eq!(jwk["kid"], r#"a "key""#);
}

#[test]
fn another_key_is_refused_with_a_way_out_and_not_quoted() {
    for (pem, hint) in [
        (
            include_str!("../keys/sec1.pem"),
            "openssl pkcs8 -topk8 -nocrypt",
        ),
        (
            include_str!("../keys/encrypted.pem"),
            "openssl pkcs8 -topk8 -nocrypt",
        ),
        (include_str!("../keys/p384.pem"), "P-256"),
        (include_str!("../keys/short.pem"), "2048"),
        ("", "BEGIN PRIVATE KEY"),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            "PKCS#8",
        ),
        (
            "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----",
            "PEM",
        ),
    ] {
        let error = SigningKey::from_pkcs8_pem(pem).unwrap_err();
        assert!(matches!(error, Error::Configuration(_)));
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(hint), "{shown}");
        for line in lines(pem) {
            assert!(!shown.contains(line), "{shown}");
        }
    }
}

#[test]
fn nobody_sees_the_key_or_the_public_half_where_a_client_is_shown() {
    let key = SigningKey::from_pkcs8_pem(ES256).unwrap().key_id("id");
    let jwk = key.jwk();
    let client = oauth2_generic::Client {
        client_auth: ClientAuth::PrivateKeyJwt(PrivateKeyJwt::new(key)),
        ..oauth2_generic::Client::default()
    };
    let shown = format!("{client:?} {client:#?}");
    assert!(shown.contains("SigningKey(…)"), "{shown}");
    for line in lines(ES256) {
        assert!(!shown.contains(line));
    }
    let x = jwk.split('"').find(|part| part.len() == 43).unwrap();
    assert!(!shown.contains(x));
}

#[test]
fn ways_are_compared_by_key_and_audience() {
    let key = || SigningKey::from_pkcs8_pem(ES256).unwrap();
    let way = |jwt| ClientAuth::PrivateKeyJwt(jwt);
    let plain = way(PrivateKeyJwt::new(key()));
    assert_eq!(plain, way(PrivateKeyJwt::new(key())));
    assert_ne!(plain, way(PrivateKeyJwt::new(key()).audience("a")));
    assert_ne!(plain, way(PrivateKeyJwt::new(key().key_id("k"))));
    assert_ne!(plain, ClientAuth::Body);
}
