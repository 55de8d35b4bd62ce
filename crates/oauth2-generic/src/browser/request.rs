//! Meaning of a request to the port: the response to this login, or a stray.

use auth_core::{Error, Secret};

use super::loopback::Address;
use crate::redirect::{Parameters, known_code};

/// A request, judged by its head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Request<'a> {
    /// The server's response to this login, in the query.
    Response {
        query: &'a str,
    },
    /// A browser looks for the icon of the site.
    Icon,
    Stray(Stray),
}

/// A request that does not belong to this login.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stray {
    /// A refusal without `state`; its code, if a standard defines it.
    Refusal(Option<&'static str>),
    /// A code without `state`.
    Code,
    /// The `state` of another login.
    OtherState,
    /// Neither code, nor refusal, nor state.
    Empty,
    /// A query that cannot be read.
    Unreadable,
    /// Not HTTP, or without exactly one `Host`.
    Malformed,
    /// A TLS handshake: a browser that was sent to https.
    Tls,
    /// Meant for another host or port: a forwarded port, or a foreign name that leads to this machine (DNS rebinding).
    Host,
    Path,
    /// A response at a path that is not ours.
    OtherPath,
    Method,
    /// A response in the body of a POST (`form_post`).
    Post,
    TooLong,
}

impl<'a> Request<'a> {
    /// Reads a head; `None` as long as it is not complete.
    pub(super) fn read(head: &'a [u8], address: &Address, state: &str) -> Option<Self> {
        if head.first() == Some(&TLS_HANDSHAKE) {
            return Some(Self::Stray(Stray::Tls));
        }
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return None,
            Err(httparse::Error::TooManyHeaders) => return Some(Self::Stray(Stray::TooLong)),
            Err(_) => return Some(Self::Stray(Stray::Malformed)),
        }
        let (method, target) = (request.method?, request.path?);
        let judged = judge(method, target, request.headers, address);
        Some(match judged {
            Ok(Self::Response { query }) => match foreign(query, state) {
                Some(stray) => Self::Stray(stray),
                None => Self::Response { query },
            },
            Ok(request) => request,
            Err(stray) => Self::Stray(stray),
        })
    }
}

fn judge<'a>(
    method: &str,
    target: &'a str,
    headers: &[httparse::Header<'_>],
    address: &Address,
) -> Result<Request<'a>, Stray> {
    let mut hosts = headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case("host"));
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(Stray::Malformed);
    };
    let is_host = |ours: &String| host.value.eq_ignore_ascii_case(ours.as_bytes());
    if !address.hosts.iter().any(is_host) {
        return Err(Stray::Host);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_icon = path == "/favicon.ico" && address.path != path;
    match method {
        "GET" if path == address.path => Ok(Request::Response { query }),
        "GET" | "HEAD" if is_icon => Ok(Request::Icon),
        "POST" if path == address.path => Err(Stray::Post),
        _ if path == address.path => Err(Stray::Method),
        "GET" if is_response(query) => Err(Stray::OtherPath),
        _ => Err(Stray::Path),
    }
}

/// Returns `true` if a server may have sent a browser back with this query (RFC 6749 §4.1.2).
fn is_response(query: &str) -> bool {
    let has = |query: Parameters| ["code", "error"].iter().any(|name| query.has(name));
    Parameters::parse(query).is_ok_and(has)
}

/// The reason why a query does not belong to this login; `None` if it repeats its `state`.
///
/// A refusal without the `state` is a stray, too: otherwise any page could end the login.
fn foreign(query: &str, state: &str) -> Option<Stray> {
    let parts = || -> Result<_, Error> {
        let mut query = Parameters::parse(query)?;
        let (found, error) = (query.take("state")?, query.take("error")?);
        Ok((found, error, query.has("code")))
    };
    match parts() {
        Err(_) => Some(Stray::Unreadable),
        Ok((Some(found), ..)) if found == Secret::new(state) => None,
        Ok((Some(_), ..)) => Some(Stray::OtherState),
        Ok((None, Some(error), _)) => Some(Stray::Refusal(known_code(error.expose()))),
        Ok((None, None, true)) => Some(Stray::Code),
        Ok((None, None, false)) => Some(Stray::Empty),
    }
}

