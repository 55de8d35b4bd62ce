//! Private keys, and the JWTs that they sign (RFC 7515).

#[cfg(feature = "jwt")]
mod certificate;
#[cfg(feature = "jwt")]
mod jwk;
mod pem;
mod server_clock;

use std::fmt;

use auth_core::{Error, Result, Secret};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use ring::{digest, error::KeyRejected};
use zeroize::Zeroizing;

#[cfg(feature = "jwt")]
pub(crate) use certificate::Certificate;
pub(crate) use server_clock::ServerClock;

/// A private key.
///
/// Only its bytes are kept, which wipe themselves; ring's own form of it, which does not, is made for
/// each signature, so that it is on the stack of a call and in no memory that lives longer.
pub(crate) struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
    algorithm: Algorithm,
    jwk: String,
}

/// Algorithm of a key, in the words of RFC 7518 and RFC 8037.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Algorithm {
    Es256,
    Rs256,
    #[cfg_attr(not(feature = "jwt"), expect(dead_code, reason = "a proof is ES256"))]
    Ps256,
    EdDsa,
}

impl PrivateKey {
    /// A new key for ES256.
    #[cfg(feature = "dpop")]
    pub(crate) fn generate() -> Result<Self> {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(P256, &SystemRandom::new());
        let pkcs8 = pkcs8.map_err(|_| no_randomness())?;
        Self::from_der(pkcs8.as_ref())
    }

    /// The key in a text with `BEGIN PRIVATE KEY`, unencrypted PKCS#8 (RFC 5958), as people have it.
    pub(crate) fn from_pem(text: &Secret) -> Result<Self> {
        Self::from_der(&pem::private_key(text)?)
    }

    /// The key in a private JWK.
    #[cfg(feature = "jwt")]
    pub(crate) fn from_jwk(jwk: &auth_core::grant::JsonResponse) -> Result<Self> {
        Self::from_der(&jwk::pkcs8(jwk)?)
    }

