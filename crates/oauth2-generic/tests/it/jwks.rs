//! Private keys as JWK.

use oauth2_generic::{Error, Secret, SigningKey};
use serde_json::{Value, json};

use crate::jose::verified;

/// That of RFC 7517, appendix A.2.
const EC: &str = r#"{
    "kty": "EC", "crv": "P-256", "kid": "1",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"
}"#;
/// That of RFC 8037, appendix A.1.
const OKP: &str = r#"{
    "kty": "OKP", "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
}"#;
/// The key of `rs256.pem`, with `kid` and `alg`.
const RSA: &str = include_str!("keys/rs256.jwk");

fn key(jwk: &str) -> SigningKey {
    SigningKey::from_jwk(Secret::new(jwk)).unwrap()
}

fn problem(jwk: &str) -> String {
    let error = SigningKey::from_jwk(Secret::new(jwk)).unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    error.to_string()
}

#[test]
fn a_jwk_of_each_kind_signs() {
    for (text, alg, id) in [
        (EC, "ES256", Some("1")),
        (OKP, "EdDSA", None),
        (RSA, "PS256", Some("2026-01")),
    ] {
        let key = key(text);
        let public: Value = serde_json::from_str(&key.jwk()).unwrap();
        let private: Value = serde_json::from_str(text).unwrap();
        for member in ["kty", "crv", "x", "y", "n", "e"] {
            assert_eq!(public[member], private[member], "{alg}: {member}");
        }
        assert!(public.get("d").is_none());
        let jwt = key.sign(r#"{"iss":"batch"}"#).unwrap();
        let jwt = verified(jwt.expose(), &public);
        assert_eq!(jwt.header["alg"], alg);
        assert_eq!(jwt.header.get("kid").and_then(Value::as_str), id);
    }
    let rs256 = key(&RSA.replace("PS256", "RS256"));
    assert!(rs256.jwk().contains(r#""alg":"RS256""#));
    let pem = SigningKey::from_pem(Secret::new(include_str!("keys/rs256.pem"))).unwrap();
    assert_eq!(rs256.thumbprint(), pem.thumbprint());
}

/// RFC 8037, appendix A.3.
#[test]
fn the_thumbprint_is_that_of_the_rfc() {
    assert_eq!(
        key(OKP).thumbprint(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}

/// Some programs leave out the zeros before a number, which RFC 7518 §6.2.1 forbids.
#[test]
fn a_short_number_is_filled_with_zeros() {
    let mut jwk: Value = serde_json::from_str(EC).unwrap();
    jwk["d"] = json!("AQ");
    // The point of this number is the curve's generator.
    jwk["x"] = json!("axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY");
    jwk["y"] = json!("T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU");
    assert!(key(&jwk.to_string()).sign("{}").is_ok());
}

#[test]
fn what_is_no_private_key_is_refused_without_quoting_it() {
    let changed = |name: &str, value: Value| {
        let mut jwk: Value = serde_json::from_str(EC).unwrap();
        jwk[name] = value;
        problem(&jwk.to_string())
    };
    assert!(problem("-----BEGIN PRIVATE KEY-----").contains("is not a JWK"));
    assert!(problem("{}").contains("public key, or a set"));
    assert!(problem(&json!({"keys": [{"kty": "EC"}]}).to_string()).contains("a set of keys"));
    assert!(changed("d", Value::Null).contains("public key"));
    assert!(changed("crv", json!("P-384")).contains("not for ES256"));
    assert!(changed("kty", json!("oct")).contains("not for ES256"));
    assert!(changed("x", json!("c4nary!")).contains("`x` is missing or not base64url"));
    // A point of another key: nothing could verify its signatures.
    let other = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let shown = changed("x", json!(other));
    assert!(
        !shown.contains(other) && !shown.contains("870MB6"),
        "{shown}"
    );
    let short = RSA.replace("\"qi\"", "\"_\"");
    assert!(problem(&short).contains("`qi` is missing"));
}
