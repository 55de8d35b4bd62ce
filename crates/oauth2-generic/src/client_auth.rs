//! Authentication of a client at the token endpoint.

use auth_core::Result;
use auth_core::grant::TokenRequest;
use auth_core::secret::SecretSource;

#[cfg(feature = "jwt")]
use crate::assertion::Assertions;
use crate::client::Client;

/// Authentication of a client (RFC 6749 §2.3): one method, and no other is tried, because a client that tries others
/// sends its secret in places where the server does not expect it.
///
/// ```
/// use oauth2_generic::{Client, ClientAuth, Server, secret};
///
/// // The kubelet rotates the file, and each request reads it.
/// let token = secret::file("/var/run/secrets/azure/tokens/azure-identity-token");
/// let server = Server::new("https://login.example.com/token");
/// let client = Client::new(server, "pod").auth(ClientAuth::assertion(token));
/// # let _ = client;
/// ```
///
/// With the feature `jwt`, `ClientAuth::private_key_jwt` signs an assertion with a `SigningKey` (RFC 7523).
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientAuth {
    way: Way,
    audience: Option<String>,
}

#[derive(Clone, Debug)]
enum Way {
    None,
    Basic(SecretSource),
    BasicRaw(SecretSource),
    Post(SecretSource),
    MutualTls,
    Assertion(SecretSource),
    #[cfg(feature = "jwt")]
    PrivateKeyJwt(crate::SigningKey),
}

impl ClientAuth {
    /// Not at all: a public client, which sends its `client_id`.
    pub fn none() -> Self {
        Self::by(Way::None)
    }

    /// By HTTP Basic (`client_secret_basic`). An empty secret is sent as one, as public clients do at Cloud Foundry's
    /// UAA and at Reddit.
    ///
    /// Percent-encodes only what a server that decodes would misread (`%`, `+`, a space, `:` in the id): RFC 6749
    /// §2.3.1 requires both parts encoded, and most servers do not decode them.
    pub fn basic(secret: impl Into<SecretSource>) -> Self {
        Self::by(Way::Basic(secret.into()))
    }

    /// By HTTP Basic with id and secret as they are (RFC 7617), for servers that do not decode a secret with `%`, `+`
    /// or a space in it. An empty secret is sent as one.
    pub fn basic_raw(secret: impl Into<SecretSource>) -> Self {
        Self::by(Way::BasicRaw(secret.into()))
    }

    /// By `client_id` and `client_secret` in the body (`client_secret_post`).
    pub fn post(secret: impl Into<SecretSource>) -> Self {
        Self::by(Way::Post(secret.into()))
    }

    /// By the certificate of the TLS connection (RFC 8705), with `client_id` in the body. A discovered server's
    /// endpoints for that are used.
    ///
    /// The certificate is a setting of TLS, for the token endpoint and the API alike:
    ///
    /// ```no_run
    /// use oauth2_generic::transport::{ClientCertificate, Tls};
    /// use oauth2_generic::{Client, ClientAuth, ClientCredentials, Server, Session, secret};
    ///
    /// let certificate = ClientCertificate::file("client.crt", secret::file("client.key"));
    /// let client = Client::new(Server::discover("https://login.bank.example")?, "treasury")
    ///     .auth(ClientAuth::mutual_tls());
    /// let session = Session::builder(ClientCredentials::new(client))
    ///     .tls(Tls::default().client_certificate(certificate))
    ///     .build()?;
    /// # let _ = session;
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    pub fn mutual_tls() -> Self {
        Self::by(Way::MutualTls)
    }

    /// By an assertion that the client signs with a private key, `private_key_jwt` (RFC 7523 §2.2).
    ///
    /// The server holds only the public key, so a leak at the server does not expose the client. Each request has an
    /// assertion of its own, which is valid for a minute.
    ///
    /// ```no_run
    /// use oauth2_generic::{Client, ClientAuth, Server, SigningKey, secret};
    ///
    /// let key = SigningKey::from_pem(secret::file("client.pem"))?.key_id("2026-01");
    /// let client = Client::new(Server::discover("https://login.example.com")?, "batch")
    ///     .auth(ClientAuth::private_key_jwt(key));
    /// # let _ = client;
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    #[cfg(feature = "jwt")]
    pub fn private_key_jwt(key: crate::SigningKey) -> Self {
        Self::by(Way::PrivateKeyJwt(key))
    }

