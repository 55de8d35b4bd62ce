//! Reads a document, and refuses what would lead secrets astray.

use std::collections::BTreeMap;

use auth_core::grant::JsonResponse;
use auth_core::{Error, Result, Secret};

use crate::authorize::{is_https, is_private, normal};

use super::Metadata;

/// The metadata of this issuer.
pub(super) fn read(reply: &Reply, issuer: &str, allows_http: bool) -> Result<Metadata> {
    check_issuer(reply, issuer)?;
    let list = |name| list(reply, name);
    let truth = |name| truth(reply, name);
    let place = Place {
        is_https: is_https(issuer),
        allows_http,
    };
    let endpoint = |name| place.endpoint(name, reply.text(name));
    Ok(Metadata {
        issuer: issuer.to_owned(),
        authorization_endpoint: endpoint("authorization_endpoint")?,
        token_endpoint: endpoint("token_endpoint")?,
        device_authorization_endpoint: endpoint("device_authorization_endpoint")?,
        pushed_authorization_request_endpoint: endpoint("pushed_authorization_request_endpoint")?,
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
        mtls_endpoint_aliases: aliases(reply, place)?,
        scopes_supported: list("scopes_supported"),
        allows_http,
    })
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
        Some(found) if normal(found).is_some() && normal(found) == normal(issuer) => {
            "the metadata's issuer differs from the one asked for by the case of scheme or host, or by a port that need \
             not be there; ask for it as the server writes it"
        }
        Some(found) if found.contains('{') && !issuer.contains('{') => {
            "the metadata is that of another issuer, with a placeholder for a tenant in it; put your tenant's id \
             into the issuer, in place of `common` for instance"
        }
        Some(_) => {
            "the metadata is that of another issuer; ask for that one, and if it publishes none, as with LinkedIn and \
             Azure AD B2C, name both: `Discovery::new(issuer).at(url)`; or set the endpoints by hand"
        }
    };
    Err(Error::response(problem))
}

/// A list. Some servers write one text, with a name or several in it.
fn list(reply: &Reply, name: &str) -> Vec<String> {
    let texts = reply.texts(name).unwrap_or_default().into_iter();
    if reply.text(name).is_some() {
        return texts
            .flat_map(|text| text.split([' ', ',']))
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
    }
    texts.map(str::to_owned).collect()
}

/// A truth value. Some servers write it as a text.
fn truth(reply: &Reply, name: &str) -> bool {
    reply.truth(name).unwrap_or_else(|| {
        let text = reply.text(name).map(Secret::expose);
        text.is_some_and(|text| text.eq_ignore_ascii_case("true"))
    })
}

/// From where the document speaks.
#[derive(Clone, Copy)]
struct Place {
    is_https: bool,
    allows_http: bool,
}

impl Place {
    /// An endpoint, if it is announced; it gets secrets or users, so it is as private as the issuer: only an
    /// issuer on this machine may announce one on this machine.
    fn endpoint(self, name: &'static str, found: Option<&Secret>) -> Result<String> {
        let is_fit = |url| {
            is_private(url, self.allows_http)
                && (is_https(url) || !self.is_https || self.allows_http)
        };
        match found.map(Secret::expose) {
            None => Ok(String::new()),
            Some(url) if is_fit(url) => Ok(url.to_owned()),
            Some(_) => Err(Error::response(format!(
                "the metadata's `{name}` is not a URL that begins with https://; tell the server its public URL if a \
                 proxy ends TLS before it, or set the endpoints by hand; in a test network, see \
                 `Discovery::danger_allow_http`"
            ))),
        }
    }
}

fn aliases(reply: &Reply, place: Place) -> Result<BTreeMap<&'static str, String>> {
    let aliases = ALIASED.iter().filter_map(|name| {
        let alias = reply.text_in("mtls_endpoint_aliases", name)?;
        Some(
            place
                .endpoint(name, Some(alias))
                .map(|alias| (*name, alias)),
        )
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
