//! Reads a metadata document, and refuses what would lead secrets astray.

use std::collections::BTreeMap;

use auth_core::grant::JsonResponse;
use auth_core::{Error, Result, Secret};

use crate::place::{is_https, is_private, is_same};

use super::{Endpoint, Metadata};

/// Reads the metadata of this issuer.
pub(crate) fn read(document: &JsonResponse, issuer: &str, allows_http: bool) -> Result<Metadata> {
    check_issuer(document, issuer)?;
    let list = |name| list(document, name);
    let truth = |name| truth(document, name);
    let place = Place {
        is_https: is_https(issuer),
        allows_http,
    };
    let url = |name| place.url(name, document.text(name));
    let endpoint = |endpoint: Endpoint| url(endpoint.name());
    Ok(Metadata {
        issuer: issuer.to_owned(),
        authorization_endpoint: endpoint(Endpoint::Authorization)?,
        token_endpoint: endpoint(Endpoint::Token)?,
        device_authorization_endpoint: endpoint(Endpoint::DeviceAuthorization)?,
        pushed_authorization_request_endpoint: endpoint(Endpoint::PushedAuthorizationRequest)?,
        require_pushed_authorization_requests: truth("require_pushed_authorization_requests"),
        revocation_endpoint: endpoint(Endpoint::Revocation)?,
        introspection_endpoint: endpoint(Endpoint::Introspection)?,
        jwks_uri: url("jwks_uri")?,
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
        mtls_endpoint_aliases: aliases(document, place)?,
        scopes_supported: list("scopes_supported"),
    })
}

/// RFC 8414 §3.3: it must be identical, compared as text.
fn check_issuer(document: &JsonResponse, issuer: &str) -> Result<()> {
    let problem = match document.text("issuer").map(Secret::expose) {
        Some(found) if found == issuer => return Ok(()),
        None => "the metadata names no issuer",
        Some(found) if found.trim_end_matches('/') == issuer.trim_end_matches('/') => {
            "the metadata's issuer differs from the one asked for by the slash at its end; ask for it \
             as the server writes it"
        }
        Some(found) if is_same(found, issuer) => {
            "the metadata's issuer differs from the one asked for by the case of scheme or host, or by a needless port; ask for it as the server writes it"
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
fn list(document: &JsonResponse, name: &str) -> Vec<String> {
    let texts = document.texts(name).unwrap_or_default().into_iter();
    if document.text(name).is_some() {
        return texts
            .flat_map(|text| text.split([' ', ',']))
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
    }
    texts.map(str::to_owned).collect()
}

/// A truth value. Some servers write it as a text.
fn truth(document: &JsonResponse, name: &str) -> bool {
    document.boolean(name).unwrap_or_else(|| {
        let text = document.text(name).map(Secret::expose);
        text.is_some_and(|text| text.eq_ignore_ascii_case("true"))
    })
}

/// Issuer of a document, as far as it limits the document's URLs.
#[derive(Clone, Copy)]
struct Place {
    is_https: bool,
    allows_http: bool,
}

impl Place {
    /// A URL, if it is announced. It gets secrets or users, so it must be as private as the issuer: only an
    /// issuer on this machine may announce one on this machine.
    fn url(self, name: &str, found: Option<&Secret>) -> Result<Option<String>> {
        let is_fit = |url| {
            is_private(url, self.allows_http)
                && (is_https(url) || !self.is_https || self.allows_http)
        };
        match found.map(Secret::expose) {
            None => Ok(None),
            Some(url) if is_fit(url) => Ok(Some(url.to_owned())),
            Some(_) => Err(Error::response(format!(
                "the metadata's `{name}` is not a URL that begins with https://; tell the server its public URL if a \
                 proxy ends TLS before it, or set the endpoints by hand; in a test network, see \
                 `Discovery::danger_allow_http`"
            ))),
        }
    }
}

/// The endpoints that this program sends requests to; the browsers of users have no certificate of the client's.
fn aliases(document: &JsonResponse, place: Place) -> Result<BTreeMap<String, String>> {
    let mut aliases = BTreeMap::new();
    for endpoint in Endpoint::ALL {
        let name = endpoint.name();
        let alias = document.text(&format!("mtls_endpoint_aliases.{name}"));
        if endpoint != Endpoint::Authorization
            && let Some(url) = place.url(name, alias)?
        {
            aliases.insert(name.to_owned(), url);
        }
    }
    Ok(aliases)
}
