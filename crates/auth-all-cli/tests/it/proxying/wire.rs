//! The exact requests that the API sees, and the responses that the client sees.

use std::io::Write as _;

use auth_sim::Simulator;

use super::{HELLO, ask, proxy};
use crate::api::{Api, tcp};
use crate::support::orders;

#[test]
fn the_api_sees_the_request_and_a_token() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let (_service, address) = proxy(&home, &api, "");
    let got = ask(
        &address,
        "GET /v1/orders?page=2&q=a%2Fb HTTP/1.1\r\nHost: {at}\r\nX-One: 1\r\nx-two: 2\r\nConnection: x-two, keep-alive\r\n\
         Keep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: Basic x\r\n\r\n",
    );
    assert_eq!((got.status, got.text().as_str()), (200, "hello"));
    assert_eq!(got.header("x-api"), Some("yes"));
    let token = home.run("token orders").out;
    let host = api.url.strip_prefix("http://").unwrap();
    let seen = api.only().head;
    let mut lines: Vec<_> = seen.lines().collect();
    lines[1..].sort_unstable();
    assert_eq!(
        lines,
        [
            "GET /v1/orders?page=2&q=a%2Fb HTTP/1.1".to_owned(),
            format!("authorization: Bearer {}", token.trim()),
            format!("host: {host}"),
            "x-one: 1".to_owned(),
        ]
    );
    assert_eq!(simulator.token_requests().len(), 1);
}

#[test]
fn each_method_arrives_with_its_body() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let (_service, address) = proxy(&home, &api, "");
    let mut client = tcp(&address);
    for (method, framing, body, expected) in [
        ("GET", "", "", None),
        ("POST", "Content-Length: 3\r\n", "abc", Some("3")),
        ("POST", "Content-Length: 0\r\n", "", Some("0")),
        ("POST", "", "", Some("0")),
        (
            "PUT",
            "Transfer-Encoding: chunked\r\n",
            "3\r\nabc\r\n0\r\n\r\n",
            Some("3"),
        ),
        ("PATCH", "Content-Length: 3\r\n", "abc", Some("3")),
        ("DELETE", "", "", None),
        ("DELETE", "Content-Length: 3\r\n", "abc", Some("3")),
        ("GET", "Content-Length: 3\r\n", "abc", Some("3")),
        ("OPTIONS", "", "", None),
        ("PROPFIND", "Content-Length: 3\r\n", "abc", Some("3")),
        ("MKCOL", "", "", None),
    ] {
        client.send(format!(
            "{method} /x HTTP/1.1\r\nHost: {address}\r\n{framing}\r\n{body}"
        ));
        let got = client.response();
        assert_eq!(got.status, 200, "{method} {framing}: {}", got.text());
        let seen = api.seen().pop().unwrap();
        assert!(
            seen.head.starts_with(&format!("{method} /x HTTP/1.1\r\n")),
            "{}",
            seen.head
        );
        let body = if body.is_empty() { "" } else { "abc" };
        assert_eq!(seen.body, body.as_bytes(), "{method}");
        assert_eq!(
            seen.header("content-length"),
            expected,
            "{method} {framing}"
        );
        assert_eq!(seen.header("transfer-encoding"), None);
    }
}

