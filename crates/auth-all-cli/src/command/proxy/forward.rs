//! One request to the API, and its response.

use std::io;

use auth_all::agent;
use auth_all::agent::ureq::{self, SendBody};
use auth_all::error::Remedy;
use auth_all::http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, LOCATION, ORIGIN,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, RETRY_AFTER, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use auth_all::http::uri::PathAndQuery;
use auth_all::http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use log::debug;

use crate::failure::Failure;
use crate::http::{Body, Head, KEY_HEADER, Refusal, Reply};

use super::route::Route;

/// Sends the request to the API with a token, and the response to the client.
pub(super) fn forward(
    route: &Route,
    target: PathAndQuery,
    head: Head,
    body: &mut Body<'_, '_>,
    reply: &mut Reply<'_>,
) -> io::Result<()> {
    if let Some(refusal) = own_token(&head.headers, route) {
        return reply.refuse(&refusal);
    }
    let Some(url) = route.url(target) else {
        return reply.refuse(&Refusal::bad("the target is not valid"));
    };
    let mut headers = head.headers;
    clean(&mut headers);
    for name in [EXPECT, HOST, ORIGIN, KEY_HEADER] {
        headers.remove(name);
    }
    let length = body.length();
    // The agent repeats a short body, and streams the others.
    if let Some(length) = length.filter(|length| *length > 0) {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    let method = head.method;
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = method.clone();
    parts.uri = url;
    parts.headers = headers;
    let sent = match length {
        Some(0) => route
            .agent
            .run(Request::from_parts(parts, SendBody::none())),
        _ => {
            let body = SendBody::from_reader(body);
            route.agent.run(Request::from_parts(parts, body))
        }
    };
    let profile = &route.profile;
    match sent {
        Ok(response) => {
            debug!("{profile}: {method} {}", response.status().as_u16());
            route.set_working();
            pass_on(route, response, reply)
        }
        Err(error) => {
            debug!("{profile}: {method} failed");
            failed(route, error, body, reply)
        }
    }
}

/// A request that has a token of its own is not signed: it would get the answer of another identity.
fn own_token(headers: &HeaderMap, route: &Route) -> Option<Refusal> {
    if headers.contains_key(AUTHORIZATION) {
        return Some(Refusal::bad(
            "the request has an `Authorization` already, and the proxy sets its own; remove it, and look into ~/.netrc, \
             from which some clients take one for 127.0.0.1",
        ));
    }
    let header = &route.header;
    headers.contains_key(header).then(|| {
        Refusal::bad(format!(
            "the request has a `{header}` already, and the proxy sets its own"
        ))
    })
}

fn pass_on(route: &Route, response: Response<ureq::Body>, reply: &mut Reply<'_>) -> io::Result<()> {
    let (parts, body) = response.into_parts();
    if parts.status.is_informational() {
        let words = "the API changes the protocol, which is not supported";
        return reply.refuse(&Refusal::new(StatusCode::BAD_GATEWAY, words));
    }
    let mut headers = parts.headers;
    // For ureq, a response of this length is one without a body.
    let is_empty = headers
        .get(CONTENT_LENGTH)
        .is_some_and(|length| length == "0")
        && !headers.contains_key(TRANSFER_ENCODING);
    clean(&mut headers);
    if let Some(location) = headers.get_mut(LOCATION)
        && let Some(ours) = route.location(location)
    {
        *location = ours;
    }
    let length = body.content_length().or(is_empty.then_some(0));
    let sent = reply.send(parts.status, headers, length, &mut body.into_reader());
    match sent {
        Err(_) if !reply.is_begun() => {
            let words = "the response of the API ended too early";
            reply.refuse(&Refusal::new(StatusCode::BAD_GATEWAY, words))
        }
        sent => sent,
    }
}

/// Answers a request that has no response of the API.
fn failed(
    route: &Route,
    error: ureq::Error,
    body: &mut Body<'_, '_>,
    reply: &mut Reply<'_>,
) -> io::Result<()> {
    if let Some(fault) = body.fault() {
        return reply.refuse(fault);
    }
    let is_timeout = matches!(error, ureq::Error::Timeout(_));
    let is_token = agent::error_of(&error).is_some();
    let error = agent::error(error);
    let failure = Failure::of(&error, &route.profile);
    if !is_token {
        let status = match is_timeout {
            true => StatusCode::GATEWAY_TIMEOUT,
            false => StatusCode::BAD_GATEWAY,
        };
        return reply.text(status, &[], &failure.text());
    }
    route.set_failed(&failure);
    let status = match error.remedy() {
        Remedy::Retry => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_GATEWAY,
    };
    reply.text(status, &retry_after(&failure), &failure.text())
}

/// `Retry-After`, if another try may work.
pub(crate) fn retry_after(failure: &Failure) -> Vec<(HeaderName, HeaderValue)> {
    if !failure.is_temporary() {
        return Vec::new();
    }
    let wait = failure.wait().map_or(1, |wait| wait.as_secs().max(1));
    vec![(RETRY_AFTER, wait.into())]
}

/// Removes the fields that are about the connection (RFC 9110 §7.6.1).
fn clean(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let values = headers.get_all(CONNECTION).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        let names = texts.flat_map(|text| text.split(','));
        let names: Vec<HeaderName> = names.filter_map(|name| name.trim().parse().ok()).collect();
        for name in names {
            headers.remove(name);
        }
    }
    for name in OF_A_CONNECTION {
        headers.remove(name);
    }
}

const OF_A_CONNECTION: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
