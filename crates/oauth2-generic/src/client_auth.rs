//! How the client shows the token endpoint who it is.

use auth_core::{Result, TokenRequest};

use crate::client::Client;

/// How a client shows who it is (RFC 6749 §2.3): in one way, the one it was registered for.
///
/// Another way is never tried: a client that tries shows its secret where nobody asked for it.
///
/// The certificate of [`MutualTls`](ClientAuth::MutualTls) is part of the transport, and of the agent
/// where the API wants to see it, too; [`Metadata::mtls_client`](crate::Metadata::mtls_client) knows the
/// endpoints that ask for it:
///
/// ```no_run
/// use oauth2_generic::ureq::tls::{Certificate, ClientCert, PrivateKey, TlsConfig};
/// use oauth2_generic::{Client, ClientAuth, ClientCredentials, HttpTransport, Session};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let chain = [Certificate::from_pem(&std::fs::read("client.crt")?)?];
/// let key = PrivateKey::from_pem(&std::fs::read("client.key")?)?;
/// let certificate = ClientCert::new_with_certs(&chain, key);
/// let tls = TlsConfig::builder().client_cert(Some(certificate)).build();
///
/// let grant = ClientCredentials {
///     client: Client {
///         token_endpoint: "https://mtls.login.example.com/token".into(),
///         client_id: "batch".into(),
///         client_auth: ClientAuth::MutualTls,
///         ..Client::default()
///     },
/// };
/// let transport = HttpTransport::configured(|config| config.tls_config(tls.clone()));
/// let session = Session::builder(grant).transport(transport).build();
/// let agent = session.agent_with(|config| config.tls_config(tls.clone()));
/// # let _ = agent;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// As `client_id` and `client_secret` among the parameters, without the latter if it is empty.
    #[default]
    Body,
    /// In an `Authorization: Basic` header. A client without a secret still goes into the body.
    Basic,
    /// Not at all: a public client, which says `client_id` and no secret, even if there is one.
    None,
    /// By the certificate of its TLS connection (RFC 8705), with `client_id` in the body and no secret.
    MutualTls,
    /// By an assertion that it signs with a private key (RFC 7523), with `client_id` beside it.
    #[cfg(feature = "jwt")]
    PrivateKeyJwt(crate::PrivateKeyJwt),
}

impl ClientAuth {
    /// The request with what shows that it is this client's.
    pub(crate) fn show(&self, client: &Client, request: TokenRequest) -> Result<TokenRequest> {
        Ok(match self {
            Self::Basic if !client.client_secret.is_empty() => {
                request.basic(&client.client_id, &client.client_secret)
            }
            Self::Body | Self::Basic => request
                .param("client_id", &client.client_id)
                .optional("client_secret", &client.client_secret),
            Self::None | Self::MutualTls => request.param("client_id", &client.client_id),
            #[cfg(feature = "jwt")]
            Self::PrivateKeyJwt(jwt) => request
                .param("client_id", &client.client_id)
                .param("client_assertion_type", JWT_BEARER)
                .fresh("client_assertion", jwt.credential(), jwt.maker(client)),
        })
    }

    /// Whether a header shows who the client is, and the body does not name it.
    pub(crate) fn is_in_header(&self, client: &Client) -> bool {
        matches!(self, Self::Basic) && !client.client_secret.is_empty()
    }

    /// Its name in server metadata; mutual TLS has two, which differ for the server alone.
    pub(crate) fn names(&self, client: &Client) -> &'static [&'static str] {
        match self {
            Self::None => &["none"],
            #[cfg(feature = "jwt")]
            Self::PrivateKeyJwt(_) => &["private_key_jwt"],
            Self::MutualTls => &["tls_client_auth", "self_signed_tls_client_auth"],
            Self::Body | Self::Basic if client.client_secret.is_empty() => &["none"],
            Self::Body => &["client_secret_post"],
            Self::Basic => &["client_secret_basic"],
        }
    }

    /// How it signs, in the word of server metadata; empty where nothing is signed.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            #[cfg(feature = "jwt")]
            Self::PrivateKeyJwt(jwt) => jwt.algorithm(),
            _ => "",
        }
    }
}

/// RFC 7523 §2.2.
#[cfg(feature = "jwt")]
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
