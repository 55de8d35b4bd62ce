//! Holds a client to the announcements of its server.

use auth_core::{Error, Result};

#[cfg(any(feature = "authorization_code", feature = "implicit"))]
use crate::authorize::Wanted;
use crate::metadata::{Endpoint, Metadata};

use super::Client;

/// Endpoint where a client authenticates, as far as servers make a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum At {
    Token,
    Revocation,
    Introspection,
}

impl Client {
    /// Fails for a grant that the server does not list. A refresh is not checked: the server issued the token.
    ///
    /// Neither is a grant whose endpoint the caller has set, nor a device's where the server announces the endpoint:
    /// GitLab and others leave them out of the list, or write `device_code`.
    pub(crate) fn check_grant(&self, grant_type: &str) -> Result<()> {
        let announced = self.announced(|metadata| &metadata.grant_types_supported);
        let is_device = grant_type == DEVICE_CODE;
        if grant_type == "refresh_token"
            || has(announced, grant_type)
            || self.is_settled_by_endpoint(grant_type)
            || (is_device && has(announced, "device_code"))
        {
            return Ok(());
        }
        let endpoint = if is_device {
            "`Server::device_authorization_endpoint` or "
        } else {
            ""
        };
        Err(Error::configuration(format!(
            "the server does not announce the grant `{grant_type}`; if it supports it anyway, call {endpoint}\
             `Server::ignore_announced(\"grant_types_supported\")`"
        )))
    }

    fn is_settled_by_endpoint(&self, grant_type: &str) -> bool {
        let server = self.server();
        let Some(metadata) = server.metadata() else {
            return true;
        };
        let endpoint = match grant_type {
            DEVICE_CODE => Endpoint::DeviceAuthorization,
            "authorization_code" | "implicit" => Endpoint::Authorization,
            _ => Endpoint::Token,
        };
        server.is_set_by_hand(endpoint)
            || (grant_type == DEVICE_CODE && metadata.endpoint(endpoint).is_some())
    }

    /// Fails if the server announces other ways to authenticate than the client's.
    ///
    /// `none` is not checked: it is not an authentication, and most servers with public clients do not list it.
    pub(super) fn check_authentication(&self, at: At) -> Result<()> {
        let names = self.authentication().names();
        let announced = self.announced(|metadata| metadata.ways_to_authenticate(at));
        let is_fit = |name: &&str| *name == "none" || has(announced, name);
        if names.iter().any(is_fit) {
            return self.check_signature();
        }
        Err(Error::configuration(format!(
            "the server does not announce the client authentication `{}`; choose another by `Client::auth`, \
             this server's are: {}",
            names.join("` or `"),
            announced.join(", ")
        )))
    }

    /// Fails if the server announces other algorithms than that of the client's signature.
    fn check_signature(&self) -> Result<()> {
        let announced =
            self.announced(|metadata| &metadata.token_endpoint_auth_signing_alg_values_supported);
        match self.authentication().algorithm() {
            Some(algorithm) if !has(announced, algorithm) => Err(Error::configuration(format!(
                "the server does not announce {algorithm}, with which the key signs; take a key for one of: {}",
                announced.join(", ")
            ))),
            _ => Ok(()),
        }
    }

    /// Fails if the server announces other algorithms than that of proofs.
    #[cfg(feature = "dpop")]
    pub(super) fn check_proof(&self) -> Result<()> {
        let announced = self.announced(|metadata| &metadata.dpop_signing_alg_values_supported);
        if has(announced, "ES256") {
            return Ok(());
        }
        Err(Error::configuration(
            "the server announces DPoP without ES256, with which the key signs; leave `Client::dpop` out",
        ))
    }

    fn announced(&self, list: impl Fn(&Metadata) -> &Vec<String>) -> &[String] {
        let metadata = self.server().metadata();
        metadata.map_or(&[], |metadata| list(metadata))
    }
}

/// For the grants with a redirect.
#[cfg(any(feature = "authorization_code", feature = "implicit"))]
impl Client {
    /// Fails if the server does not log users in for this response, or does not bind a code to its client.
    pub(crate) fn check_login(&self, wanted: Wanted<'_>) -> Result<()> {
        match wanted {
            Wanted::Token => {
                self.check_response_type("token")?;
                self.check_grant("implicit")?;
                self.check_unbound()
            }
            Wanted::Code { .. } => {
                self.check_response_type("code")?;
                self.check_grant("authorization_code")?;
                let announced =
                    self.announced(|metadata| &metadata.code_challenge_methods_supported);
                if has(announced, "S256") {
                    return Ok(());
                }
                Err(Error::configuration(
                    "the server announces PKCE without S256, and a code that is bound in another way can be stolen; \
                     ask its operator",
                ))
            }
        }
    }

    fn check_response_type(&self, response_type: &str) -> Result<()> {
        let announced = self.announced(|metadata| &metadata.response_types_supported);
        if has(announced, response_type) {
            return Ok(());
        }
        Err(Error::configuration(format!(
            "the server does not announce the response type `{response_type}`; if it supports it anyway, call \
             `Server::ignore_announced(\"response_types_supported\")`"
        )))
    }

    /// Fails if a token must not come in a redirect, where nothing announces it and nothing binds it.
    fn check_unbound(&self) -> Result<()> {
        if self.must_push() {
            return Err(Error::configuration(
                "the server requires that a login is announced before the user is sent to it; take \
                 `AuthorizationCode`",
            ));
        }
        if self.is_bound() {
            return Err(Error::configuration(
                "a token in a redirect cannot be bound to the key of `Client::dpop`; take `AuthorizationCode`",
            ));
        }
        Ok(())
    }

    /// Returns `true` if a login must be announced before the user is sent to it (RFC 9126).
    pub(crate) fn must_push(&self) -> bool {
        let metadata = self.server().metadata();
        metadata.is_some_and(|metadata| metadata.require_pushed_authorization_requests)
    }

    /// Returns `true` if a redirect that does not name the server is refused (RFC 9207 §2.4).
    ///
    /// It is also refused if the server has no metadata: a caller who sets an issuer requires the check.
    pub(crate) fn must_name_itself(&self) -> bool {
        let metadata = self.server().metadata();
        let announced =
            metadata.is_none_or(|metadata| metadata.authorization_response_iss_parameter_supported);
        announced && self.server().name().is_some()
    }
}

impl Metadata {
    /// The ways to authenticate at an endpoint: its own where it announces them.
    fn ways_to_authenticate(&self, at: At) -> &Vec<String> {
        let own = match at {
            At::Revocation => &self.revocation_endpoint_auth_methods_supported,
            At::Introspection => &self.introspection_endpoint_auth_methods_supported,
            At::Token => return &self.token_endpoint_auth_methods_supported,
        };
        if own.is_empty() {
            &self.token_endpoint_auth_methods_supported
        } else {
            own
        }
    }
}

/// Returns `true` if a list has a name, or was not announced.
fn has(announced: &[String], name: &str) -> bool {
    announced.is_empty() || announced.iter().any(|it| it == name)
}

/// RFC 8628 §3.4.
pub(crate) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
