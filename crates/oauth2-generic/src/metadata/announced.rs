//! Holds a client to what its server announces.

use auth_core::{Error, Result};

use crate::authorize::Wanted;
use crate::client::Client;

impl Client {
    /// Whether the server knows a grant. A refresh is not asked about: the server gave the token.
    pub(crate) fn check_grant(&self, grant_type: &str) -> Result<()> {
        let announced = self.announced(|metadata| &metadata.grant_types_supported);
        if grant_type == "refresh_token" || has(announced, grant_type) {
            return Ok(());
        }
        Err(Error::configuration(format!(
            "the server does not announce the grant `{grant_type}`; if it knows it all the same, clear \
             `grant_types_supported` of the metadata"
        )))
    }

    /// Whether the server knows a method of client authentication, by one of its names.
    ///
    /// `none` is not asked about: it is no authentication, and most servers with public clients do not
    /// list it.
    pub(crate) fn check_authentication(&self, names: &[&str]) -> Result<()> {
        let announced = self.announced(|metadata| &metadata.token_endpoint_auth_methods_supported);
        if names
            .iter()
            .any(|name| *name == "none" || has(announced, name))
        {
            return Ok(());
        }
        Err(Error::configuration(format!(
            "the server does not announce the client authentication `{}`; choose another `client_auth`, \
             this server's are: {}",
            names.join("` or `"),
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
            Wanted::Token => self.check_grant("implicit"),
            Wanted::Code { .. } => {
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

    fn announced(&self, list: fn(&super::Metadata) -> &Vec<String>) -> &[String] {
        self.metadata
            .as_ref()
            .map_or(&[], |metadata| list(metadata))
    }
}

/// Whether a list has a name, or was not announced.
fn has(announced: &[String], name: &str) -> bool {
    announced.is_empty() || announced.iter().any(|it| it == name)
}
