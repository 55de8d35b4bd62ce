//! The certificate of a key, by which some servers identify it (RFC 7515 §4.1.6 to §4.1.8).

use std::sync::Arc;

use auth_core::{Error, Result};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use serde_json::{Map, Value};

use super::{PrivateKey, pem};

/// A certificate and its chain, in DER.
#[derive(Clone)]
pub(crate) struct Certificate(Arc<[Vec<u8>]>);

impl Certificate {
    /// Reads a certificate that is for this key, and its chain, from PEM or DER.
    pub(crate) fn from_bytes(bytes: &[u8], key: &PrivateKey) -> Result<Self> {
        let mut chain = pem::certificates(bytes)?;
        let public = key.public_bytes();
        let is_own = |der: &Vec<u8>| der.windows(public.len()).any(|part| part == public);
        let own = chain.iter().position(is_own).ok_or_else(|| {
            Error::configuration(
                "the certificate is not for this private key; pass the pair that belongs together",
            )
        })?;
        // `openssl pkcs12` may write it last, and a header has it first (RFC 7515 §4.1.6).
        let own = chain.remove(own);
        chain.insert(0, own);
        Ok(Self(chain.into()))
    }

    /// Names the certificate in the header of a JWT: `x5t#S256`, and `x5t`, which older servers read.
    pub(crate) fn name(&self, header: &mut Map<String, Value>) {
        let print = |algorithm| BASE64_URL_SAFE_NO_PAD.encode(digest(algorithm, &self.0[0]));
        header.insert("x5t#S256".into(), print(&SHA256).into());
        header.insert("x5t".into(), print(&SHA1_FOR_LEGACY_USE_ONLY).into());
    }

    /// Puts the whole chain into the header of a JWT: `x5c`.
    pub(crate) fn send(&self, header: &mut Map<String, Value>) {
        let chain = self.0.iter().map(|der| BASE64_STANDARD.encode(der));
        header.insert("x5c".into(), chain.collect::<Vec<_>>().into());
    }
}
