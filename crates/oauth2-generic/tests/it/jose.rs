//! Reads JWTs as a server does, and checks who signed them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;

/// A JWT whose signature was verified.
#[derive(Debug)]
pub(crate) struct Jwt {
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

/// A JWT, if the public key's owner signed it.
#[track_caller]
pub(crate) fn verified(jwt: &str, jwk: &Value) -> Jwt {
    let (message, signature) = jwt.rsplit_once('.').expect("three parts");
    let (header, claims) = message.split_once('.').expect("three parts");
    let json = |part| serde_json::from_slice(&decoded(part)).expect("JSON");
    let header: Value = json(header);
    let (message, signature) = (message.as_bytes(), decoded(signature));
    let member = |name: &str| decoded(jwk[name].as_str().expect(name));
    let alg = header["alg"].as_str().expect("an algorithm");
    let checked = match alg {
        "ES256" => {
            let point = [vec![4], member("x"), member("y")].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, &signature)
        }
        "EdDSA" => UnparsedPublicKey::new(&ED25519, member("x")).verify(message, &signature),
        "RS256" | "PS256" => {
            let key = RsaPublicKeyComponents {
                n: member("n"),
                e: member("e"),
            };
            let padding = if alg == "RS256" {
                &RSA_PKCS1_2048_8192_SHA256
            } else {
                &RSA_PSS_2048_8192_SHA256
            };
            key.verify(padding, message, &signature)
        }
        other => panic!("{other}"),
    };
    checked.expect("it is signed with that key");
    let claims = json(claims);
    Jwt { header, claims }
}

/// A proof, signed with the key that it names (RFC 9449 §4.3).
#[track_caller]
pub(crate) fn proof(jwt: &str) -> Jwt {
    let (header, _) = jwt.split_once('.').expect("three parts");
    let header: Value = serde_json::from_slice(&decoded(header)).expect("JSON");
    verified(jwt, &header["jwk"])
}

/// The names of the members of an object, in alphabetic order.
pub(crate) fn names(object: &Value) -> Vec<&str> {
    let object = object.as_object().expect("an object");
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// SHA-256 in base64url.
pub(crate) fn hash(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

#[track_caller]
fn decoded(part: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .expect("base64url, without padding")
}
