//! What a server announces of itself (RFC 8414, OpenID Connect Discovery).

mod announced;
mod discovery;
mod reading;

use std::collections::BTreeMap;
use std::sync::Arc;

use auth_core::Result;
use auth_core::transport::Transport;

use crate::client::Client;
use crate::client_auth::ClientAuth;

pub(crate) use announced::At;
pub use discovery::Discovery;

/// What a server announces of itself: its endpoints, and what it can do.
///
/// An issuer is all that a client has to know of a server:
///
/// ```no_run
/// use oauth2_generic::{ClientCredentials, Metadata, Session};
/// use oauth2_generic::auth_core::transport::HttpTransport;
///
/// let server = Metadata::discover("https://login.example.com", &HttpTransport::new())?;
/// let mut client = server.client("batch");
/// client.client_secret = "s3cret".into();
/// let session = Session::new(ClientCredentials { client });
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
///
/// What is announced is held to: a grant, a response type, a way to authenticate or to sign, or PKCE that
/// the server does not list is a configuration error, before anything is sent. A list that is empty was not announced, and
/// nothing is held to it; clear the one that your server gets wrong before you make the client. An endpoint of the client
/// that is set to another URL than the announced one is not held to the list of grants.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Metadata {
    /// The server's name for itself: exactly the one that was asked for.
    pub issuer: String,
    /// Where users are sent to log in.
    pub authorization_endpoint: String,
    /// Where tokens are given out.
    pub token_endpoint: String,
    /// Where a login on another device begins (RFC 8628).
    pub device_authorization_endpoint: String,
    /// Where a login is announced before the user is sent to it (RFC 9126).
    pub pushed_authorization_request_endpoint: String,
    /// Whether that is the only way to begin a login.
    pub require_pushed_authorization_requests: bool,
    /// Where a login is ended (RFC 7009).
    pub revocation_endpoint: String,
    /// Where the server says what it knows of a token (RFC 7662).
    pub introspection_endpoint: String,
    /// Where the server's keys are, for whoever verifies ID tokens.
    pub jwks_uri: String,
    /// What the authorization endpoint can be asked for: `code`, `token`.
    pub response_types_supported: Vec<String>,
    /// The grants that the token endpoint knows.
    pub grant_types_supported: Vec<String>,
    /// How a client may authenticate at the token endpoint.
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// How an assertion may be signed by which a client authenticates (RFC 7523).
    pub token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// How a client may authenticate where a login is ended. Empty: as at the token endpoint.
    pub revocation_endpoint_auth_methods_supported: Vec<String>,
    /// How a client may authenticate where it asks about a token. Empty: as at the token endpoint.
    pub introspection_endpoint_auth_methods_supported: Vec<String>,
    /// How a code may be tied to its client (RFC 7636).
    pub code_challenge_methods_supported: Vec<String>,
    /// Whether every redirect names the server, as RFC 9207 wants it.
    pub authorization_response_iss_parameter_supported: bool,
    /// How a proof may be signed (RFC 9449).
    pub dpop_signing_alg_values_supported: Vec<String>,
    /// Where the endpoints are that ask for a client's certificate, by their names (RFC 8705 §5).
    pub mtls_endpoint_aliases: BTreeMap<&'static str, String>,
    /// The scopes there are, as far as the server tells.
    pub scopes_supported: Vec<String>,
    /// Whether it was found where plain http was allowed.
    allows_http: bool,
}

impl Metadata {
    /// Asks a server what it announces, at the places of RFC 8414 and of OpenID Connect Discovery.
    ///
    /// `issuer` is written exactly as the server writes it, to the last slash. The document must
    /// repeat it, or one server could be sent the users and secrets of another, and all of it is https, but on
    /// this machine. [`Discovery`] finds a document that is elsewhere, and allows plain http in a test network.
    /// Redirects are not followed.
    ///
    /// # Errors
    /// [`Error::Configuration`](auth_core::Error::Configuration) if the issuer cannot be one, publishes nothing, or
    /// redirects; [`Error::Response`](auth_core::Error::Response) if what it publishes is for another issuer or cannot be
    /// used; otherwise whatever the transport returns. If several places fail, the most telling error is returned.
    pub fn discover(issuer: &str, http: &dyn Transport) -> Result<Self> {
        Discovery::new(issuer).discover(http)
    }

    /// A client of this server, with every endpoint set and everything announced held to.
    ///
    /// It authenticates by HTTP Basic, which is what a server knows that announces nothing (RFC 8414 §2),
    /// unless the server announces only the body for a secret.
    #[must_use]
    pub fn client(&self, client_id: impl Into<String>) -> Client {
        let methods = &self.token_endpoint_auth_methods_supported;
        let has = |name: &str| methods.iter().any(|method| method == name);
        let body_alone = has("client_secret_post") && !has("client_secret_basic");
        Client {
            token_endpoint: self.token_endpoint.clone(),
            authorization_endpoint: self.authorization_endpoint.clone(),
            device_authorization_endpoint: self.device_authorization_endpoint.clone(),
            pushed_authorization_request_endpoint: self
                .pushed_authorization_request_endpoint
                .clone(),
            revocation_endpoint: self.revocation_endpoint.clone(),
            introspection_endpoint: self.introspection_endpoint.clone(),
            client_id: client_id.into(),
            client_auth: if body_alone {
                ClientAuth::Body
            } else {
                ClientAuth::Basic
            },
            issuer: self.issuer.clone(),
            danger_allow_http_login: self.allows_http,
            metadata: Some(Arc::new(self.clone())),
            ..Client::default()
        }
    }

    /// A client that authenticates by the certificate of its connections, and makes them where the
    /// server asks for one.
    ///
    /// The certificate is part of the transport, see [`ClientAuth::MutualTls`].
    #[must_use]
    pub fn mtls_client(&self, client_id: impl Into<String>) -> Client {
        let client = self.client(client_id);
        let alias = |name, endpoint| {
            let alias = self.mtls_endpoint_aliases.get(name);
            alias.cloned().unwrap_or(endpoint)
        };
        Client {
            token_endpoint: alias("token_endpoint", client.token_endpoint),
            device_authorization_endpoint: alias(
                "device_authorization_endpoint",
                client.device_authorization_endpoint,
            ),
            pushed_authorization_request_endpoint: alias(
                "pushed_authorization_request_endpoint",
                client.pushed_authorization_request_endpoint,
            ),
            revocation_endpoint: alias("revocation_endpoint", client.revocation_endpoint),
            introspection_endpoint: alias("introspection_endpoint", client.introspection_endpoint),
            client_auth: ClientAuth::MutualTls,
            ..client
        }
    }
}
