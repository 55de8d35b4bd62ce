//! A private key for assertions, and the header of what it signs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth_core::{Error, Result, Secret};
use serde_json::{Map, Value, json};

use crate::signing::{Algorithm, Certificate, PrivateKey, ServerClock};

/// A private key that signs assertions with ES256, RS256, PS256 or EdDSA.
///
/// `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out client.pem` makes one for ES256, and
/// [`jwk`](SigningKey::jwk) is what the server has to know of it. It is wiped from memory with its last clone
/// (ring's copy, on the stack during a call, is not), and `Debug` does not show it.
#[derive(Clone)]
pub struct SigningKey {
    key: Arc<PrivateKey>,
    id: String,
    members: Map<String, Value>,
    certificate: Option<Certificate>,
    sends_certificate: bool,
    /// The clocks of the servers that refused an assertion, by endpoint; clones share them.
    clocks: Arc<Mutex<BTreeMap<String, ServerClock>>>,
}

impl SigningKey {
    /// Reads a key from the text of a PEM file with `BEGIN PRIVATE KEY`, unencrypted PKCS#8 (RFC 5958).
    ///
    /// The text may have gone through an environment variable or a secret store: line breaks as `\n` in two
    /// characters, as spaces or missing, quotes around it, or base64 of the whole. An RSA key signs with RS256,
    /// see [`pss`](SigningKey::pss).
    ///
    /// # Errors
    /// [`Error::Configuration`] if it is not such a key; the message names the command that converts it.
    pub fn from_pkcs8_pem(pem: impl Into<Secret>) -> Result<Self> {
        PrivateKey::from_pem(&pem.into()).map(Self::new)
    }

    /// Reads a key from unencrypted PKCS#8 in DER.
    ///
    /// # Errors
    /// As [`from_pkcs8_pem`](SigningKey::from_pkcs8_pem).
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self> {
        PrivateKey::from_der(der).map(Self::new)
    }

    /// Sets the name under which the server knows the key (`kid`, RFC 7515 §4.1.4). Default: none is sent.
    #[must_use]
    pub fn key_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Signs with PS256 instead of RS256, as FAPI requires. A key that is not RSA stays as it is.
    #[must_use]
    pub fn pss(mut self) -> Self {
        if self.key.algorithm() == Algorithm::Rs256 {
            self.key = Arc::new(self.key.with_algorithm(Algorithm::Ps256));
        }
        self
    }

    /// Names the key by its certificate: `x5t#S256` and `x5t` in the header (RFC 7515 §4.1.7 and §4.1.8), as
    /// Entra ID and AD FS require.
    ///
    /// `pem` is the text of the certificate's file; further certificates in it are its chain, see
    /// [`send_certificate`](SigningKey::send_certificate).
    ///
    /// ```no_run
    /// use oauth2_generic::SigningKey;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let key = SigningKey::from_pkcs8_pem(std::fs::read_to_string("client.pem")?)?
    ///     .certificate(&std::fs::read_to_string("client.crt")?)?;
    /// # let _ = key;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`] if the text holds no certificate, or none for this key.
    pub fn certificate(mut self, pem: &str) -> Result<Self> {
        self.certificate = Some(Certificate::from_pem(pem, &self.key)?);
        Ok(self)
    }

    /// Sends the [`certificate`](SigningKey::certificate) and its chain in the header, too (`x5c`, RFC 7515
    /// §4.1.6): for servers that know the authority and not the certificate. Default: they are not sent.
    #[must_use]
    pub fn send_certificate(mut self) -> Self {
        self.sends_certificate = true;
        self
    }

    /// Adds a member to the header of what the key signs, such as `typ`. `alg` follows from the key and cannot be
    /// set.
    ///
    /// ```no_run
    /// # fn signed(key: oauth2_generic::SigningKey) -> oauth2_generic::SigningKey {
    /// key.header_member("typ", "client-authentication+jwt")
    /// # }
    /// ```
    #[must_use]
    pub fn header_member(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.members
            .insert(name.into(), Value::String(value.into()));
        self
    }

    /// Signs claims, a JSON object, and returns the JWT (RFC 7519): for a [`Grant`](crate::Grant) of your own.
    ///
    /// ```no_run
    /// # fn assertion(key: &oauth2_generic::SigningKey) -> oauth2_generic::Result<oauth2_generic::Secret> {
    /// key.sign(r#"{"iss":"batch","aud":"https://login.example.com","exp":1767226660}"#)
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`] if the claims are not a JSON object, or the system has no random bytes to give.
    pub fn sign(&self, claims: &str) -> Result<Secret> {
        if serde_json::from_str::<Map<String, Value>>(claims).is_err() {
            return Err(Error::configuration(
                "the claims to be signed are not a JSON object",
            ));
        }
        self.key.sign(&self.header(), claims)
    }

    /// The public key as a JWK (RFC 7517), to be registered at the server.
    pub fn jwk(&self) -> String {
        let mut jwk = self.key.jwk().trim_end_matches('}').to_owned();
        jwk += &format!(r#","alg":"{}","use":"sig""#, self.key.algorithm().name());
        if !self.id.is_empty() {
            jwk += &format!(r#","kid":{}"#, json!(self.id));
        }
        jwk + "}"
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        self.key.algorithm().name()
    }

    /// What tells keys and their headers apart; it holds nothing secret.
    pub(crate) fn print(&self) -> String {
        self.key.thumbprint() + &self.header()
    }

    pub(crate) fn clocks(&self) -> MutexGuard<'_, BTreeMap<String, ServerClock>> {
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new(key: PrivateKey) -> Self {
        Self {
            key: Arc::new(key),
            id: String::new(),
            members: Map::new(),
            certificate: None,
            sends_certificate: false,
            clocks: Arc::default(),
        }
    }

    fn header(&self) -> String {
        let mut header = self.members.clone();
        if let Some(certificate) = &self.certificate {
            certificate.name(&mut header);
            if self.sends_certificate {
                certificate.send(&mut header);
            }
        }
        if !self.id.is_empty() {
            header.insert("kid".into(), self.id.as_str().into());
        }
        header.insert("alg".into(), self.algorithm().into());
        Value::Object(header).to_string()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}
