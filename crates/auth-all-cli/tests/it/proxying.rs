//! `auth-all proxy`: routes, tokens and failures.

mod visitors; // web pages, names, keys: requests that the API never sees
mod wire; // the exact requests and responses

use std::fs;
use std::io::Write as _;

use auth_sim::Simulator;

use crate::api::{Api, Got, tcp};
use crate::support::{Home, Service, assets, orders};

pub(crate) const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-api: yes\r\n\r\nhello";

/// A proxy with one route, and the address of its port.
pub(crate) fn proxy(home: &Home, api: &Api, more: &str) -> (Service, String) {
    proxy_to(home, &api.url, more)
}

pub(crate) fn proxy_to(home: &Home, url: &str, more: &str) -> (Service, String) {
    let words = format!("proxy --listen 127.0.0.1:0{more} orders={url}");
    let service = Service::start(home, &words);
    let address = service.address();
    (service, address)
}

/// Sends a request, whose `{at}` is the address.
fn ask(address: &str, request: &str) -> Got {
    tcp(address)
        .send(request.replace("{at}", address))
        .response()
}

const GET: &str = "GET /v1/orders?page=2 HTTP/1.1\r\nHost: {at}\r\n\r\n";

#[test]
fn a_rejected_token_is_replaced_once() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let first = home.run("token orders").out;
    let old = format!("Bearer {}", first.trim());
    let api = Api::start(move |seen, stream| {
        let is_old = seen.header("authorization") == Some(&old);
        stream.write_all(match is_old {
            true => b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n",
            false => HELLO.as_bytes(),
        })
    });
    let (_service, address) = proxy(&home, &api, "");
    let body = "POST /v1 HTTP/1.1\r\nHost: {at}\r\nContent-Length: 3\r\n\r\nabc";
    let got = ask(&address, body);
    assert_eq!((got.status, got.text().as_str()), (200, "hello"));
    let seen = api.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|seen| seen.body == b"abc"));
    assert_eq!(ask(&address, GET).status, 200);
    assert_eq!(api.seen().len(), 3);
}

/// It cannot be sent again, and the next request has another token.
#[test]
fn a_long_body_is_not_sent_again() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(
        "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\ncontent-length: 0\r\n\r\n",
    );
    let (_service, address) = proxy(&home, &api, "");
    let body = "x".repeat(2 * 1024 * 1024);
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let got = tcp(&address).send(request).response();
    assert_eq!(
        (got.status, got.header("www-authenticate")),
        (401, Some("Bearer"))
    );
    assert_eq!(api.only().length, body.len() as u64);
}

#[test]
fn a_redirect_stays_in_the_proxy_or_is_untouched() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::start(|seen, stream| {
        let location = seen.header("x-to").unwrap_or_default();
        write!(
            stream,
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        )
    });
    let (_service, address) = proxy(&home, &api, "");
    for (to, expected) in [
        (format!("{}/v2?a=b#c", api.url), "/v2?a=b#c"),
        (
            "https://other.example/v2".to_owned(),
            "https://other.example/v2",
        ),
        ("next".to_owned(), "next"),
    ] {
        let got = ask(
            &address,
            &format!(
                "POST /v1 HTTP/1.1\r\nHost: {{at}}\r\nX-To: {to}\r\nContent-Length: 1\r\n\r\na"
            ),
        );
        assert_eq!((got.status, got.header("location")), (307, Some(expected)));
    }
    assert_eq!(api.seen().len(), 3);
}

#[test]
fn several_routes_have_the_names_of_their_profiles() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let config = fs::read_to_string(home.config()).unwrap();
    let other = config.replace("profile.orders", "profile.stock");
    home.write(&format!("{config}\n{other}"));
    let (one, two) = (Api::saying(HELLO), Api::saying(HELLO));
    let words = format!(
        "proxy --listen 127.0.0.1:0 orders={} stock={}",
        one.url, two.url
    );
    let service = Service::start(&home, &words);
    let address = service.address();
    assert_eq!(
        ask(&address, "GET /orders/v1 HTTP/1.1\r\nHost: {at}\r\n\r\n").status,
        200
    );
    assert_eq!(
        ask(&address, "GET /stock/v2 HTTP/1.1\r\nHost: {at}\r\n\r\n").status,
        200
    );
    assert!(one.only().head.starts_with("GET /v1 "));
    assert!(two.only().head.starts_with("GET /v2 "));
    let got = ask(&address, "GET /v1 HTTP/1.1\r\nHost: {at}\r\n\r\n");
    assert_eq!(
        got.text(),
        "auth-all: no route has this path; they are /orders/, /stock/\n"
    );
    assert_eq!(got.status, 404);
}

