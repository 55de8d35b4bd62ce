//! What a server announces of itself (RFC 8414, OpenID Connect Discovery).

mod announced;

use std::collections::BTreeMap;
use std::sync::Arc;

use auth_core::{Error, Reply, Result, Secret, TokenRequest, Transport};

use crate::authorize::{is_https, is_private};
use crate::client::Client;
use crate::client_auth::ClientAuth;

pub(crate) use announced::At;

/// What a server announces of itself: its endpoints, and what it can do.
///
/// An issuer is all that a client has to know of a server:
///
/// ```no_run
/// use oauth2_generic::{ClientCredentials, HttpTransport, Metadata, Session};
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
/// nothing is held to it; clear the one that your server gets wrong before you make the client.
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
}

impl Metadata {
    /// Asks a server what it announces: at the path of RFC 8414, then at that of OpenID Connect.
    ///
    /// `issuer` is written exactly as the server writes it, to the last slash. Whoever could answer for
    /// another server would be sent its users and secrets, so the answer must repeat it, and all of it
    /// is https but on this machine.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the issuer cannot be one, or publishes nothing;
    /// [`Error::Answer`] if what it publishes is for another issuer or cannot be used; otherwise
    /// whatever the transport returns.
    pub fn discover(issuer: &str, http: &dyn Transport) -> Result<Self> {
        let mut failure = None;
        for url in places(issuer)? {
            let found = TokenRequest::query(url).ask(http);
            match found.and_then(|reply| Self::read(&reply, issuer)) {
                Ok(metadata) => return Ok(metadata),
                Err(error @ (Error::Configuration(_) | Error::Network { .. })) => {
                    return Err(error);
                }
                // Nothing is there.
                Err(error @ Error::Status { .. }) if !error.is_transient() => {}
                // A page for people, the metadata of another issuer, a server that fails.
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
        }
        Err(failure.unwrap_or_else(|| {
            Error::configuration(
                "the issuer publishes no metadata; check it, it is what stands before `/.well-known/`, or \
                 set the endpoints by hand",
            )
        }))
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

    fn read(reply: &Reply, issuer: &str) -> Result<Self> {
        check_issuer(reply, issuer)?;
        let list = |name| {
            let texts = reply.texts(name).unwrap_or_default();
            texts.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let truth = |name| reply.truth(name).unwrap_or_default();
        let endpoint = |name| endpoint(name, reply.text(name), issuer);
        Ok(Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: endpoint("authorization_endpoint")?,
            token_endpoint: endpoint("token_endpoint")?,
            device_authorization_endpoint: endpoint("device_authorization_endpoint")?,
            pushed_authorization_request_endpoint: endpoint(
                "pushed_authorization_request_endpoint",
            )?,
            require_pushed_authorization_requests: truth("require_pushed_authorization_requests"),
            revocation_endpoint: endpoint("revocation_endpoint")?,
            introspection_endpoint: endpoint("introspection_endpoint")?,
            jwks_uri: endpoint("jwks_uri")?,
            response_types_supported: list("response_types_supported"),
            grant_types_supported: list("grant_types_supported"),
            token_endpoint_auth_methods_supported: list("token_endpoint_auth_methods_supported"),
            token_endpoint_auth_signing_alg_values_supported: list(
                "token_endpoint_auth_signing_alg_values_supported",
            ),
            revocation_endpoint_auth_methods_supported: list(
                "revocation_endpoint_auth_methods_supported",
            ),
            introspection_endpoint_auth_methods_supported: list(
                "introspection_endpoint_auth_methods_supported",
            ),
            code_challenge_methods_supported: list("code_challenge_methods_supported"),
            authorization_response_iss_parameter_supported: truth(
                "authorization_response_iss_parameter_supported",
            ),
            dpop_signing_alg_values_supported: list("dpop_signing_alg_values_supported"),
            mtls_endpoint_aliases: aliases(reply, issuer)?,
            scopes_supported: list("scopes_supported"),
        })
    }
}

/// Where the metadata of an issuer may be (RFC 8414 §3.1; OpenID Connect Discovery §4.1).
fn places(issuer: &str) -> Result<[String; 2]> {
    let problem = |what: &str| Err(Error::configuration(format!("the issuer {what}")));
    if !is_private(issuer, false) {
        return problem(
            "is not a URL that begins with https://; plain http is for 127.0.0.1 and [::1] only",
        );
    }
    if issuer.contains(['?', '#', '@']) {
        return problem("has a query, a fragment or a user name; it is a host and a path");
    }
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    let after_scheme = base.find("://").map_or(0, |at| at + 3);
    let path = base[after_scheme..]
        .find('/')
        .map_or(base.len(), |at| after_scheme + at);
    let (origin, path) = base.split_at(path);
    Ok([
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{base}/.well-known/openid-configuration"),
    ])
}

/// RFC 8414 §3.3: it must be identical, compared as text.
fn check_issuer(reply: &Reply, issuer: &str) -> Result<()> {
    let problem = match reply.text("issuer").map(Secret::expose) {
        Some(found) if found == issuer => return Ok(()),
        None => "the metadata names no issuer",
        Some(found) if found.trim_end_matches('/') == issuer.trim_end_matches('/') => {
            "the metadata's issuer differs from the one asked for by the slash at its end; ask for it \
             as the server writes it"
        }
        Some(_) => {
            "the metadata is that of another issuer; ask for the one that the server calls itself"
        }
    };
    Err(Error::answer(problem))
}

/// An endpoint, if it is announced; it gets secrets or users, so it is as private as the issuer: one on
/// this machine is announced by nobody elsewhere.
fn endpoint(name: &'static str, found: Option<&Secret>, issuer: &str) -> Result<String> {
    let is_as_private = |url| is_private(url, false) && (is_https(url) || !is_https(issuer));
    match found.map(Secret::expose) {
        None => Ok(String::new()),
        Some(url) if is_as_private(url) => Ok(url.to_owned()),
        Some(_) => Err(Error::answer(format!(
            "the metadata's `{name}` is not a URL that begins with https://"
        ))),
    }
}

fn aliases(reply: &Reply, issuer: &str) -> Result<BTreeMap<&'static str, String>> {
    let aliases = ALIASED.iter().filter_map(|name| {
        let alias = reply.text_in("mtls_endpoint_aliases", name)?;
        Some(endpoint(name, Some(alias), issuer).map(|alias| (*name, alias)))
    });
    aliases.collect()
}

/// The endpoints that we ask ourselves; users' browsers have no certificate of the client's.
const ALIASED: [&str; 5] = [
    "device_authorization_endpoint",
    "introspection_endpoint",
    "pushed_authorization_request_endpoint",
    "revocation_endpoint",
    "token_endpoint",
];
