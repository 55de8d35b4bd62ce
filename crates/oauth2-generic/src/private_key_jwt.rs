//! A client that signs what it says of itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_core::{Clock, Result, Secret, SystemClock};
use serde_json::json;

use crate::client::Client;
use crate::signing::{Algorithm, PrivateKey, new_id};

/// Client authentication by a signed assertion, `private_key_jwt` (RFC 7523 §2.2).
///
/// The server knows the public key; nothing that it could lose, or that somebody on the way could keep,
/// is good for another login. Each sending has an assertion of its own, which lives for a minute.
///
/// ```no_run
/// use oauth2_generic::{Client, ClientAuth, PrivateKeyJwt, SigningKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SigningKey::from_pkcs8_pem(std::fs::read_to_string("client.pem")?)?.key_id("2026-01");
/// let client = Client {
///     token_endpoint: "https://login.example.com/token".into(),
///     client_id: "batch".into(),
///     client_auth: ClientAuth::PrivateKeyJwt(PrivateKeyJwt::new(key)),
///     ..Client::default()
/// };
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PrivateKeyJwt {
    key: SigningKey,
    audience: String,
    clock: Arc<dyn Clock>,
}

/// A private key that signs assertions with ES256, RS256, PS256 or EdDSA.
///
/// `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out client.pem` makes one for ES256, and
/// [`jwk`](SigningKey::jwk) is what the server has to know of it. It is wiped from memory with its last clone
/// (ring's copy, on the stack during a call, is not), and `Debug` does not show it.
#[derive(Clone)]
pub struct SigningKey {
    key: Arc<PrivateKey>,
    id: String,
    /// Tells keys apart; it holds nothing secret, but is one of the credentials.
    print: Secret,
}

impl PrivateKeyJwt {
    /// Assertions signed with this key.
    pub fn new(key: SigningKey) -> Self {
        Self {
            key,
            audience: String::new(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Whom the assertions are for. Default: the client's `issuer` where that is set, otherwise its
    /// `token_endpoint`.
    ///
    /// Servers differ. The issuer is safer: an assertion for it cannot be coaxed out of this client by
    /// another server that claims the same endpoint.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// What time it is, which an assertion tells. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    pub(crate) fn credential(&self) -> &Secret {
        &self.key.print
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        self.key.key.algorithm().name()
    }

    /// What makes an assertion for this client, a new one each time.
    pub(crate) fn maker(
        &self,
        client: &Client,
    ) -> impl Fn() -> Result<Secret> + Send + Sync + 'static {
        let Self { key, clock, .. } = self.clone();
        let audience = [&self.audience, &client.issuer, &client.token_endpoint];
        let audience = audience.into_iter().find(|text| !text.is_empty());
        let (audience, client_id) = (audience.cloned(), client.client_id.clone());
        move || {
            let now = clock.seconds();
            let claims = json!({
                "iss": client_id,
                "sub": client_id,
                "aud": audience,
                "jti": new_id()?,
                "iat": now,
                "exp": now + LIFE.as_secs(),
            });
            key.key.sign(&key.header(), &claims.to_string())
        }
    }
}

impl PartialEq for PrivateKeyJwt {
    /// Whether both sign with the same key in the same way.
    fn eq(&self, other: &Self) -> bool {
        self.audience == other.audience && self.key.print.expose() == other.key.print.expose()
    }
}

impl SigningKey {
    /// A key from the text of a PEM file with `BEGIN PRIVATE KEY`, unencrypted PKCS#8.
    ///
    /// An RSA key signs with RS256, see [`pss`](SigningKey::pss).
    ///
    /// # Errors
    /// [`Error::Configuration`](auth_core::Error::Configuration) if it is no such key.
    pub fn from_pkcs8_pem(pem: impl Into<Secret>) -> Result<Self> {
        PrivateKey::from_pem(&pem.into()).map(Self::new)
    }

    /// A key from unencrypted PKCS#8 in DER.
    ///
    /// # Errors
    /// As [`from_pkcs8_pem`](SigningKey::from_pkcs8_pem).
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self> {
        PrivateKey::from_der(der).map(Self::new)
    }

    /// The name under which the server knows the key (`kid`). Default: none is sent.
    #[must_use]
    pub fn key_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self.with_print()
    }

    /// Signs with PS256 instead of RS256, as FAPI wants it. A key that is not RSA stays as it is.
    #[must_use]
    pub fn pss(mut self) -> Self {
        if self.key.algorithm() == Algorithm::Rs256 {
            self.key = Arc::new(self.key.with_algorithm(Algorithm::Ps256));
        }
        self.with_print()
    }

    /// The public key as a JWK, to be registered at the server.
    pub fn jwk(&self) -> String {
        let mut jwk = self.key.jwk().trim_end_matches('}').to_owned();
        jwk += &format!(r#","alg":"{}","use":"sig""#, self.key.algorithm().name());
        if !self.id.is_empty() {
            jwk += &format!(r#","kid":{}"#, json!(self.id));
        }
        jwk + "}"
    }

    fn new(key: PrivateKey) -> Self {
        let key = Self {
            key: Arc::new(key),
            id: String::new(),
            print: Secret::default(),
        };
        key.with_print()
    }

    fn with_print(mut self) -> Self {
        self.print = (self.key.thumbprint() + &self.header()).into();
        self
    }

    fn header(&self) -> String {
        let alg = self.key.algorithm().name();
        if self.id.is_empty() {
            return json!({ "alg": alg }).to_string();
        }
        json!({ "alg": alg, "kid": self.id }).to_string()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// An assertion is for the request that is about to be sent.
const LIFE: Duration = Duration::from_secs(60);