#[test]
fn a_login_that_a_person_must_make_is_named() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    let service = Service::start(
        &home,
        &format!("proxy --listen 127.0.0.1:0 assets={}", simulator.url()),
    );
    let address = service.address();
    for _ in 0..2 {
        let got = ask(
            &address,
            "GET /api/v1/assets HTTP/1.1\r\nHost: {at}\r\n\r\n",
        );
        assert_eq!(got.status, 502);
        assert!(
            got.text().contains("run: auth-all login assets"),
            "{}",
            got.text()
        );
    }
    assert!(service.line().starts_with("auth-all: assets: "));
    assert_eq!(service.line(), "  run: auth-all login assets");
    // Once: the next line is of the next event.
    service.stop();
    assert!(service.lines.recv().is_err());
}

#[test]
fn a_token_that_comes_later_is_retried_later() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let (_service, address) = proxy(&home, &api, "");
    for _ in 0..8 {
        simulator.next(auth_sim::Fault::Status(503));
    }
    let got = ask(&address, GET);
    assert_eq!(got.status, 503);
    let wait: u64 = got.header("retry-after").unwrap().parse().unwrap();
    assert!((1..600).contains(&wait), "{wait}");
    assert!(!got.text().contains(auth_sim::generic::CLIENT_SECRET));
    assert_eq!(api.seen().len(), 0);
}

#[test]
fn an_api_that_does_not_respond_is_a_bad_gateway() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::start(|_, _| Err(std::io::ErrorKind::Other.into()));
    let (_service, address) = proxy(&home, &api, "");
    let got = ask(&address, GET);
    assert_eq!(got.status, 502);
    assert!(!got.text().contains("page=2"), "{}", got.text());
    let cut = Api::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nabc")?;
        Err(std::io::ErrorKind::Other.into())
    });
    let (_service, address) = proxy(&home, &cut, "");
    let mut client = tcp(&address);
    client.send(GET.replace("{at}", &address));
    assert_eq!(client.head().status, 200);
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut client.0, &mut rest).unwrap();
    assert_eq!(rest, "abc");
}

#[test]
fn other_places_are_refused_at_the_start() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    for (words, code, message) in [
        (
            "proxy --listen 0.0.0.0:0 orders=https://a.example",
            64,
            "other machines reach",
        ),
        (
            "proxy --danger-listen 0.0.0.0:0 orders=https://a.example",
            64,
            "--key-file",
        ),
        ("proxy orders", 64, "PROFILE=URL"),
        ("proxy https://a.example?key=c4nary", 64, "PROFILE=URL"),
        ("proxy orders=https://a.example/v1", 64, "without a path"),
        ("proxy orders=http://a.example", 78, "http://a.example"),
        (
            "proxy order=https://a.example",
            78,
            "did you mean `orders`?",
        ),
        (
            "proxy orders=https://a.example orders=https://b.example",
            64,
            "one route",
        ),
        (
            "proxy --connections 0 orders=https://a.example",
            64,
            "a number from 1",
        ),
    ] {
        let ran = home.run(words);
        assert_eq!(ran.code, code, "{words}: {}", ran.err);
        assert!(ran.err.contains(message), "{words}: {}", ran.err);
        assert!(!ran.err.contains("c4nary"), "{}", ran.err);
    }
    let config = fs::read_to_string(home.config()).unwrap();
    home.write(&format!("{config}api = [\"https://api.example.com\"]\n"));
    let ran = home.run("proxy orders=https://a.example");
    assert_eq!(ran.code, 78);
    assert!(
        ran.err.contains("https://a.example is not one of its APIs"),
        "{}",
        ran.err
    );
}

#[test]
fn health_is_reported_without_a_token() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    let words = format!("proxy --listen 127.0.0.1:0 assets={}", simulator.url());
    let service = Service::start(&home, &words);
    let address = service.address();
    let got = ask(&address, "GET /healthz HTTP/1.1\r\nHost: {at}\r\n\r\n");
    assert_eq!((got.status, got.text().as_str()), (200, "ok\n"));
    assert_eq!(simulator.requests().len(), 0);
}
