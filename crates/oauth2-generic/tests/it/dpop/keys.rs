//! The key: kept, read again, never shown.

use oauth2_generic::{Client, DpopKey, Error, Secret, Server};

#[test]
fn a_key_that_was_kept_is_the_same_key() {
    let key = DpopKey::generate().unwrap();
    let pem = key.to_pem();
    let lines: Vec<&str> = pem.expose().lines().collect();
    assert_eq!(lines.first(), Some(&"-----BEGIN PRIVATE KEY-----"));
    assert_eq!(lines.last(), Some(&"-----END PRIVATE KEY-----"));
    assert!(lines.iter().all(|line| line.len() <= 64));
    let again = DpopKey::from_pem(&pem).unwrap();
    assert_eq!(again.thumbprint(), key.thumbprint());
    assert_eq!(again.to_pem().expose(), pem.expose());
}

#[test]
fn a_key_made_by_openssl_is_taken() {
    let pem = Secret::new(include_str!("../keys/es256.pem"));
    let key = DpopKey::from_pem(pem).unwrap();
    assert_eq!(key.thumbprint().len(), 43);
}

#[test]
fn every_new_key_is_another() {
    let thumbprint = || DpopKey::generate().unwrap().thumbprint();
    assert_ne!(thumbprint(), thumbprint());
}

#[test]
fn a_key_of_another_kind_is_refused() {
    for pem in [
        include_str!("../keys/ed25519.pem"),
        include_str!("../keys/rs256.pem"),
        include_str!("../keys/p384.pem"),
        "",
    ] {
        let error = DpopKey::from_pem(Secret::new(pem)).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
    }
}

#[test]
fn a_key_is_not_shown_with_its_client() {
    let key = DpopKey::generate().unwrap();
    let pem = key.to_pem();
    let client = Client::new(Server::new(""), "").dpop(key.clone());
    let shown = format!("{client:?} {client:#?} {key:?}");
    assert!(
        shown.contains("DpopKey(…)") && !shown.contains(&key.thumbprint()),
        "{shown}"
    );
    for line in pem.expose().lines() {
        assert!(!shown.contains(line));
    }
}