#[test]
fn a_response_keeps_its_framing() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::start(|seen, stream| {
        let path = seen.head.split(' ').nth(1).unwrap_or_default();
        stream.write_all(match path {
            "/chunked" => {
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            }
            "/204" => b"HTTP/1.1 204 No Content\r\n\r\n",
            "/304" => b"HTTP/1.1 304 Not Modified\r\netag: x\r\ncontent-length: 7\r\n\r\n",
            "/103" => b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
            "/head" => b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n",
            "/empty" => b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nkeep-alive: 5\r\n\r\n",
            _ => b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno",
        })
    });
    let (_service, address) = proxy(&home, &api, "");
    let mut client = tcp(&address);
    let mut get = |method: &str, path: &str| {
        client.send(format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\n\r\n"
        ));
        match method {
            "HEAD" => client.head(),
            _ => client.response(),
        }
    };
    let chunked = get("GET", "/chunked");
    assert_eq!((chunked.status, chunked.text().as_str()), (200, "abcde"));
    let none = get("GET", "/204");
    assert_eq!((none.status, none.header("content-length")), (204, None));
    let head = get("HEAD", "/head");
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("1000000"))
    );
    assert_eq!(get("GET", "/103").text(), "hi");
    let empty = get("GET", "/empty");
    assert_eq!(
        (empty.text().as_str(), empty.header("keep-alive")),
        ("", None)
    );
    assert_eq!(get("GET", "/missing").status, 404);
    // Last, since this client would wait for the body.
    client.send(format!("GET /304 HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    let same = client.head();
    assert_eq!((same.status, same.header("etag")), (304, Some("x")));
}

#[test]
fn a_client_of_http_1_0_reads_to_the_end_of_the_connection() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api =
        Api::saying("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    let (_service, address) = proxy(&home, &api, "");
    let got = ask(&address, "GET / HTTP/1.0\r\nHost: {at}\r\n\r\n");
    assert_eq!(got.header("transfer-encoding"), None);
    assert_eq!(got.text(), "abc");
}

#[test]
fn requests_of_one_connection_are_answered_in_turn() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::start(|seen, stream| {
        let body = String::from_utf8_lossy(&seen.body).into_owned();
        let text = format!("{}{body}", seen.head.split(' ').nth(1).unwrap_or_default());
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        )
    });
    let (_service, address) = proxy(&home, &api, "");
    let mut client = tcp(&address);
    client.send(format!(
        "GET /1 HTTP/1.1\r\nHost: {address}\r\n\r\n\
         POST /2 HTTP/1.1\r\nHost: {address}\r\nContent-Length: 20\r\n\r\nGET /x HTTP/1.1\r\n\r\n!\
         POST /3 HTTP/1.1\r\nHost: {address}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n\
         GET /4 HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    ));
    let texts: Vec<_> = (0..4).map(|_| client.response().text()).collect();
    assert_eq!(texts, ["/1", "/2GET /x HTTP/1.1\r\n\r\n!", "/3a", "/4"]);
    assert!(client.is_closed());
    assert_eq!(api.seen().len(), 4);
}

#[test]
fn a_body_is_asked_for_when_it_is_wanted() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let (_service, address) = proxy(&home, &api, "");
    let mut client = tcp(&address);
    client.send(format!(
        "PUT / HTTP/1.1\r\nHost: {address}\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    ));
    assert_eq!(client.head().status, 100);
    client.send("abc");
    assert_eq!(client.response().status, 200);
    let seen = api.only();
    assert_eq!((seen.header("expect"), &seen.body[..]), (None, &b"abc"[..]));
    // A refusal needs no body.
    client.send(
        "PUT / HTTP/1.1\r\nHost: evil.example\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    );
    assert_eq!(client.response().status, 403);
    assert!(client.is_closed());
}

#[test]
fn what_two_readers_see_differently_is_refused() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let (_service, address) = proxy(&home, &api, "");
    for (request, status) in [
        (
            "POST / HTTP/1.1\r\nHost: {at}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
            400,
        ),
        (
            "POST / HTTP/1.1\r\nHost: {at}\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
            400,
        ),
        (
            "POST / HTTP/1.1\r\nHost: {at}\r\nContent-Length : 3\r\n\r\nabc",
            400,
        ),
        (
            "POST / HTTP/1.1\r\nHost: {at}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            501,
        ),
        ("GET / HTTP/1.1\r\nHost: {at}\r\nA: b\r\n c\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: {at}\n\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        (
            "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n",
            405,
        ),
        (
            "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
            400,
        ),
        (
            "GET / HTTP/1.1\r\nHost: {at}\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
            501,
        ),
        ("GET / HTTP/1.1\r\nHost: {at}\r\nTrailer: x\r\n\r\n", 501),
    ] {
        let mut client = tcp(&address);
        let got = client.send(request.replace("{at}", &address)).response();
        assert_eq!(got.status, status, "{request}");
        assert!(got.text().starts_with("auth-all: "), "{request}");
        assert!(client.is_closed(), "{request}");
    }
    assert_eq!(api.seen().len(), 0);
}

#[test]
fn a_broken_chunk_ends_the_connection() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let (_service, address) = proxy(&home, &api, "");
    let head = "POST / HTTP/1.1\r\nHost: {at}\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (chunks, status) in [
        ("5\nhello\r\n0\r\n\r\n", 400),
        ("4\r\nhello\r\n0\r\n\r\n", 400),
        ("5\r\nhello\r\n0\r\nDigest: x\r\n\r\n", 501),
    ] {
        let mut client = tcp(&address);
        let request = format!("{head}{chunks}").replace("{at}", &address);
        assert_eq!(client.send(request).response().status, status, "{chunks:?}");
        assert!(client.is_closed());
    }
    assert_eq!(api.seen().len(), 0);
}
