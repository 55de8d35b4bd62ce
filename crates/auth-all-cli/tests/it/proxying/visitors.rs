//! Senders that are refused: web pages, other names, clients without the key.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use auth_sim::Simulator;

use super::{HELLO, ask, proxy};
use crate::api::{Api, unix};
use crate::support::{Service, orders};

#[test]
fn a_request_with_a_token_of_its_own_is_refused() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let (_service, address) = proxy(&home, &api, "");
    let got = ask(
        &address,
        "GET / HTTP/1.1\r\nHost: {at}\r\nAuthorization: Basic c2VjcmV0\r\n\r\n",
    );
    assert_eq!(got.status, 400);
    assert!(got.text().contains("~/.netrc"), "{}", got.text());
    assert!(!got.text().contains("c2VjcmV0"));
    assert_eq!(api.seen().len(), 0);
}

#[test]
fn no_web_page_spends_the_token() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let (_service, address) = proxy(&home, &api, "");
    let form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n";
    for (request, status) in [
        (
            "GET / HTTP/1.1\r\nHost: evil.example:8080\r\n\r\n".to_owned(),
            403,
        ),
        (
            "GET / HTTP/1.1\r\nHost: {at}\r\nSec-Fetch-Site: cross-site\r\n\r\n".to_owned(),
            403,
        ),
        (
            "GET / HTTP/1.1\r\nHost: {at}\r\nSec-Fetch-Site: same-origin\r\n\r\n".to_owned(),
            403,
        ),
        (
            format!("POST / HTTP/1.1\r\nHost: {{at}}\r\nOrigin: null\r\n{form}\r\na=b"),
            403,
        ),
        (
            format!("POST / HTTP/1.1\r\nHost: {{at}}\r\nOrigin: http://{{at}}\r\n{form}\r\na=b"),
            403,
        ),
        (
            "OPTIONS / HTTP/1.1\r\nHost: {at}\r\nOrigin: https://evil.example\r\n\
             Access-Control-Request-Method: PUT\r\n\r\n"
                .to_owned(),
            403,
        ),
    ] {
        let got = ask(&address, &request);
        assert_eq!(got.status, status, "{request}");
        assert_eq!(got.header("access-control-allow-origin"), None);
    }
    for name in ["localhost", "[::1]"] {
        let port = address.rsplit_once(':').unwrap().1;
        let got = ask(
            &address,
            &format!("GET / HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n"),
        );
        assert_eq!(got.status, 200, "{name}");
    }
    assert_eq!(api.seen().len(), 2);
}

#[test]
fn pages_of_an_allowed_origin_read_responses() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let page = "http://localhost:3000";
    let (_service, address) = proxy(&home, &api, &format!(" --allow-origin {page}"));
    let asked = ask(
        &address,
        &format!(
            "OPTIONS / HTTP/1.1\r\nHost: {{at}}\r\nOrigin: {page}\r\nAccess-Control-Request-Method: PUT\r\n\
             Access-Control-Request-Headers: x-a\r\nSec-Fetch-Site: cross-site\r\n\r\n"
        ),
    );
    assert_eq!(
        (asked.status, asked.header("access-control-allow-origin")),
        (204, Some(page))
    );
    assert_eq!(asked.header("access-control-allow-methods"), Some("PUT"));
    assert_eq!(asked.header("access-control-allow-headers"), Some("x-a"));
    let got = ask(
        &address,
        &format!("GET / HTTP/1.1\r\nHost: {{at}}\r\nOrigin: {page}\r\n\r\n"),
    );
    assert_eq!(
        (got.status, got.header("access-control-allow-origin")),
        (200, Some(page))
    );
    assert_eq!(api.only().header("origin"), None);
    let other = ask(
        &address,
        "GET / HTTP/1.1\r\nHost: {at}\r\nOrigin: http://localhost:3001\r\n\r\n",
    );
    assert_eq!(other.status, 403);
}

#[test]
fn a_client_without_the_key_gets_nothing() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let file = home.path().join("key");
    fs::write(&file, "0123456789abcdef\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let api = Api::saying(HELLO);
    let (_service, address) = proxy(&home, &api, &format!(" --key-file {}", file.display()));
    let with = |key: &str| {
        ask(
            &address,
            &format!("GET / HTTP/1.1\r\nHost: {{at}}\r\n{key}\r\n"),
        )
    };
    assert_eq!(with("").status, 403);
    assert_eq!(with("Auth-All-Key: 0123456789abcdeg\r\n").status, 403);
    assert_eq!(api.seen().len(), 0);
    assert_eq!(with("Auth-All-Key: 0123456789abcdef\r\n").status, 200);
    assert_eq!(api.only().header("auth-all-key"), None);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let file = home.path().join("key");
    for (key, mode, message) in [
        ("0123456789abcdef\n", 0o644, "chmod o="),
        ("0123456789abcde\n", 0o600, "16 letters"),
    ] {
        fs::write(&file, key).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let words = format!(
            "proxy --key-file {} orders=https://api.example.com",
            file.display()
        );
        let ran = home.run(&words);
        assert_eq!(ran.code, 78);
        assert!(ran.err.contains(message), "{}", ran.err);
        assert!(!ran.err.contains(key.trim()));
    }
}

#[test]
fn a_unix_socket_takes_any_host() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let path = home.path().join("s");
    let words = format!("proxy --listen unix:{} orders={}", path.display(), api.url);
    let service = Service::start(&home, &words);
    service.line();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for request in [
        "GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    ] {
        assert_eq!(
            unix(&path).send(request).response().status,
            200,
            "{request}"
        );
    }
    let page = "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n";
    assert_eq!(unix(&path).send(page).response().status, 403);
}