/// The first byte of a TLS handshake (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 22;
const MOST_HEADERS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Option<Request<'_>> {
        let address = Address {
            redirect_uri: "http://127.0.0.1:8400/cb".to_owned(),
            path: "/cb".to_owned(),
            hosts: vec!["127.0.0.1:8400".to_owned(), "[::1]:8400".to_owned()],
        };
        Request::read(head.as_bytes(), &address, "ours")
    }

    fn stray(head: &str) -> Option<Stray> {
        match read(head) {
            Some(Request::Stray(stray)) => Some(stray),
            _ => None,
        }
    }

    #[test]
    fn a_response_is_a_get_of_our_path_at_our_host() {
        let query = "code=c&state=ours";
        for host in ["127.0.0.1:8400", "[::1]:8400"] {
            let head = format!("GET /cb?{query} HTTP/1.1\r\nHOST: {host}\r\n\r\n");
            assert_eq!(read(&head), Some(Request::Response { query }));
        }
        let incomplete = "GET /cb?code=c HTTP/1.1\r\nHost: 127.0.0.1:8400\r\n";
        assert_eq!(read(incomplete), None);
    }

    #[test]
    fn only_our_state_makes_a_response() {
        for (query, stray) in [
            ("code=c&state=ours", None),
            ("error=access_denied&state=ours", None),
            ("code=c&state=theirs", Some(Stray::OtherState)),
            ("error=access_denied&state=ourss", Some(Stray::OtherState)),
            (
                "error=access_denied",
                Some(Stray::Refusal(Some("access_denied"))),
            ),
            (
                "error=login_required&state=",
                Some(Stray::Refusal(Some("login_required"))),
            ),
            ("error=Call%20me", Some(Stray::Refusal(None))),
            ("code=c", Some(Stray::Code)),
            ("", Some(Stray::Empty)),
            ("response=eyJ", Some(Stray::Empty)),
            ("state=ours&state=ours", Some(Stray::Unreadable)),
            ("state=%ff", Some(Stray::Unreadable)),
        ] {
            assert_eq!(foreign(query, "ours"), stray, "{query}");
        }
    }

    #[test]
    fn each_stray_is_judged_by_its_kind() {
        let at = |line: &str| stray(&format!("{line} HTTP/1.1\r\nHost: 127.0.0.1:8400\r\n\r\n"));
        assert_eq!(at("GET /favicon.ico"), None);
        assert_eq!(at("GET /"), Some(Stray::Path));
        assert_eq!(at("GET /cb/"), Some(Stray::Path));
        assert_eq!(at("GET http://127.0.0.1:8400/cb"), Some(Stray::Path));
        assert_eq!(at("GET /cb/?code=c"), Some(Stray::OtherPath));
        assert_eq!(at("GET /?error=e&state=s"), Some(Stray::OtherPath));
        assert_eq!(at("GET /robots.txt?code="), Some(Stray::Path));
        assert_eq!(at("POST /cb"), Some(Stray::Post));
        assert_eq!(at("POST /"), Some(Stray::Path));
        assert_eq!(at("OPTIONS /cb"), Some(Stray::Method));
        assert_eq!(at("HEAD /cb"), Some(Stray::Method));
        assert_eq!(at("nonsense"), Some(Stray::Malformed));
        assert_eq!(stray("\u{16}\u{3}"), Some(Stray::Tls));
        for host in [
            "evil.example:8400",
            "127.0.0.1",
            "127.0.0.1:8401",
            "localhost:8400",
            "",
        ] {
            let head = format!("GET /cb?state=s HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert_eq!(stray(&head), Some(Stray::Host), "{host}");
        }
        for hosts in ["", "Host: 127.0.0.1:8400\r\nHost: 127.0.0.1:8400\r\n"] {
            let head = format!("GET /cb HTTP/1.1\r\n{hosts}\r\n");
            assert_eq!(stray(&head), Some(Stray::Malformed));
        }
        let many = "A: b\r\n".repeat(MOST_HEADERS + 1);
        let head = format!("GET /cb HTTP/1.1\r\n{many}\r\n");
        assert_eq!(stray(&head), Some(Stray::TooLong));
    }
}
