//! Tokens that work only with a key (RFC 9449).

mod servers;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth_core::grant::{ProofRequest, ProofResponse, Prover};
use auth_core::http::Uri;
use auth_core::secret::SecretSource;
use auth_core::{Error, Result, Secret};
use serde_json::json;

use crate::files::{self, Closed};
use crate::signing::{PrivateKey, hash, new_id};

use servers::Servers;

/// A key that tokens are bound to (DPoP, RFC 9449): a token is of no use without it.
///
/// Every request carries a proof, signed with ES256 for that one request. The nonces of servers are kept per origin, and
/// shared by clones.
///
/// ```
/// use oauth2_generic::{Client, ClientCredentials, DpopKey, Server, Session, secret};
///
/// let client = Client::new(Server::new("https://login.example.com/token"), "batch")
///     .secret(secret::env("CLIENT_SECRET"))
///     .dpop(DpopKey::generate()?);
/// let agent = Session::new(ClientCredentials::new(client)).agent(); // signs and proves
/// # let _ = agent;
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
///
/// A stored login needs the same key again: [`open`](DpopKey::open) keeps it in a file. Another key is another login. The
/// key is wiped from memory with its last clone (ring's copy, on the stack during a call, is not), and `Debug` does not
/// show it.
#[derive(Clone)]
#[must_use]
pub struct DpopKey {
    key: Arc<PrivateKey>,
    header: Arc<str>,
    servers: Arc<Mutex<Servers>>,
}

impl DpopKey {
    /// Makes a key that lives as long as the program.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the system returns no random bytes.
    pub fn generate() -> Result<Self> {
        PrivateKey::generate().map(Self::new)
    }

    /// Reads a key from a file, and makes it, for this user alone, if it does not exist. Processes that start at the same
    /// time get the same key.
    ///
    /// ```no_run
    /// use oauth2_generic::DpopKey;
    ///
    /// let key = DpopKey::open("/var/lib/batch/dpop.pem")?;
    /// # let _ = key;
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`] if it cannot be read or written, is not a key, or other users can read it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if let Some(key) = Self::read(path)? {
            return Ok(key);
        }
        let key = Self::generate()?;
        if files::create(path, key.to_pem().expose())? {
            return Ok(key);
        }
        // Another process was first.
        Self::read(path)?.ok_or_else(|| {
            Error::configuration(format!(
                "{path:?} was removed while it was opened; try again"
            ))
        })
    }

    /// Reads an unencrypted PKCS#8 key on the curve P-256, from PEM with `BEGIN PRIVATE KEY`.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the source cannot be read or is not such a key.
    pub fn from_pem(pem: impl Into<SecretSource>) -> Result<Self> {
        let key = PrivateKey::from_pem(&pem.into().read()?)?;
        if !key.is_es256() {
            return Err(Error::configuration(
                "a key for proofs is for ES256, on the curve P-256, and this one is not",
            ));
        }
        Ok(Self::new(key))
    }

    /// Returns the key as PKCS#8 in PEM, to be kept where it is safe.
    #[must_use]
    pub fn to_pem(&self) -> Secret {
        self.key.to_pem()
    }

    /// Returns the thumbprint of the public key, `jkt` (RFC 7638): some servers require it to be registered.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }

    fn read(path: &Path) -> Result<Option<Self>> {
        match files::read(path, Closed::ToReaders)? {
            Some((pem, _)) => Self::from_pem(pem).map(Some),
            None => Ok(None),
        }
    }

    fn new(key: PrivateKey) -> Self {
        let header = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{}}}"#, key.jwk());
        Self {
            key: Arc::new(key),
            header: header.into(),
            servers: Arc::default(),
        }
    }

    fn servers(&self) -> MutexGuard<'_, Servers> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Prover for DpopKey {
    fn prove(&self, request: &ProofRequest<'_>) -> Result<Secret> {
        let origin = normal_origin(request.uri);
        let (nonce, now) = self.servers().known(&origin, request.now);
        let mut claims = json!({
            "jti": new_id()?,
            "htm": request.method.as_str(),
            "htu": origin + request.uri.path(),
            "iat": now,
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(token) = request.token {
            claims["ath"] = hash(token.expose().as_bytes()).into();
        }
        self.key.sign(&self.header, &claims.to_string())
    }

    fn learn(&self, response: &ProofResponse<'_>) -> bool {
        self.servers().learn(normal_origin(response.uri), response)
    }
}

impl fmt::Debug for DpopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DpopKey(…)")
    }
}

/// Scheme, host and port as RFC 3986 §6.2 normalizes them, which servers compare.
fn normal_origin(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default().to_ascii_lowercase();
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let default = if scheme == "https" { 443 } else { 80 };
    match uri.port_u16() {
        Some(port) if port != default => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    }
}
