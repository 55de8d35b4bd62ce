//! A private key for assertions, and the header of what it signs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth_core::secret::SecretSource;
use auth_core::{Error, Result, Secret};
use serde_json::{Map, Value, json};

use crate::json;
use crate::signing::{Algorithm, Certificate, PrivateKey, ServerClock};

/// A private key that signs assertions with ES256, RS256, PS256 or EdDSA.
///
/// `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out client.pem` makes one for ES256, and
/// [`jwk`](SigningKey::jwk) is its public half, for the server. It is read once: a rotated key needs a new session. It is
/// wiped from memory with its last clone (ring's copy, on the stack during a call, is not), and `Debug` does not show it.
///
/// ```no_run
/// use oauth2_generic::{SigningKey, secret};
///
/// let key = SigningKey::from_pem(secret::file("client.pem"))?.key_id("2026-01");
/// println!("{}", key.jwk());
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct SigningKey {
    key: Arc<PrivateKey>,
    id: Option<String>,
    members: Map<String, Value>,
    certificate: Option<Certificate>,
    sends_certificate: bool,
    dates: Dates,
    /// The first setting that is wrong, reported when the key is used.
    problem: Option<Error>,
    /// The clocks of the servers that refused an assertion, by endpoint; clones share them.
    clocks: Arc<Mutex<BTreeMap<String, ServerClock>>>,
}

/// Times of an assertion, from the moment of its making.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dates {
    /// The time since its issue; `None` if it has no `iat`.
    pub(crate) age: Option<Duration>,
    pub(crate) lifetime: Duration,
}

impl SigningKey {
    /// Reads a key from PEM with `BEGIN PRIVATE KEY`, unencrypted PKCS#8 (RFC 5958).
    ///
    /// The text may have gone through an environment variable or a secret store: line breaks as `\n` in two
    /// characters, as spaces or missing, quotes around it, or base64 of the whole. An RSA key signs with RS256,
    /// see [`pss`](SigningKey::pss).
    ///
    /// # Errors
    /// [`Error::Configuration`] if the source cannot be read or is not such a key; the message names the command that
    /// converts it.
    pub fn from_pem(pem: impl Into<SecretSource>) -> Result<Self> {
        PrivateKey::from_pem(&pem.into().read()?).map(Self::new)
    }

    /// Reads a key from a private JWK (RFC 7517), with its `kid`; one whose `alg` is PS256 signs with it.
    ///
    /// ```no_run
    /// use oauth2_generic::{SigningKey, secret};
    ///
    /// let key = SigningKey::from_jwk(secret::file("client.jwk"))?;
    /// # let _ = key;
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`] if the source cannot be read, or is not a private key for ES256, EdDSA or RSA.
    pub fn from_jwk(jwk: impl Into<SecretSource>) -> Result<Self> {
        let text = jwk.into().read()?;
        let jwk = json::object(text.expose())
            .map_err(|_| Error::configuration("the private key is not a JWK, which is JSON"))?;
        let text = |name: &str| jwk.text(name).map(Secret::expose);
        let mut key = PrivateKey::from_jwk(&jwk).map(Self::new)?;
        if text("alg") == Some("PS256") {
            key = key.pss();
        }
        Ok(match text("kid") {
            Some(id) => key.key_id(id),
            None => key,
        })
    }

    /// Reads a key from unencrypted PKCS#8 in DER.
    ///
    /// ```
    /// use oauth2_generic::SigningKey;
    ///
    /// # let fetch_from_vault = || ring::signature::Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new());
    /// # let der = fetch_from_vault().map_err(|_| "no key")?;
    /// // `der` is what a key store returns.
    /// let key = SigningKey::from_der(der.as_ref())?.key_id("2026-01");
    /// let assertion = key.sign(r#"{"iss":"batch","aud":"https://login.example.com","exp":1767226660}"#)?;
    /// assert!(key.jwk().contains(r#""alg":"EdDSA""#)); // its public half, to be registered at the server
    /// # assert_eq!(assertion.expose().split('.').count(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`from_pem`](SigningKey::from_pem).
    pub fn from_der(der: &[u8]) -> Result<Self> {
        PrivateKey::from_der(der).map(Self::new)
    }

    /// Sets the name that the server has for the key (`kid`, RFC 7515 §4.1.4). Default: none is sent.
    pub fn key_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Signs with PS256 instead of RS256, as FAPI requires. A key that is not RSA stays as it is.
    pub fn pss(mut self) -> Self {
        if self.key.algorithm() == Algorithm::Rs256 {
            self.key = Arc::new(self.key.with_algorithm(Algorithm::Ps256));
        }
        self
    }

