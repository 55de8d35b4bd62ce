//! How the client shows the token endpoint who it is.

use auth_core::Secret;
use auth_core::grant::TokenRequest;

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
/// use oauth2_generic::{Client, ClientAuth, ClientCredentials, Session};
/// use oauth2_generic::auth_core::transport::HttpTransport;
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
    ///
    /// What a server that decodes would misread (`%`, `+`, a space, `:` in the id) is percent-encoded, the rest is
    /// sent as it is: RFC 6749 §2.3.1 wants both parts encoded, and most servers do not decode them.
    Basic,
    /// In an `Authorization: Basic` header, both parts as they are (RFC 7617): for servers that do not decode a
    /// secret with `%`, `+` or a space in it. An empty secret is sent as one.
    BasicRaw,
    /// In an `Authorization: Basic` header, with an empty secret, even if there is one: for public clients that are
    /// registered so, such as `cf` at Cloud Foundry's UAA and installed apps at Reddit.
    BasicEmpty,
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
    pub(crate) fn show(&self, client: &Client, request: TokenRequest) -> TokenRequest {
        let (id, secret) = (&client.client_id, &client.client_secret);
        let request = match self {
            Self::Basic if !secret.is_empty() => request.basic(id, secret),
            Self::BasicRaw => request.basic_raw(id, secret),
            Self::BasicEmpty => request.basic(id, &Secret::default()),
            _ => request,
        };
        let request = if self.parameters(client).contains(&"client_id") {
            request.param("client_id", id)
        } else {
            request
        };
        match self {
            Self::Body => request.optional("client_secret", secret),
            #[cfg(feature = "jwt")]
            Self::PrivateKeyJwt(jwt) => jwt.show(client, request),
            _ => request,
        }
    }

    /// The parameters that show who the client is.
    pub(crate) fn parameters(&self, client: &Client) -> &'static [&'static str] {
        let has_secret = !client.client_secret.is_empty();
        match self {
            Self::Body if has_secret => &["client_id", "client_secret"],
            Self::BasicRaw | Self::BasicEmpty if !client.client_id_in_body => &[],
            Self::Basic if has_secret && !client.client_id_in_body => &[],
            #[cfg(feature = "jwt")]
            Self::PrivateKeyJwt(_) => &["client_id", "client_assertion_type", "client_assertion"],
            _ => &["client_id"],
        }
    }

    /// Its name in server metadata; mutual TLS has two, which differ for the server alone.
    pub(crate) fn names(&self, client: &Client) -> &'static [&'static str] {
        let is_empty = client.client_secret.is_empty();
        match self {
            Self::None | Self::BasicEmpty => &["none"],
            #[cfg(feature = "jwt")]
            Self::PrivateKeyJwt(_) => &["private_key_jwt"],
            Self::MutualTls => &["tls_client_auth", "self_signed_tls_client_auth"],
            Self::Body | Self::Basic | Self::BasicRaw if is_empty => &["none"],
            Self::Body => &["client_secret_post"],
            Self::Basic | Self::BasicRaw => &["client_secret_basic"],
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
