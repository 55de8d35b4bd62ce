//! Tokens that work only with a key (RFC 9449).

mod servers;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth_core::http::{HeaderMap, Method, Uri};
use auth_core::{Clock, Error, Prover, Refusal, Result, Secret, SystemClock, Token};
use serde_json::json;

use crate::signing::{PrivateKey, hash, new_id};

use servers::Servers;

/// The key that tokens are bound to (DPoP, RFC 9449): whoever has a token and not the key has nothing.
///
/// Every request carries a proof, signed with ES256 for that one request. The nonces that servers give
/// are kept per origin, and shared by clones.
///
/// ```
/// use oauth2_generic::{Client, ClientCredentials, DpopKey, Session};
///
/// let session = Session::new(ClientCredentials {
///     client: Client {
///         token_endpoint: "https://login.example.com/token".into(),
///         client_id: "batch".into(),
///         client_secret: "s3cret".into(),
///         dpop: Some(DpopKey::generate()?),
///         ..Client::default()
///     },
/// });
/// let agent = session.agent(); // signs and proves
/// # let _ = agent;
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
///
/// A login that is stored needs the same key again: keep [`to_pkcs8_pem`](DpopKey::to_pkcs8_pem) as you would keep
/// the refresh token. Another key is another login. The key is wiped from memory with its last clone (ring's copy, on the
/// stack during a call, is not), and `Debug` does not show it.
#[derive(Clone)]
pub struct DpopKey {
    key: Arc<PrivateKey>,
    header: Arc<str>,
    clock: Arc<dyn Clock>,
    servers: Arc<Mutex<Servers>>,
}

impl DpopKey {
    /// A new key, from the system's source of randomness.
    ///
    /// # Errors
    /// [`Error::Configuration`](auth_core::Error::Configuration) if the system has none to give.
    pub fn generate() -> Result<Self> {
        PrivateKey::generate().map(Self::new)
    }

    /// A key that was kept: the text of a PEM file with `BEGIN PRIVATE KEY`, unencrypted PKCS#8 with a key on
    /// the curve P-256.
    ///
    /// # Errors
    /// [`Error::Configuration`](auth_core::Error::Configuration) if it is no such key.
    pub fn from_pkcs8_pem(pem: impl Into<Secret>) -> Result<Self> {
        let key = PrivateKey::from_pem(&pem.into())?;
        if !key.is_es256() {
            return Err(Error::configuration(
                "a key for proofs is for ES256, on the curve P-256, and this one is not",
            ));
        }
        Ok(Self::new(key))
    }

    /// The key as text, to be kept where it is safe.
    pub fn to_pkcs8_pem(&self) -> Secret {
        self.key.to_pem()
    }

    /// What stands for the public key, `jkt` (RFC 7638): some servers want it registered.
    pub fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }

    /// What time it is, which a proof tells. Default: [`SystemClock`].
    ///
    /// One that is off is put right by the server's `Date` when a proof is refused.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    fn new(key: PrivateKey) -> Self {
        let header = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{}}}"#, key.jwk());
        Self {
            key: Arc::new(key),
            header: header.into(),
            clock: Arc::new(SystemClock::new()),
            servers: Arc::default(),
        }
    }

    fn servers(&self) -> MutexGuard<'_, Servers> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Prover for DpopKey {
    fn prove(&self, method: &Method, uri: &Uri, token: Option<&Token>) -> Result<Secret> {
        let origin = origin(uri);
        let (nonce, clock) = self.servers().known(&origin);
        let mut claims = json!({
            "jti": new_id()?,
            "htm": method.as_str(),
            "htu": origin + uri.path(),
            "iat": clock.now(self.clock.seconds()),
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(token) = token {
            claims["ath"] = hash(token.expose().as_bytes()).into();
        }
        self.key.sign(&self.header, &claims.to_string())
    }

    fn answered(&self, uri: &Uri, headers: &HeaderMap, refusal: Option<&Refusal>) -> bool {
        let now = self.clock.seconds();
        self.servers().answered(origin(uri), headers, refusal, now)
    }
}

impl fmt::Debug for DpopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DpopKey(…)")
    }
}

/// Scheme, host and port as RFC 3986 §6.2 normalizes them: what a server compares with.
fn origin(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default().to_ascii_lowercase();
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let default = if scheme == "https" { 443 } else { 80 };
    match uri.port_u16() {
        Some(port) if port != default => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    }
}
