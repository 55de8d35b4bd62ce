//! Announcements of a server (RFC 8414, OpenID Connect Discovery).

mod reading;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(crate) use reading::read;

/// Announcements of a server about itself (RFC 8414): its endpoints, and what it supports.
///
/// [`Server::metadata`](crate::Server::metadata) returns it. Announced lists are enforced: a grant, a response type, a
/// way to authenticate or to sign, or PKCE that the server does not list is a configuration error before anything is
/// sent. An empty list was not announced and is not enforced;
/// [`Server::ignore_announced`](crate::Server::ignore_announced) empties one that the server gets wrong.
///
/// ```no_run
/// use oauth2_generic::Server;
///
/// let server = Server::discover("https://login.example.com")?;
/// let keys = server.metadata().and_then(|metadata| metadata.jwks_uri.as_deref());
/// # let _ = keys;
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Metadata {
    /// The server's own name: exactly the issuer that was requested.
    pub issuer: String,
    /// The page where users log in.
    pub authorization_endpoint: Option<String>,
    /// The endpoint that issues tokens.
    pub token_endpoint: Option<String>,
    /// The endpoint where a login on another device begins (RFC 8628).
    pub device_authorization_endpoint: Option<String>,
    /// The endpoint that a login is announced to before the user is sent to it (RFC 9126).
    pub pushed_authorization_request_endpoint: Option<String>,
    /// `true` if a login must be announced there.
    pub require_pushed_authorization_requests: bool,
    /// The endpoint that ends a login (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// The endpoint that describes tokens (RFC 7662).
    pub introspection_endpoint: Option<String>,
    /// The URL of the server's keys, for programs that verify ID tokens.
    pub jwks_uri: Option<String>,
    /// The response types of the authorization endpoint: `code`, `token`.
    pub response_types_supported: Vec<String>,
    /// The grants of the token endpoint.
    pub grant_types_supported: Vec<String>,
    /// The ways to authenticate a client at the token endpoint.
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// The algorithms of an assertion by which a client authenticates (RFC 7523).
    pub token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// The ways to authenticate a client where a login is ended. Empty: as at the token endpoint.
    pub revocation_endpoint_auth_methods_supported: Vec<String>,
    /// The ways to authenticate a client where a token is described. Empty: as at the token endpoint.
    pub introspection_endpoint_auth_methods_supported: Vec<String>,
    /// The ways to bind a code to its client (RFC 7636).
    pub code_challenge_methods_supported: Vec<String>,
    /// `true` if every redirect names the server (RFC 9207).
    pub authorization_response_iss_parameter_supported: bool,
    /// The algorithms of a proof (RFC 9449).
    pub dpop_signing_alg_values_supported: Vec<String>,
    /// The endpoints that request a client's certificate, by their names (RFC 8705 §5).
    pub mtls_endpoint_aliases: BTreeMap<String, String>,
    /// The scopes that the server lists.
    pub scopes_supported: Vec<String>,
}

/// Endpoint of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Endpoint {
    Token,
    Authorization,
    DeviceAuthorization,
    PushedAuthorizationRequest,
    Revocation,
    Introspection,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 6] = [
        Self::Token,
        Self::Authorization,
        Self::DeviceAuthorization,
        Self::PushedAuthorizationRequest,
        Self::Revocation,
        Self::Introspection,
    ];

    /// Its name in metadata, which is that of the setter, too.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Token => "token_endpoint",
            Self::Authorization => "authorization_endpoint",
            Self::DeviceAuthorization => "device_authorization_endpoint",
            Self::PushedAuthorizationRequest => "pushed_authorization_request_endpoint",
            Self::Revocation => "revocation_endpoint",
            Self::Introspection => "introspection_endpoint",
        }
    }
}

impl Metadata {
    pub(crate) fn endpoint(&self, endpoint: Endpoint) -> Option<&str> {
        let url = match endpoint {
            Endpoint::Token => &self.token_endpoint,
            Endpoint::Authorization => &self.authorization_endpoint,
            Endpoint::DeviceAuthorization => &self.device_authorization_endpoint,
            Endpoint::PushedAuthorizationRequest => &self.pushed_authorization_request_endpoint,
            Endpoint::Revocation => &self.revocation_endpoint,
            Endpoint::Introspection => &self.introspection_endpoint,
        };
        url.as_deref()
    }

    /// The endpoint that requests the client's certificate, where the server has one.
    pub(crate) fn mtls_alias(&self, endpoint: Endpoint) -> Option<&str> {
        let alias = self.mtls_endpoint_aliases.get(endpoint.name());
        alias.map(String::as_str)
    }

