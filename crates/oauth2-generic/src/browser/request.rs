//! What a request asks for, and whether it is for us.

use super::loopback::Address;
use crate::redirect::Parameters;

/// A request, judged by its head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Request<'a> {
    /// The browser comes back with this query.
    Redirect {
        query: &'a str,
    },
    /// A browser asks for the icon of every site.
    Icon,
    Problem(Problem),
}

/// Why a request is not the redirect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Problem {
    /// Not HTTP, or not said once for whom it is.
    Malformed,
    /// A TLS handshake: a browser that was sent to https.
    Tls,
    /// Meant for another host or port: a forwarded port, or a name of others that leads to this machine
    /// (DNS rebinding).
    Host,
    Path,
    /// An answer at another path than ours.
    OtherPath,
    Method,
    /// An answer in the body of a POST (`form_post`).
    Post,
    TooLong,
}

impl<'a> Request<'a> {
    /// Reads a head; nothing as long as it is not complete.
    pub(super) fn read(head: &'a [u8], address: &Address) -> Option<Self> {
        if head.first() == Some(&TLS_HANDSHAKE) {
            return Some(Self::Problem(Problem::Tls));
        }
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return None,
            Err(httparse::Error::TooManyHeaders) => return Some(Self::Problem(Problem::TooLong)),
            Err(_) => return Some(Self::Problem(Problem::Malformed)),
        }
        let judged = match (request.method, request.path) {
            (Some(method), Some(target)) => judge(method, target, request.headers, address),
            _ => Err(Problem::Malformed),
        };
        Some(judged.unwrap_or_else(Self::Problem))
    }
}

fn judge<'a>(
    method: &str,
    target: &'a str,
    headers: &[httparse::Header<'_>],
    address: &Address,
) -> Result<Request<'a>, Problem> {
    let mut hosts = headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case("host"));
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(Problem::Malformed);
    };
    let is_host = |ours: &String| host.value.eq_ignore_ascii_case(ours.as_bytes());
    if !address.hosts.iter().any(is_host) {
        return Err(Problem::Host);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_icon = path == "/favicon.ico" && address.path != path;
    match method {
        "GET" if path == address.path => Ok(Request::Redirect { query }),
        "GET" | "HEAD" if is_icon => Ok(Request::Icon),
        "POST" if path == address.path => Err(Problem::Post),
        _ if path == address.path => Err(Problem::Method),
        "GET" if is_answer(query) => Err(Problem::OtherPath),
        _ => Err(Problem::Path),
    }
}

/// Whether a query looks like what a server sends a browser back with (RFC 6749 §4.1.2).
fn is_answer(query: &str) -> bool {
    let has = |query: Parameters| ["code", "error"].iter().any(|name| query.has(name));
    Parameters::parse(query).is_ok_and(has)
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
        Request::read(head.as_bytes(), &address)
    }

    #[test]
    fn a_redirect_is_a_get_of_our_path_at_our_address() {
        let query = "code=c&state=s";
        for host in ["127.0.0.1:8400", "[::1]:8400"] {
            let head = format!("GET /cb?{query} HTTP/1.1\r\nHOST: {host}\r\n\r\n");
            assert_eq!(read(&head), Some(Request::Redirect { query }));
        }
        assert_eq!(
            read("GET /cb?code=c HTTP/1.1\r\nHost: 127.0.0.1:8400\r\n"),
            None
        );
    }

    #[test]
    fn everything_else_is_a_problem_of_its_own_kind() {
        let at = |line: &str| {
            let head = format!("{line} HTTP/1.1\r\nHost: 127.0.0.1:8400\r\n\r\n");
            read(&head).and_then(kind)
        };
        assert_eq!(at("GET /favicon.ico"), None);
        assert_eq!(at("GET /"), Some(Problem::Path));
        assert_eq!(at("GET /cb/"), Some(Problem::Path));
        assert_eq!(at("GET http://127.0.0.1:8400/cb"), Some(Problem::Path));
        assert_eq!(at("GET /cb/?code=c"), Some(Problem::OtherPath));
        assert_eq!(at("GET /?error=e&state=s"), Some(Problem::OtherPath));
        assert_eq!(at("GET /robots.txt?code="), Some(Problem::Path));
        assert_eq!(at("POST /cb"), Some(Problem::Post));
        assert_eq!(at("POST /"), Some(Problem::Path));
        assert_eq!(at("OPTIONS /cb"), Some(Problem::Method));
        assert_eq!(at("HEAD /cb"), Some(Problem::Method));
        assert_eq!(at("nonsense"), Some(Problem::Malformed));
        assert_eq!(read("\u{16}\u{3}").and_then(kind), Some(Problem::Tls));
        for host in [
            "evil.example:8400",
            "127.0.0.1",
            "127.0.0.1:8401",
            "localhost:8400",
            "",
        ] {
            let head = format!("GET /cb?state=s HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert_eq!(read(&head).map(kind), Some(Some(Problem::Host)), "{host}");
        }
        for hosts in ["", "Host: 127.0.0.1:8400\r\nHost: 127.0.0.1:8400\r\n"] {
            let head = format!("GET /cb HTTP/1.1\r\n{hosts}\r\n");
            assert_eq!(read(&head).map(kind), Some(Some(Problem::Malformed)));
        }
        let many = format!(
            "GET /cb HTTP/1.1\r\n{}\r\n",
            "A: b\r\n".repeat(MOST_HEADERS + 1)
        );
        assert_eq!(read(&many).map(kind), Some(Some(Problem::TooLong)));
    }

    fn kind(request: Request<'_>) -> Option<Problem> {
        match request {
            Request::Problem(problem) => Some(problem),
            _ => None,
        }
    }
}