    /// The key in unencrypted PKCS#8 of whichever kind we can sign with.
    pub(crate) fn from_der(pkcs8: &[u8]) -> Result<Self> {
        let mut reason = None;
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
            match algorithm.jwk(pkcs8) {
                Ok(jwk) => {
                    let pkcs8 = Zeroizing::new(pkcs8.to_vec());
                    return Ok(Self {
                        pkcs8,
                        algorithm,
                        jwk,
                    });
                }
                Err(error) if error.to_string() == ANOTHER_KIND => {}
                Err(error) => reason = Some(error),
            }
        }
        let reason = reason.map_or("not for one of these algorithms".into(), |it| {
            it.to_string()
        });
        Err(Error::configuration(format!(
            "the private key must be unencrypted PKCS#8 for ES256 (P-256), RS256 or PS256 (RSA of 2048 to \
             4096 bits) or EdDSA (Ed25519), and is refused: {reason}"
        )))
    }

    /// The key as `from_pem` reads it.
    #[cfg(feature = "dpop")]
    pub(crate) fn to_pem(&self) -> Secret {
        let base64 = Zeroizing::new(base64::prelude::BASE64_STANDARD.encode(&self.pkcs8));
        let mut pem = String::with_capacity(base64.len() + base64.len() / LINE + 64);
        pem += "-----BEGIN PRIVATE KEY-----";
        for (at, character) in base64.char_indices() {
            if at % LINE == 0 {
                pem.push('\n');
            }
            pem.push(character);
        }
        pem.push('\n');
        pem += "-----END PRIVATE KEY-----";
        pem.push('\n');
        Secret::new(pem)
    }

    /// Returns `true` for a key for ES256, the one algorithm that every server with DPoP supports.
    #[cfg(feature = "dpop")]
    pub(crate) fn is_es256(&self) -> bool {
        self.algorithm == Algorithm::Es256
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The same key for another way to sign, which it must be good for.
    #[cfg(feature = "jwt")]
    pub(crate) fn with_algorithm(&self, algorithm: Algorithm) -> Self {
        Self {
            pkcs8: self.pkcs8.clone(),
            algorithm,
            jwk: self.jwk.clone(),
        }
    }

    /// The public key as JSON, with the members that are hashed (RFC 7638), in their order.
    pub(crate) fn jwk(&self) -> &str {
        &self.jwk
    }

    /// The part of the key that its certificate holds: the modulus, or the point or its first coordinate.
    #[cfg(feature = "jwt")]
    fn public_bytes(&self) -> Vec<u8> {
        let jwk: serde_json::Value = serde_json::from_str(&self.jwk).unwrap_or_default();
        let text = jwk["n"].as_str().or(jwk["x"].as_str()).unwrap_or_default();
        BASE64_URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
    }

    /// The thumbprint of the public key (RFC 7638).
    pub(crate) fn thumbprint(&self) -> String {
        hash(self.jwk.as_bytes())
    }

    /// A JWT with a header and claims, both JSON.
    pub(crate) fn sign(&self, header: &str, claims: &str) -> Result<Secret> {
        let room = 2 * (header.len() + claims.len()) + LONGEST_SIGNATURE;
        let mut jwt = String::with_capacity(room);
        BASE64_URL_SAFE_NO_PAD.encode_string(header, &mut jwt);
        jwt.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(claims, &mut jwt);
        let signature = self.algorithm.signature(&self.pkcs8, jwt.as_bytes())?;
        jwt.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut jwt);
        Ok(Secret::new(jwt))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

impl Algorithm {
    /// Its name in the header of a JWT.
    #[cfg(feature = "jwt")]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
        }
    }

    fn signature(self, pkcs8: &[u8], message: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        let rsa = |padding| {
            let key = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
            let mut signature = vec![0; key.public().modulus_len()];
            let signed = key.sign(padding, &random, message, &mut signature);
            signed.ok().map(|()| signature)
        };
        let signature = match self {
            Self::Es256 => EcdsaKeyPair::from_pkcs8(P256, pkcs8, &random)
                .ok()
                .and_then(|key| Some(key.sign(&random, message).ok()?.as_ref().to_vec())),
            Self::Rs256 => rsa(&RSA_PKCS1_SHA256),
            Self::Ps256 => rsa(&RSA_PSS_SHA256),
            Self::EdDsa => Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8)
                .ok()
                .map(|key| key.sign(message).as_ref().to_vec()),
        };
        // The key was good when it was read, so what can fail is the randomness.
        signature.ok_or_else(no_randomness)
    }

    /// The public half of a key of this kind, by RFC 7638: the required members in the order of names.
    fn jwk(self, pkcs8: &[u8]) -> std::result::Result<String, KeyRejected> {
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        Ok(match self {
            Self::Es256 => {
                let key = EcdsaKeyPair::from_pkcs8(P256, pkcs8, &SystemRandom::new())?;
                // An uncompressed point: one byte that says so, x and y.
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                let (x, y) = (text(x), text(y));
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Self::Rs256 | Self::Ps256 => {
                let key = RsaKeyPair::from_pkcs8(pkcs8)?;
                let PublicKeyComponents { n, e } =
                    PublicKeyComponents::<Vec<u8>>::from(key.public());
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(&e), text(&n))
            }
            Self::EdDsa => {
                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8)?;
                let x = text(key.public_key().as_ref());
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)
            }
        })
    }
}

/// A number that no other JWT has: 128 random bits.
pub(crate) fn new_id() -> Result<String> {
    let bytes: [u8; 16] = ring::rand::generate(&SystemRandom::new())
        .map_err(|_| no_randomness())?
        .expose();
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// SHA-256 in base64url.
pub(crate) fn hash(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, bytes))
}

fn no_randomness() -> Error {
    Error::configuration("the system returns no random bytes; nothing was signed")
}

const P256: &ring::signature::EcdsaSigningAlgorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
#[cfg(feature = "dpop")]
const LINE: usize = 64;
/// That of an RSA key of 4096 bits, in base64.
const LONGEST_SIGNATURE: usize = 700;
/// ring's error for a key of another kind.
const ANOTHER_KIND: &str = "WrongAlgorithm";