    /// Forgets a member, as if it were not announced; returns `false` if no member has this name.
    pub(crate) fn ignore(&mut self, member: &str) -> bool {
        match member {
            // The name that the metadata was found by; the client does not require it in redirects any more.
            "issuer" => {}
            "authorization_endpoint" => self.authorization_endpoint = None,
            "token_endpoint" => self.token_endpoint = None,
            "device_authorization_endpoint" => self.device_authorization_endpoint = None,
            "pushed_authorization_request_endpoint" => {
                self.pushed_authorization_request_endpoint = None;
            }
            "require_pushed_authorization_requests" => {
                self.require_pushed_authorization_requests = false;
            }
            "revocation_endpoint" => self.revocation_endpoint = None,
            "introspection_endpoint" => self.introspection_endpoint = None,
            "jwks_uri" => self.jwks_uri = None,
            "authorization_response_iss_parameter_supported" => {
                self.authorization_response_iss_parameter_supported = false;
            }
            "mtls_endpoint_aliases" => self.mtls_endpoint_aliases.clear(),
            _ => match self.list(member) {
                Some(list) => list.clear(),
                None => return false,
            },
        }
        true
    }

    fn list(&mut self, member: &str) -> Option<&mut Vec<String>> {
        Some(match member {
            "response_types_supported" => &mut self.response_types_supported,
            "grant_types_supported" => &mut self.grant_types_supported,
            "token_endpoint_auth_methods_supported" => {
                &mut self.token_endpoint_auth_methods_supported
            }
            "token_endpoint_auth_signing_alg_values_supported" => {
                &mut self.token_endpoint_auth_signing_alg_values_supported
            }
            "revocation_endpoint_auth_methods_supported" => {
                &mut self.revocation_endpoint_auth_methods_supported
            }
            "introspection_endpoint_auth_methods_supported" => {
                &mut self.introspection_endpoint_auth_methods_supported
            }
            "code_challenge_methods_supported" => &mut self.code_challenge_methods_supported,
            "dpop_signing_alg_values_supported" => &mut self.dpop_signing_alg_values_supported,
            "scopes_supported" => &mut self.scopes_supported,
            _ => return None,
        })
    }

    /// The document that a server would publish.
    pub(crate) fn to_document(&self) -> Value {
        // Taken apart, so that a new member cannot be forgotten here.
        let Self {
            issuer,
            authorization_endpoint,
            token_endpoint,
            device_authorization_endpoint,
            pushed_authorization_request_endpoint,
            require_pushed_authorization_requests,
            revocation_endpoint,
            introspection_endpoint,
            jwks_uri,
            response_types_supported,
            grant_types_supported,
            token_endpoint_auth_methods_supported,
            token_endpoint_auth_signing_alg_values_supported,
            revocation_endpoint_auth_methods_supported,
            introspection_endpoint_auth_methods_supported,
            code_challenge_methods_supported,
            authorization_response_iss_parameter_supported,
            dpop_signing_alg_values_supported,
            mtls_endpoint_aliases,
            scopes_supported,
        } = self;
        json!({
            "issuer": issuer,
            "authorization_endpoint": authorization_endpoint,
            "token_endpoint": token_endpoint,
            "device_authorization_endpoint": device_authorization_endpoint,
            "pushed_authorization_request_endpoint": pushed_authorization_request_endpoint,
            "require_pushed_authorization_requests": require_pushed_authorization_requests,
            "revocation_endpoint": revocation_endpoint,
            "introspection_endpoint": introspection_endpoint,
            "jwks_uri": jwks_uri,
            "response_types_supported": response_types_supported,
            "grant_types_supported": grant_types_supported,
            "token_endpoint_auth_methods_supported": token_endpoint_auth_methods_supported,
            "token_endpoint_auth_signing_alg_values_supported":
                token_endpoint_auth_signing_alg_values_supported,
            "revocation_endpoint_auth_methods_supported": revocation_endpoint_auth_methods_supported,
            "introspection_endpoint_auth_methods_supported":
                introspection_endpoint_auth_methods_supported,
            "code_challenge_methods_supported": code_challenge_methods_supported,
            "authorization_response_iss_parameter_supported":
                authorization_response_iss_parameter_supported,
            "dpop_signing_alg_values_supported": dpop_signing_alg_values_supported,
            "mtls_endpoint_aliases": mtls_endpoint_aliases,
            "scopes_supported": scopes_supported,
        })
    }
}
