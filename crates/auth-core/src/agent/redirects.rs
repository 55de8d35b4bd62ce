//! The request that a redirect leads to.

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT, HOST, LOCATION,
    PROXY_AUTHORIZATION, TRANSFER_ENCODING,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, request};

use crate::origin::Origin;

/// Returns `true` if a response sends the client to another URL.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    status.is_redirection() && status != StatusCode::NOT_MODIFIED
}

/// The next request, with the method that `ureq` gives it; `None` if it must not or cannot be made.
///
/// A redirect that keeps the method (307, 308) is not followed if that method changes something: the body
/// would be sent twice. Every other method becomes GET, without the body.
pub(super) fn next(
    mut parts: request::Parts,
    status: StatusCode,
    answered: &HeaderMap,
) -> Option<request::Parts> {
    let location = answered.get_all(LOCATION).into_iter().next_back()?;
    let uri = target(&parts.uri, location.to_str().ok()?)?;
    let keeps_method = [
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ]
    .contains(&status);
    if keeps_method && CHANGING.contains(&parts.method) {
        return None;
    }
    if !keeps_method && ![Method::GET, Method::HEAD].contains(&parts.method) {
        parts.method = Method::GET;
        remove(&mut parts.headers, &[CONTENT_ENCODING, CONTENT_TYPE]);
    }
    // No body goes along, and `ureq` has a jar of its own for cookies.
    let gone = [CONTENT_LENGTH, COOKIE, EXPECT, TRANSFER_ENCODING];
    remove(&mut parts.headers, &gone);
    if Origin::of(&uri) != Origin::of(&parts.uri) {
        leave(&mut parts.headers);
    }
    parts.uri = uri;
    Some(parts)
}

/// Removes what is meant for the origin that is left, and every value that is marked as sensitive.
fn leave(headers: &mut HeaderMap) {
    remove(headers, &OF_AN_ORIGIN);
    let sensitive: Vec<HeaderName> = headers
        .iter()
        .filter(|(_, value)| value.is_sensitive())
        .map(|(name, _)| name.clone())
        .collect();
    remove(headers, &sensitive);
}

fn remove(headers: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        headers.remove(name);
    }
}

/// The target of a reference (RFC 3986 §5.2), which `Location` may be (RFC 9110 §10.2.2).
fn target(base: &Uri, location: &str) -> Option<Uri> {
    let location = location.split('#').next().unwrap_or_default();
    let scheme = base.scheme_str()?;
    let uri = if has_scheme(location) {
        location.parse().ok()?
    } else if location.starts_with("//") {
        format!("{scheme}:{location}").parse().ok()?
    } else {
        let mut parts = base.clone().into_parts();
        parts.path_and_query = Some(joined(base, location)?);
        Uri::from_parts(parts).ok()?
    };
    Origin::of(&uri).map(|_| uri)
}

fn joined(base: &Uri, location: &str) -> Option<PathAndQuery> {
    let (path, query) = match location.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (location, None),
    };
    let path = match path {
        "" => base.path().to_owned(),
        _ if path.starts_with('/') => without_dots(path),
        _ => {
            let (folder, _) = base.path().rsplit_once('/').unwrap_or_default();
            without_dots(&format!("{folder}/{path}"))
        }
    };
    let query = match query {
        None if location.is_empty() => base.query(),
        query => query,
    };
    match query {
        None => path.parse().ok(),
        Some(query) => format!("{path}?{query}").parse().ok(),
    }
}

/// RFC 3986 §5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

/// RFC 3986 §3.1.
fn has_scheme(reference: &str) -> bool {
    let before = reference.split(['/', '?']).next().unwrap_or_default();
    before.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// The methods of which `ureq` follows no redirect that keeps the method.
const CHANGING: [Method; 4] = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

const OF_AN_ORIGIN: [HeaderName; 3] = [AUTHORIZATION, HOST, PROXY_AUTHORIZATION];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(location: &str) -> Option<String> {
        let base = Uri::from_static("https://api.example/v1/orders?page=1");
        target(&base, location).map(|uri| uri.to_string())
    }

    #[test]
    fn a_location_is_resolved_against_the_request() {
        for (location, expected) in [
            ("https://other.example/x", "https://other.example/x"),
            ("HTTPS://other.example/x", "https://other.example/x"),
            ("//other.example:8443/x", "https://other.example:8443/x"),
            ("/orders/", "https://api.example/orders/"),
            ("orders/", "https://api.example/v1/orders/"),
            ("./orders/7", "https://api.example/v1/orders/7"),
            ("../v2/orders", "https://api.example/v2/orders"),
            ("../../../orders", "https://api.example/orders"),
            ("..", "https://api.example/"),
            ("?page=2", "https://api.example/v1/orders?page=2"),
            ("", "https://api.example/v1/orders?page=1"),
            ("/a?b=/../c#top", "https://api.example/a?b=/../c"),
            ("/a:b", "https://api.example/a:b"),
        ] {
            assert_eq!(at(location).as_deref(), Some(expected), "{location}");
        }
    }

    #[test]
    fn a_location_that_is_not_http_is_not_followed() {
        for location in [
            "ftp://api.example/",
            "mailto:ops@api.example",
            "https:///x",
            "/a b",
        ] {
            assert_eq!(at(location), None, "{location}");
        }
    }
}
