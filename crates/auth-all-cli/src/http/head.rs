//! The head of a request: RFC 9112 without the leniency by which two readers can see two different requests.

use auth_all::http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRAILER, UPGRADE};
use auth_all::http::header::{HeaderName, TRANSFER_ENCODING};
use auth_all::http::uri::PathAndQuery;
use auth_all::http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::Refusal;

/// A request without its body.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) is_http10: bool,
    pub(super) framing: Framing,
    pub(super) keeps_alive: bool,
    pub(super) expects_continue: bool,
}

/// The end of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After this many bytes.
    Length(u64),
    Chunked,
}

/// Reads a head, and returns its length; `None` if more must arrive.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, Refusal> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(not_http(error)),
    };
    // The parser takes a line feed alone for the end of a line, and other readers do not.
    let mut lines = bytes[..length].split(|byte| *byte == b'\n');
    lines.next_back();
    if !lines.all(|line| line.ends_with(b"\r")) {
        return Err(Refusal::bad(
            "a line of the head ends without a carriage return",
        ));
    }
    let (Some(method), Some(target), Some(version)) =
        (request.method, request.path, request.version)
    else {
        return Ok(None);
    };
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for field in request.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_bytes(field.value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(Refusal::bad("a header field is not valid"));
        };
        headers.append(name, value);
    }
    let is_http10 = version == 0;
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| Refusal::bad("the method is not valid"))?;
    let target = origin_form(&method, target)?;
    let hosts = headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && !is_http10) {
        return Err(Refusal::bad("a request has one `Host`"));
    }
    let framing = framing(&headers, is_http10)?;
    if headers.contains_key(TRAILER) {
        return Err(not_supported("trailers are not supported"));
    }
    // A client that offers HTTP/2 in clear text continues with HTTP/1.1.
    let is_offer = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"h2c");
    if !headers.get_all(UPGRADE).iter().all(is_offer) {
        return Err(not_supported(
            "upgrades, such as WebSocket and SPDY, are not supported",
        ));
    }
    let head = Head {
        keeps_alive: !is_http10 && !lists(&headers, &CONNECTION, "close"),
        expects_continue: expectation(&headers)? && !is_http10,
        method,
        target,
        headers,
        is_http10,
        framing,
    };
    Ok(Some((head, length)))
}

/// The target of a request to a server; a request to a forward proxy has a whole URL.
fn origin_form(method: &Method, target: &str) -> Result<PathAndQuery, Refusal> {
    if method == Method::CONNECT {
        let words =
            "CONNECT is for forward proxies, and this is none; send requests to it as to the API";
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, words));
    }
    if !target.starts_with('/') {
        return Err(Refusal::bad(match target.contains("://") {
            true => {
                "a target with a whole URL is for forward proxies, and this is none; unset `http_proxy` or `-x`, and \
                 send requests to it as to the API"
            }
            false => "the target of a request begins with `/`",
        }));
    }
    if target.contains('#') {
        return Err(Refusal::bad("the target of a request has no fragment"));
    }
    PathAndQuery::try_from(target).map_err(|_| Refusal::bad("the target is not valid"))
}

/// RFC 9112 §6: two lengths, or a length and chunks, are how requests are smuggled.
fn framing(headers: &HeaderMap, is_http10: bool) -> Result<Framing, Refusal> {
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    match (encodings.next(), lengths.next()) {
        (None, None) => Ok(Framing::Length(0)),
        (Some(_), Some(_)) => Err(Refusal::bad(
            "a request has `Content-Length` or `Transfer-Encoding`, not both",
        )),
        (Some(_), None) if is_http10 => Err(Refusal::bad("HTTP/1.0 has no `Transfer-Encoding`")),
        (Some(encoding), None) => {
            let is_chunked = encoding.as_bytes().eq_ignore_ascii_case(b"chunked");
            match is_chunked && encodings.next().is_none() {
                true => Ok(Framing::Chunked),
                false => Err(not_supported("`Transfer-Encoding` is `chunked` or absent")),
            }
        }
        (None, Some(length)) => {
            let is_number = !length.is_empty() && length.as_bytes().iter().all(u8::is_ascii_digit);
            let number = length.to_str().ok().filter(|_| is_number);
            let number = number.and_then(|text| text.parse().ok());
            match (number, lengths.next()) {
                (Some(number), None) => Ok(Framing::Length(number)),
                _ => Err(Refusal::bad("`Content-Length` is one number")),
            }
        }
    }
}

fn expectation(headers: &HeaderMap) -> Result<bool, Refusal> {
    let Some(value) = headers.get(EXPECT) else {
        return Ok(false);
    };
    match value.as_bytes().eq_ignore_ascii_case(b"100-continue") {
        true => Ok(true),
        false => Err(Refusal::new(
            StatusCode::EXPECTATION_FAILED,
            "`Expect` is `100-continue` or absent",
        )),
    }
}

