//! A private key as JWK (RFC 7517, RFC 7518 §6, RFC 8037), written as PKCS#8.

use auth_core::grant::JsonResponse;
use auth_core::{Error, Result, Secret};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// Bytes that wipe themselves.
type Bytes = Zeroizing<Vec<u8>>;

/// The key in unencrypted PKCS#8 (RFC 5958), in DER.
pub(super) fn pkcs8(jwk: &JsonResponse) -> Result<Bytes> {
    let text = |name: &str| jwk.text(name).map(Secret::expose).unwrap_or_default();
    let is_private = jwk.text("d").is_some();
    match (text("kty"), text("crv")) {
        _ if !is_private => Err(Error::configuration(
            "the JWK is a public key, or a set of keys; pass the private key alone, which has a member `d`",
        )),
        ("EC", "P-256") => {
            let point = [&[0, 4][..], &member(jwk, "x", 32)?, &member(jwk, "y", 32)?].concat();
            let public = der(PUBLIC_KEY, &[&der(BIT_STRING, &[&point])]);
            let private = der(OCTET_STRING, &[&member(jwk, "d", 32)?]);
            let key = der(SEQUENCE, &[ONE, &private, &public]);
            Ok(wrapped(EC_P256, &key))
        }
        ("OKP", "Ed25519") => {
            let key = der(OCTET_STRING, &[&member(jwk, "d", 32)?]);
            Ok(wrapped(ED25519, &key))
        }
        ("RSA", _) => {
            let mut parts = vec![Zeroizing::new(ZERO.to_vec())];
            for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
                parts.push(integer(&member(jwk, name, 0)?));
            }
            let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_slice()).collect();
            Ok(wrapped(RSA, &der(SEQUENCE, &parts)))
        }
        _ => Err(Error::configuration(
            "the JWK is not for ES256 (`P-256`), EdDSA (`Ed25519`) or RSA, so it cannot sign an assertion",
        )),
    }
}

/// The bytes of a member, with zeros before them up to this length: some programs leave those out.
fn member(jwk: &JsonResponse, name: &str, length: usize) -> Result<Bytes> {
    let text = jwk.text(name).map(Secret::expose);
    let text = text.unwrap_or_default().trim_end_matches('=');
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let decoded = BASE64_URL_SAFE_NO_PAD.decode_vec(text, &mut bytes);
    if decoded.is_err() || bytes.is_empty() || (length > 0 && bytes.len() > length) {
        return Err(Error::configuration(format!(
            "the JWK's member `{name}` is missing or not base64url, as RFC 7518 has it"
        )));
    }
    let missing = length.saturating_sub(bytes.len());
    let mut padded = Zeroizing::new(vec![0; missing]);
    padded.reserve_exact(bytes.len());
    padded.extend_from_slice(&bytes);
    Ok(padded)
}

/// A key with the name of its algorithm.
fn wrapped(algorithm: &[u8], key: &[u8]) -> Bytes {
    let key = der(OCTET_STRING, &[key]);
    der(SEQUENCE, &[ZERO, algorithm, &key])
}

/// A positive integer: without zeros before it, but with one where its first bit is set.
fn integer(bytes: &[u8]) -> Bytes {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let sign: &[u8] = match bytes.first() {
        Some(first) if *first < 0x80 => &[],
        _ => &[0],
    };
    der(INTEGER, &[sign, bytes])
}

/// A value with its tag and length (X.690 §8.1).
fn der(tag: u8, parts: &[&[u8]]) -> Bytes {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 6));
    bytes.push(tag);
    let octets = length.to_be_bytes();
    let octets = &octets[octets.iter().take_while(|octet| **octet == 0).count()..];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            // A length of eight octets at most.
            bytes.push(0x80 | u8::try_from(octets.len()).unwrap_or_default());
            bytes.extend_from_slice(octets);
        }
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
/// `[1]` of `ECPrivateKey` (RFC 5915).
const PUBLIC_KEY: u8 = 0xa1;
const ZERO: &[u8] = &[0x02, 1, 0];
const ONE: &[u8] = &[0x02, 1, 1];
/// `id-ecPublicKey` and `secp256r1` (RFC 5480).
const EC_P256: &[u8] = &[
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07,
];
/// `id-Ed25519` (RFC 8410).
const ED25519: &[u8] = &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];
/// `rsaEncryption` and NULL (RFC 8017).
const RSA: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
