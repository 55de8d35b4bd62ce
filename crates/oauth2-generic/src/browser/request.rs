//! What a request asks for, and whether it is for us.

use super::loopback::Address;

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
    /// Meant for another host: somebody's name that leads to this machine (DNS rebinding).
    Host,
    Path,
    Method,
    TooLong,
}

impl<'a> Request<'a> {
    /// Reads a head; nothing as long as it is not complete.
    pub(super) fn read(head: &'a [u8], address: &Address) -> Option<Self> {
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
        _ if path == address.path => Err(Problem::Method),
        _ => Err(Problem::Path),
    }
}

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
        assert_eq!(at("POST /cb"), Some(Problem::Method));
        assert_eq!(at("HEAD /cb"), Some(Problem::Method));
        assert_eq!(at("nonsense"), Some(Problem::Malformed));
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
