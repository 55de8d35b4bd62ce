//! Private keys that are accepted, and that none is shown.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use oauth2_generic::{Client, ClientAuth, Error, Secret, Server, SigningKey};

use crate::jose::verified;

// Made for these tests by `openssl genpkey`; not secret.
pub(super) const ES256: &str = include_str!("../keys/es256.pem");
pub(super) const RS256: &str = include_str!("../keys/rs256.pem");
pub(super) const ED25519: &str = include_str!("../keys/ed25519.pem");

/// The key in this text.
pub(super) fn key(pem: &str) -> SigningKey {
    SigningKey::from_pem(Secret::new(pem)).unwrap()
}

fn lines(pem: &str) -> Vec<&str> {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

#[test]
fn a_key_may_come_as_text_or_as_bytes_and_among_other_lines() {
    let wanted = key(ES256).jwk();
    let der = BASE64_STANDARD.decode(lines(ES256).concat()).unwrap();
    let from_bytes = SigningKey::from_der(&der).unwrap();
    assert_eq!(from_bytes.jwk(), wanted);
    for text in [
        format!("Bag Attributes\n  name: client\n{ES256}"),
        ES256.replace('\n', "\r\n"),
        ES256.trim_end().to_owned(),
    ] {
        assert_eq!(
            SigningKey::from_pem(Secret::new(text)).unwrap().jwk(),
            wanted
        );
    }
}

/// PEM as shells, env files, secret stores and editors change it.
#[test]
fn a_key_is_read_as_people_have_it() {
    let wanted = key(ES256).jwk();
    let base64 = BASE64_STANDARD.encode(ES256);
    let body = lines(ES256).concat();
    for text in [
        ES256.replace('\n', "\\n"),
        ES256.replace('\n', "\\\\n"),
        ES256.replace('\n', "\\r\\n"),
        ES256.replace('\n', " "),
        ES256.replace('\n', ""),
        ES256.replace(['\n', ' '], ""),
        ES256.replace('\n', "\n    "),
        ES256.replace('\n', "\\\n"),
        format!("\u{feff}{ES256}"),
        format!("\n\n  {ES256}  \n"),
        format!("\"{}\"", ES256.replace('\n', "\\n")),
        format!("'{ES256}'"),
        format!(r#"{{"type":"service_account","private_key":{ES256:?}}}"#),
        format!("{}{ES256}", include_str!("../keys/es256.crt")),
        base64.clone(),
        format!("\"{base64}\"\n"),
        base64
            .as_bytes()
            .chunks(76)
            .map(|line| String::from_utf8_lossy(line) + "\n")
            .collect(),
        BASE64_URL_SAFE_NO_PAD.encode(ES256),
        BASE64_STANDARD.encode(&base64),
        BASE64_STANDARD.encode(ES256.replace('\n', "\\n")),
        format!("{body}\n"),
    ] {
        let key = SigningKey::from_pem(Secret::new(text.as_str()));
        assert_eq!(key.map(|key| key.jwk()).unwrap(), wanted, "{text}");
        #[cfg(feature = "dpop")]
        assert!(
            oauth2_generic::DpopKey::from_pem(Secret::new(text.as_str())).is_ok(),
            "{text}"
        );
    }
}

#[test]
fn another_container_is_named_with_the_way_out() {
    let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    for (text, what, way_out) in [
        (
            block("RSA PRIVATE KEY"),
            "PKCS#1",
            "openssl pkcs8 -topk8 -nocrypt",
        ),
        (
            block("EC PRIVATE KEY"),
            "SEC 1",
            "openssl pkcs8 -topk8 -nocrypt",
        ),
        (
            block("ENCRYPTED PRIVATE KEY"),
            "encrypted",
            "openssl pkcs8 -topk8 -nocrypt",
        ),
        (
            block("OPENSSH PRIVATE KEY"),
            "OpenSSH",
            "ssh-keygen -p -m PKCS8",
        ),
        (block("PUBLIC KEY"), "public key", "BEGIN PRIVATE KEY"),
        (block("CERTIFICATE"), "certificate", "BEGIN PRIVATE KEY"),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n".into(),
            "not whole",
            "openssl pkcs8",
        ),
        ("PuTTY-User-Key-File-3: ssh-rsa".into(), "PuTTY", "puttygen"),
        (
            r#"{"kty":"EC","d":"AA"}"#.into(),
            "JWK",
            "SigningKey::from_jwk",
        ),
        ("/run/secrets/client.pem".into(), "not PEM", "not its path"),
    ] {
        for text in [
            text.clone(),
            text.replace('\n', "\\n"),
            BASE64_STANDARD.encode(&text),
        ] {
            let shown = SigningKey::from_pem(Secret::new(text))
                .unwrap_err()
                .to_string();
            assert!(shown.contains(what) && shown.contains(way_out), "{shown}");
        }
    }
}

/// The texts are those of `openssl x509 -fingerprint`.
#[test]
fn a_certificate_is_named_in_the_header() {
    for (pem, certificate, sha256, sha1) in [
        (
            ES256,
            include_str!("../keys/es256.crt"),
            "lrOQd5sc0OU22Z-gHmz7EToTPxNnH-RN8ZJBESYYTRc",
            "NkLO0vPhuuw3F3L7kfHngsVGdXA",
        ),
        (
            RS256,
            include_str!("../keys/rs256.crt"),
            "E2HklKgfKcfUwwgMXULl05jZoDsXtXFKoKNRjXzAqKs",
            "hcLyOALijfg3Ng0Kkqqg6vxAyZc",
        ),
    ] {
        for text in [
            certificate.to_owned(),
            certificate.replace('\n', "\\n"),
            BASE64_STANDARD.encode(certificate),
        ] {
            let header = header(&key(pem).certificate(text));
            assert_eq!(header["x5t#S256"], sha256);
            assert_eq!(header["x5t"], sha1);
            assert!(header.get("x5c").is_none());
        }
    }
}

#[test]
fn a_certificate_and_its_chain_are_sent_if_asked_for() {
    let chain = [
        include_str!("../keys/es256.crt"),
        include_str!("../keys/rs256.crt"),
    ];
    let expected = chain.map(|pem| lines(pem).concat());
    // Some tools write the key's own certificate last.
    let stray = "-----END CERTIFICATE-----\n";
    for text in [
        chain.concat(),
        [chain[1], chain[0]].concat(),
        [stray, chain[0], chain[1]].concat(),
    ] {
        let key = key(ES256).certificate(text).send_certificate();
        assert_eq!(header(&key)["x5c"], serde_json::json!(expected));
    }
}

#[test]
fn a_certificate_of_another_key_is_refused() {
    for (text, hint) in [
        (
            include_str!("../keys/rs256.crt"),
            "not for this private key",
        ),
        (ES256, "BEGIN CERTIFICATE"),
        ("", "BEGIN CERTIFICATE"),
        ("client.crt", "not its path"),
    ] {
        let error = key(ES256).certificate(text).sign("{}").unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert!(error.to_string().contains(hint), "{error}");
    }
}

#[test]
fn a_member_can_be_added_to_the_header() {
    let key = key(ES256).key_id("k");
    let key = key
        .header_member("typ", "client-authentication+jwt")
        .header_member("alg", "none");
    let expected =
        serde_json::json!({"alg": "ES256", "kid": "k", "typ": "client-authentication+jwt"});
    assert_eq!(header(&key), expected);
}

#[test]
fn a_grant_of_ones_own_can_sign() {
    let key = key(ES256);
    let jwk = serde_json::from_str(&key.jwk()).unwrap();
    let jwt = key.sign(r#"{"iss":"batch"}"#).unwrap();
    assert_eq!(
        verified(jwt.expose(), &jwk).claims,
        serde_json::json!({"iss": "batch"})
    );
    for claims in ["", "[]", "iss=batch"] {
        assert!(matches!(key.sign(claims), Err(Error::Configuration { .. })));
    }
}

/// The header of what a key signs.
fn header(key: &SigningKey) -> serde_json::Value {
    let jwk = serde_json::from_str(&key.jwk()).unwrap();
    verified(key.sign("{}").unwrap().expose(), &jwk).header
}

#[test]
fn the_public_half_has_what_a_server_needs_to_know() {
    let key = key(ED25519).key_id(r#"a "key""#);
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
        ("\n", "is empty"),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            "PKCS#8",
        ),
        (
            "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----",
            "PEM",
        ),
    ] {
        let error = SigningKey::from_pem(Secret::new(pem)).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }));
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(hint), "{shown}");
        for line in lines(pem.trim()) {
            assert!(!shown.contains(line), "{shown}");
        }
    }
}

#[test]
fn neither_half_of_a_key_is_shown_with_its_client() {
    let key = key(ES256).key_id("id");
    let jwk = key.jwk();
    let client = Client::new(Server::new(""), "").auth(ClientAuth::private_key_jwt(key));
    let shown = format!("{client:?} {client:#?}");
    assert!(shown.contains("SigningKey(…)"), "{shown}");
    for line in lines(ES256) {
        assert!(!shown.contains(line));
    }
    let x = jwk.split('"').find(|part| part.len() == 43).unwrap();
    assert!(!shown.contains(x));
}
