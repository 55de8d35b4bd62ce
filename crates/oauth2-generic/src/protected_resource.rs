//! An API that announces the servers of its tokens (RFC 9728).

use auth_core::grant::{JsonResponse, TokenRequest};
use auth_core::http::header::WWW_AUTHENTICATE;
use auth_core::http::{HeaderMap, Request, Uri};
use auth_core::transport::{Origin, Transport};
use auth_core::{Error, Result, Secret};

use crate::place::{is_private, query};

/// Announcements of an API about itself (RFC 9728): the servers that issue its tokens, and the scopes that it knows.
///
/// ```
/// use oauth2_generic::ProtectedResource;
/// use oauth2_generic::testing::CannedTransport;
///
/// // In a test; a program has an `HttpTransport`.
/// let http = CannedTransport::new()
///     .json(404, "{}")
///     .json(
///         200,
///         r#"{"resource": "https://api.example.com", "authorization_servers": ["https://login.example.com"]}"#,
///     );
/// let api = ProtectedResource::discover("https://api.example.com/orders", &http)?;
/// assert_eq!(api.authorization_servers, ["https://login.example.com"]);
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProtectedResource {
    /// The API's own name, for [`Client::resource`](crate::Client::resource).
    pub resource: String,
    /// The issuers that its tokens may be from, for [`Server::discover`](crate::Server::discover).
    pub authorization_servers: Vec<String>,
    /// The scopes that the API lists.
    pub scopes_supported: Vec<String>,
}

impl ProtectedResource {
    /// Requests a URL of the API without a token, and reads the metadata that its `WWW-Authenticate` names; without that,
    /// the metadata at the well-known places of the URL.
    ///
    /// The metadata must be of this API: of its origin, and of the URL's path or one above it. All URLs must be https,
    /// except on this machine, and redirects are not followed.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the URL cannot be one or the API announces nothing; [`Error::Response`] if the
    /// metadata are of another API or name no server; otherwise the transport's error.
    pub fn discover(url: &str, http: &dyn Transport) -> Result<Self> {
        let uri = checked(url, "the URL of the API")?;
        let request = Request::get(url).body(Vec::new());
        let request =
            request.map_err(|_| Error::configuration("the URL of the API is not a URL"))?;
        let response = http.send(request)?;
        let places = match announced(response.headers()) {
            Some(place) => vec![place],
            None => places(&uri),
        };
        let mut failure = None;
        for place in places {
            checked(&place, "`resource_metadata`")?;
            match fetch(&place, http).and_then(|document| read(&document, &uri)) {
                Ok(resource) => return Ok(resource),
                // That of another API is more telling than a place without any.
                Err(error @ Error::Response(_)) => failure = Some(error),
                Err(error @ Error::Network { .. }) => return Err(error),
                Err(_) => {}
            }
        }
        Err(failure.unwrap_or_else(|| {
            Error::configuration(
                "the API announces no server of its tokens (RFC 9728); ask its operator for the issuer",
            )
        }))
    }
}

/// A URL to which a request without a secret may be sent.
fn checked(url: &str, what: &str) -> Result<Uri> {
    let uri = url.parse::<Uri>().ok();
    let uri = uri.filter(|_| is_private(url, false) && !url.contains(['#', '@']));
    uri.ok_or_else(|| {
        Error::configuration(format!(
            "{what} is not one that begins with https://, or it has a fragment or a user name; plain http is for \
             127.0.0.1 and [::1]"
        ))
    })
}

/// The place that a challenge names (RFC 9728 §5.1).
fn announced(headers: &HeaderMap) -> Option<String> {
    let challenges = headers.get_all(WWW_AUTHENTICATE).iter();
    let mut challenges = challenges.filter_map(|challenge| challenge.to_str().ok());
    challenges.find_map(|challenge| {
        let (before, rest) = challenge.split_once("resource_metadata=")?;
        // Not the end of another parameter's name.
        if !before.ends_with([' ', ',', '\t']) {
            return None;
        }
        let value = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => rest.split([',', ' ']).next(),
        };
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    })
}

/// The well-known places (RFC 9728 §3.1): between host and path, for the whole path, and for the host alone.
fn places(uri: &Uri) -> Vec<String> {
    let scheme = uri.scheme_str().unwrap_or("https");
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    let place = |path: &str| format!("{scheme}://{authority}{WELL_KNOWN}{path}");
    match uri.path().trim_end_matches('/') {
        "" => vec![place("")],
        path => vec![place(path), place("")],
    }
}

fn fetch(place: &str, http: &dyn Transport) -> Result<JsonResponse> {
    let endpoint = place.split('?').next().unwrap_or_default();
    let parameters = query(place).into_iter();
    let request = parameters.fold(TokenRequest::query(endpoint), |request, (name, value)| {
        request.param(name, value)
    });
    request.fetch(http)
}

fn read(document: &JsonResponse, asked: &Uri) -> Result<ProtectedResource> {
    let resource = document.text("resource").map(Secret::expose);
    let resource = resource.unwrap_or_default().to_owned();
    let is_own = resource.parse::<Uri>().is_ok_and(|own| {
        let above = own.path().trim_end_matches('/');
        let rest = asked.path().strip_prefix(above);
        let is_above = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        is_above && Origin::of(&own).is_some() && Origin::of(&own) == Origin::of(asked)
    });
    if !is_own {
        return Err(Error::response(
            "the metadata are of another API than the one that was asked for",
        ));
    }
    let texts = |name: &str| {
        let texts = document.texts(name).unwrap_or_default();
        texts.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let authorization_servers = texts("authorization_servers");
    let is_open = |issuer: &String| !is_private(issuer, false);
    if authorization_servers.is_empty() || authorization_servers.iter().any(is_open) {
        return Err(Error::response(
            "the metadata name no server that issues the API's tokens, or one that is not at https://",
        ));
    }
    Ok(ProtectedResource {
        resource,
        authorization_servers,
        scopes_supported: texts("scopes_supported"),
    })
}

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
