//! Holds a client to what its server announces.

use auth_core::{Error, Result};

use crate::authorize::Wanted;
use crate::client::Client;
use crate::metadata::Metadata;

/// Where a client authenticates, as far as servers make a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum At {
    Token,
    Revocation,
    Introspection,
}

impl Client {
    /// Whether the server knows a grant. A refresh is not asked about: the server gave the token.
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
            "set `device_authorization_endpoint`, or "
        } else {
            ""
        };
        Err(Error::configuration(format!(
            "the server does not announce the grant `{grant_type}`; if it knows it anyway, {endpoint}clear \
             `grant_types_supported` of the metadata"
        )))
    }

    fn is_settled_by_endpoint(&self, grant_type: &str) -> bool {
        let Some(metadata) = &self.metadata else {
            return true;
        };
        let (name, set, announced) = match grant_type {
            DEVICE_CODE => (
                "device_authorization_endpoint",
                &self.device_authorization_endpoint,
                &metadata.device_authorization_endpoint,
            ),
            "authorization_code" | "implicit" => (
                "authorization_endpoint",
                &self.authorization_endpoint,
                &metadata.authorization_endpoint,
            ),
            _ => (
                "token_endpoint",
                &self.token_endpoint,
                &metadata.token_endpoint,
            ),
        };
        let is_alias = metadata.mtls_endpoint_aliases.get(name) == Some(set);
        let is_by_hand = !set.is_empty() && set != announced && !is_alias;
        is_by_hand || (grant_type == DEVICE_CODE && !announced.is_empty())
    }

    /// Whether the server knows how this client authenticates, by one of the names that it has.
    ///
    /// `none` is not asked about: it is no authentication, and most servers with public clients do not
    /// list it.
    pub(crate) fn check_authentication(&self, at: At) -> Result<()> {
        let names = self.client_auth.names(self);
        let announced = self.announced(|metadata| metadata.ways_to_authenticate(at));
        if names
            .iter()
            .any(|name| *name == "none" || has(announced, name))
        {
            return self.check_signature();
        }
        Err(Error::configuration(format!(
            "the server does not announce the client authentication `{}`; choose another `client_auth`, \
             this server's are: {}",
            names.join("` or `"),
            announced.join(", ")
        )))
    }

    /// Whether the server reads what this client signs to authenticate.
    fn check_signature(&self) -> Result<()> {
        let algorithm = self.client_auth.algorithm();
        let announced =
            self.announced(|metadata| &metadata.token_endpoint_auth_signing_alg_values_supported);
        if algorithm.is_empty() || has(announced, algorithm) {
            return Ok(());
        }
        Err(Error::configuration(format!(
            "the server does not announce {algorithm}, with which the key signs; take a key for one of: {}",
            announced.join(", ")
        )))
    }

    /// Whether the server reads our proofs.
    #[cfg(feature = "dpop")]
    pub(crate) fn check_proof(&self) -> Result<()> {
        let announced = self.announced(|metadata| &metadata.dpop_signing_alg_values_supported);
        if has(announced, "ES256") {
            return Ok(());
        }
        Err(Error::configuration(
            "the server announces DPoP without ES256, which is what the key signs with; leave `dpop` out",
        ))
    }

    /// Whether the server takes users in for this answer, and ties a code to its client.
    pub(crate) fn check_login(&self, wanted: Wanted<'_>) -> Result<()> {
        match wanted {
            Wanted::Token => {
                self.check_answer("token")?;
                self.check_grant("implicit")?;
                self.check_unbound()
            }
            Wanted::Code { .. } => {
                self.check_answer("code")?;
                self.check_grant("authorization_code")?;
                let announced =
                    self.announced(|metadata| &metadata.code_challenge_methods_supported);
                if has(announced, "S256") {
                    return Ok(());
                }
                Err(Error::configuration(
                    "the server announces PKCE without S256, and anything less can be stolen; ask its \
                     operator",
                ))
            }
        }
    }

    /// Whether the authorization endpoint can be asked for this.
    fn check_answer(&self, response_type: &str) -> Result<()> {
        let announced = self.announced(|metadata| &metadata.response_types_supported);
        if has(announced, response_type) {
            return Ok(());
        }
        Err(Error::configuration(format!(
            "the server does not announce the response type `{response_type}`; if it knows it anyway, \
             clear `response_types_supported` of the metadata"
        )))
    }

    /// Whether a token may come in a redirect, where nothing announces it and nothing binds it.
    fn check_unbound(&self) -> Result<()> {
        if self.must_push() {
            return Err(Error::configuration(
                "the server wants to be told of a login before the user is sent to it; take \
                 `AuthorizationCode`",
            ));
        }
        if self.is_bound() {
            return Err(Error::configuration(
                "a token in a redirect cannot be bound to the key in `dpop`; take `AuthorizationCode`",
            ));
        }
        Ok(())
    }

    /// Whether a login must be announced before the user is sent to it.
    pub(crate) fn must_push(&self) -> bool {
        self.metadata
            .as_ref()
            .is_some_and(|metadata| metadata.require_pushed_authorization_requests)
    }

    /// Whether a redirect that does not name the server is refused (RFC 9207 §2.4).
    ///
    /// Where nothing is known of the server, it is: whoever sets an issuer wants it checked.
    pub(crate) fn must_name_itself(&self) -> bool {
        let announced = self
            .metadata
            .as_ref()
            .is_none_or(|metadata| metadata.authorization_response_iss_parameter_supported);
        announced && !self.issuer.is_empty()
    }

    fn announced(&self, list: impl Fn(&Metadata) -> &Vec<String>) -> &[String] {
        self.metadata
            .as_ref()
            .map_or(&[], |metadata| list(metadata))
    }
}

impl Metadata {
    /// The methods of client authentication at an endpoint: its own where it announces them.
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

/// RFC 8628 §3.4.
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Whether a list has a name, or was not announced.
fn has(announced: &[String], name: &str) -> bool {
    announced.is_empty() || announced.iter().any(|it| it == name)
}