    /// Names the key by its certificate: `x5t#S256` and `x5t` in the header (RFC 7515 §4.1.7 and §4.1.8), as
    /// Entra ID and AD FS require.
    ///
    /// `pem` is the content of the certificate's file; further certificates in it are its chain, see
    /// [`send_certificate`](SigningKey::send_certificate). A text without a certificate, or with none for this key, is
    /// a configuration error when the key is used, at the latest by `build` of the session.
    ///
    /// ```no_run
    /// use oauth2_generic::{SigningKey, secret};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let key = SigningKey::from_pem(secret::file("client.pem"))?
    ///     .certificate(std::fs::read("client.crt")?);
    /// # let _ = key;
    /// # Ok(())
    /// # }
    /// ```
    pub fn certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        match Certificate::from_bytes(&pem.into(), &self.key) {
            Ok(certificate) => self.certificate = Some(certificate),
            Err(error) => self.problem = self.problem.or(Some(error)),
        }
        self
    }

    /// Sends the [`certificate`](SigningKey::certificate) and its chain in the header, too (`x5c`, RFC 7515
    /// §4.1.6): for servers that know the authority and not the certificate. Default: they are not sent.
    pub fn send_certificate(mut self) -> Self {
        self.sends_certificate = true;
        self
    }

    /// Adds a member to the header of signed texts, such as `typ`. `alg` follows from the key and cannot be set.
    ///
    /// ```no_run
    /// # fn signed(key: oauth2_generic::SigningKey) -> oauth2_generic::SigningKey {
    /// key.header_member("typ", "client-authentication+jwt")
    /// # }
    /// ```
    pub fn header_member(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.members
            .insert(name.into(), Value::String(value.into()));
        self
    }

    /// Sets how long ago an assertion claims to have been issued (`iat`), in whole seconds. Default: 30 s, because
    /// some servers refuse one that is a second early by their clock.
    pub fn assertion_age(mut self, age: Duration) -> Self {
        self.dates.age = Some(age);
        self
    }

    /// Leaves the time of issue (`iat`) out of assertions, which RFC 7523 §3 permits.
    pub fn without_iat(mut self) -> Self {
        self.dates.age = None;
        self
    }

    /// Sets how long from now an assertion may be used (`exp`), in whole seconds. Default: 30 s, so that it
    /// lives for a minute in all; some servers refuse a longer life.
    pub fn assertion_lifetime(mut self, lifetime: Duration) -> Self {
        self.dates.lifetime = lifetime;
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
    /// [`Error::Configuration`] if the claims are not a JSON object, a setting of the key is wrong, or the system
    /// returns no random bytes.
    pub fn sign(&self, claims: &str) -> Result<Secret> {
        if serde_json::from_str::<Map<String, Value>>(claims).is_err() {
            return Err(Error::configuration(
                "the claims to be signed are not a JSON object",
            ));
        }
        self.check()?;
        self.key.sign(&self.header(), claims)
    }

    /// Returns the public key as a JWK (RFC 7517), to be registered at the server.
    #[must_use]
    pub fn jwk(&self) -> String {
        let mut jwk = self.key.jwk().trim_end_matches('}').to_owned();
        jwk += &format!(r#","alg":"{}","use":"sig""#, self.key.algorithm().name());
        if let Some(id) = &self.id {
            jwk += &format!(r#","kid":{}"#, json!(id));
        }
        jwk + "}"
    }

    /// Returns the thumbprint of the public key (RFC 7638), which names it wherever it is registered.
    ///
    /// ```no_run
    /// # fn named(key: oauth2_generic::SigningKey) -> oauth2_generic::SigningKey {
    /// let thumbprint = key.thumbprint();
    /// key.key_id(thumbprint)
    /// # }
    /// ```
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }

    /// Fails for a setting that is wrong, such as one that came with the line break of its file.
    pub(crate) fn check(&self) -> Result<()> {
        self.problem.clone().map_or(Ok(()), Err)?;
        let is_broken = |id: &str| id.is_empty() || id.contains(char::is_control);
        match self.id.as_deref() {
            Some(id) if is_broken(id) => Err(Error::configuration(
                "`key_id` is empty, or has a line break or another control character in it",
            )),
            _ => Ok(()),
        }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        self.key.algorithm().name()
    }

    pub(crate) fn dates(&self) -> Dates {
        self.dates
    }

    /// A text that differs for other keys, headers and dates; it holds nothing secret.
    pub(crate) fn print(&self) -> String {
        format!(
            "{} {} {:?}",
            self.key.thumbprint(),
            self.header(),
            self.dates
        )
    }

    pub(crate) fn clocks(&self) -> MutexGuard<'_, BTreeMap<String, ServerClock>> {
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new(key: PrivateKey) -> Self {
        Self {
            key: Arc::new(key),
            id: None,
            members: Map::new(),
            certificate: None,
            sends_certificate: false,
            dates: Dates {
                age: Some(TOLERANCE),
                lifetime: TOLERANCE,
            },
            problem: None,
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
        if let Some(id) = &self.id {
            header.insert("kid".into(), id.as_str().into());
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

/// The difference of clocks that is tolerated in either direction: an assertion is issued so long ago and lives so much
/// longer, which makes a minute, the least that servers allow.
const TOLERANCE: Duration = Duration::from_secs(30);