    /// By an assertion that another party signs and rotates: a Kubernetes, Azure or SPIFFE token.
    ///
    /// It is read when a request is sent. A session that was refused is not held back once the source has another one.
    /// [`github_actions`](crate::github_actions) requests the one of a job.
    pub fn assertion(jwt: impl Into<SecretSource>) -> Self {
        Self::by(Way::Assertion(jwt.into()))
    }

    /// Sets the audience (`aud`) of the assertion that `private_key_jwt` signs. Default: the server's issuer, or the
    /// token endpoint where the issuer is not known.
    ///
    /// Servers differ. The issuer is safer: another server that claims the same endpoint gets no assertion for it.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    fn by(way: Way) -> Self {
        let audience = None;
        Self { way, audience }
    }

    pub(crate) fn is_by_certificate(&self) -> bool {
        matches!(self.way, Way::MutualTls)
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn is_none(&self) -> bool {
        matches!(self.way, Way::None)
    }

    /// The request with the client's authentication.
    pub(crate) fn show(&self, client: &Client, request: TokenRequest) -> Result<TokenRequest> {
        let id = client.id();
        let request = match &self.way {
            Way::Basic(secret) => request.basic(id, secret),
            Way::BasicRaw(secret) => request.basic_raw(id, secret),
            _ => request,
        };
        let request = if self.parameters(client).contains(&"client_id") {
            request.param("client_id", id)
        } else {
            request
        };
        match &self.way {
            Way::Post(secret) => Ok(request.secret("client_secret", secret)),
            Way::Assertion(jwt) => Ok(request
                .param("client_assertion_type", JWT_BEARER)
                .secret("client_assertion", jwt)),
            #[cfg(feature = "jwt")]
            Way::PrivateKeyJwt(key) => {
                let claims = ["iss", "sub"].map(|name| (name.into(), id.into()));
                let claims = claims.into_iter().collect();
                let request = request.param("client_assertion_type", JWT_BEARER);
                let assertions = Assertions {
                    key,
                    audience: self.audience.as_deref(),
                };
                assertions.add("client_assertion", claims, client, request)
            }
            _ => Ok(request),
        }
    }

    /// The parameters that name and authenticate the client.
    pub(crate) fn parameters(&self, client: &Client) -> &'static [&'static str] {
        match &self.way {
            Way::Post(_) => &["client_id", "client_secret"],
            Way::Basic(_) | Way::BasicRaw(_) if !client.has_id_in_body() => &[],
            Way::Assertion(_) => &ASSERTED,
            #[cfg(feature = "jwt")]
            Way::PrivateKeyJwt(_) => &ASSERTED,
            _ => &["client_id"],
        }
    }

    /// Its names in server metadata; mutual TLS has two, which differ for the server alone.
    pub(crate) fn names(&self) -> &'static [&'static str] {
        match &self.way {
            Way::None => &["none"],
            Way::Basic(_) | Way::BasicRaw(_) => &["client_secret_basic"],
            Way::Post(_) => &["client_secret_post"],
            Way::MutualTls => &["tls_client_auth", "self_signed_tls_client_auth"],
            Way::Assertion(_) => &["private_key_jwt", "client_secret_jwt", "spiffe_jwt"],
            #[cfg(feature = "jwt")]
            Way::PrivateKeyJwt(_) => &["private_key_jwt"],
        }
    }

    /// The algorithm of its signature, in the word of server metadata, if this crate signs.
    pub(crate) fn algorithm(&self) -> Option<&'static str> {
        match &self.way {
            #[cfg(feature = "jwt")]
            Way::PrivateKeyJwt(key) => Some(key.algorithm()),
            _ => None,
        }
    }
}

const ASSERTED: [&str; 3] = ["client_id", "client_assertion_type", "client_assertion"];
/// RFC 7523 §2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