/// Returns `true` if a header that is a list has this entry.
fn lists(headers: &HeaderMap, name: &HeaderName, entry: &str) -> bool {
    let values = headers.get_all(name).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let mut entries = texts.flat_map(|text| text.split(','));
    entries.any(|found| found.trim().eq_ignore_ascii_case(entry))
}

fn not_http(error: httparse::Error) -> Refusal {
    match error {
        httparse::Error::TooManyHeaders => Refusal::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "a request has at most 100 header fields",
        ),
        httparse::Error::Version => Refusal::new(
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "only HTTP/1.1 and HTTP/1.0 are supported, without TLS",
        ),
        // The parser's words quote nothing.
        other => Refusal::bad(format!("the request is not HTTP/1.1: {other}")),
    }
}

fn not_supported(words: &'static str) -> Refusal {
    Refusal::new(StatusCode::NOT_IMPLEMENTED, words)
}

const MOST_FIELDS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Head, Refusal> {
        parse(text.as_bytes()).map(|found| found.expect("it is complete").0)
    }

    fn refused(text: &str) -> u16 {
        head(text).expect_err(text).status.as_u16()
    }

    #[test]
    fn a_request_is_read() {
        let text = "POST /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nExpect: 100-Continue\r\n\r\nrest";
        let (head, length) = parse(text.as_bytes()).unwrap().unwrap();
        assert_eq!(&text[length..], "rest");
        assert_eq!(
            (head.method, head.target.as_str()),
            (Method::POST, "/a?b=c")
        );
        assert_eq!(head.framing, Framing::Length(12));
        assert!(head.keeps_alive && head.expects_continue && !head.is_http10);
    }

    #[test]
    fn a_part_of_a_head_is_no_request() {
        let text = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        for length in 0..text.len() {
            assert!(
                parse(&text.as_bytes()[..length]).unwrap().is_none(),
                "{length}"
            );
        }
    }

    #[test]
    fn a_connection_is_kept_unless_a_side_closes_it() {
        let keeps = |text: &str| head(text).unwrap().keeps_alive;
        assert!(keeps("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert!(!keeps(
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: TE, Close\r\n\r\n"
        ));
        assert!(!keeps("GET / HTTP/1.0\r\n\r\n"));
    }

    #[test]
    fn framing_that_two_readers_see_differently_is_refused() {
        for fields in [
            "Content-Length: 3\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 3",
            "Content-Length: 3\r\nContent-Length: 3",
            "Content-Length: 3, 3",
            "Content-Length: +3",
            "Content-Length: -3",
            "Content-Length: 0x3",
            "Content-Length:",
            "Content-Length: 99999999999999999999",
            "Content-Length : 3",
            "Transfer-Encoding : chunked",
            "A: b\r\n c",
            "A: b\r\n\tContent-Length: 3",
            " A: b",
            "A: b\nContent-Length: 3",
            "A: b\rContent-Length: 3",
            "A: b\0",
            "A b",
            ": b",
        ] {
            let text = format!("POST / HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n");
            assert_eq!(refused(&text), 400, "{fields:?}");
        }
        for fields in [
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: \"chunked\"",
            "Transfer-Encoding: identity",
        ] {
            let text = format!("POST / HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n");
            assert_eq!(refused(&text), 501, "{fields:?}");
        }
        assert_eq!(
            refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            400
        );
        assert_eq!(refused("GET / HTTP/1.1\nHost: h\n\n"), 400);
        assert_eq!(refused("GET / HTTP/1.1\r\nHost: h\r\n\n"), 400);
        assert_eq!(refused("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
    }

    #[test]
    fn a_host_is_there_once() {
        assert_eq!(refused("GET / HTTP/1.1\r\n\r\n"), 400);
        assert_eq!(refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
        assert!(head("GET / HTTP/1.0\r\n\r\n").is_ok());
    }

    #[test]
    fn requests_of_forward_proxies_are_refused_by_name() {
        let words = |text: &str| head(text).unwrap_err().words.into_owned();
        let connect = "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n";
        assert!(words(connect).starts_with("CONNECT is for forward proxies"));
        assert_eq!(refused(connect), 405);
        let whole = "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n";
        assert!(words(whole).contains("unset `http_proxy`"));
        assert_eq!(refused("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
        assert_eq!(refused("GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
    }

    #[test]
    fn extensions_of_http_are_refused_by_name() {
        for (field, status) in [
            ("Upgrade: websocket", 501),
            ("Trailer: Digest", 501),
            ("Expect: 200-ok", 417),
        ] {
            let text = format!("GET / HTTP/1.1\r\nHost: h\r\n{field}\r\n\r\n");
            assert_eq!(refused(&text), status, "{field}");
        }
        assert!(head("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n").is_ok());
        assert_eq!(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
        let many = "a: b\r\n".repeat(MOST_FIELDS + 1);
        assert_eq!(refused(&format!("GET / HTTP/1.1\r\n{many}\r\n")), 431);
    }
}
