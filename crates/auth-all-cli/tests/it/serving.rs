//! `auth-all serve`: tokens over a Unix socket.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use auth_sim::Simulator;
use serde_json::Value;

use crate::api::{Got, unix};
use crate::support::{Home, Service, assets, orders};

fn serve(home: &Home, more: &str) -> (Service, PathBuf) {
    let path = home.path().join("s");
    let service = Service::start(
        home,
        &format!("serve --listen unix:{}{more}", path.display()),
    );
    let line = service.line();
    assert!(line.starts_with("auth-all: unix:"), "{line}");
    (service, path)
}

fn ask(path: &Path, request: &str) -> Got {
    unix(path).send(request).response()
}

const GET: &str = "GET /v1/token/orders HTTP/1.1\r\nHost: localhost\r\nAuth-All: 1\r\n\r\n";

fn rejected(token: &str) -> String {
    let length = token.len();
    format!(
        "POST /v1/rejected/orders HTTP/1.1\r\nHost: localhost\r\nAuth-All: 1\r\nContent-Length: {length}\r\n\r\n{token}"
    )
}

#[test]
fn a_token_is_handed_out_as_json() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let (_service, path) = serve(&home, "");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let got = ask(&path, GET);
    assert_eq!(
        (got.status, got.header("content-type")),
        (200, Some("application/json"))
    );
    assert_eq!(got.header("cache-control"), Some("no-store"));
    let json: Value = serde_json::from_slice(&got.body).unwrap();
    let printed: Value = serde_json::from_str(&home.run("token orders -f json").out).unwrap();
    assert_eq!(json, printed);
    assert_eq!(simulator.token_requests().len(), 1);
}

#[test]
fn a_rejected_token_is_replaced() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let (_service, path) = serve(&home, "");
    let token = |got: Got| {
        let json: Value = serde_json::from_slice(&got.body).unwrap();
        json["access_token"].as_str().unwrap().to_owned()
    };
    let first = token(ask(&path, GET));
    assert_eq!(ask(&path, &rejected("another-token")).status, 204);
    assert_eq!(token(ask(&path, GET)), first);
    assert_eq!(ask(&path, &rejected(&first)).status, 204);
    let second = token(ask(&path, GET));
    assert_ne!(second, first);
    // A brand-new token is not replaced: the API rejects it for another reason.
    let got = ask(&path, &rejected(&second));
    assert_eq!(got.status, 503);
    assert!(got.header("retry-after").is_some());
    assert_eq!(simulator.token_requests().len(), 2);
}

#[test]
fn other_requests_get_nothing() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let (_service, path) = serve(&home, "");
    for (request, status) in [
        ("GET /v1/token/orders HTTP/1.1\r\nHost: h\r\n\r\n", 403),
        (
            "GET /v1/token/orders HTTP/1.1\r\nHost: h\r\nAuth-All: 2\r\n\r\n",
            403,
        ),
        (
            "GET /v1/token/orders HTTP/1.1\r\nHost: h\r\nAuth-All: 1\r\nOrigin: null\r\n\r\n",
            403,
        ),
        (
            "GET /v1/token/order HTTP/1.1\r\nHost: h\r\nAuth-All: 1\r\n\r\n",
            404,
        ),
        (
            "GET /latest/meta-data HTTP/1.1\r\nHost: h\r\nAuth-All: 1\r\n\r\n",
            404,
        ),
        (
            "POST /v1/token/orders HTTP/1.1\r\nHost: h\r\nAuth-All: 1\r\n\r\n",
            405,
        ),
        (
            "POST /v1/rejected/orders HTTP/1.1\r\nHost: h\r\nAuth-All: 1\r\n\r\n",
            400,
        ),
    ] {
        let got = ask(&path, request);
        assert_eq!(got.status, status, "{request}");
        assert!(!got.text().contains("access_token"), "{request}");
    }
    assert_eq!(
        ask(&path, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").text(),
        "ok\n"
    );
    assert_eq!(simulator.requests().len(), 0);
}

/// A container gets one token and nothing else.
#[test]
fn profiles_that_are_not_named_are_not_served() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let config = fs::read_to_string(home.config()).unwrap();
    let other = config.replace("profile.orders", "profile.stock");
    home.write(&format!("{config}\n{other}"));
    let (_service, path) = serve(&home, " stock");
    assert_eq!(ask(&path, GET).status, 404);
    assert_eq!(ask(&path, &GET.replace("orders", "stock")).status, 200);
}

#[test]
fn a_login_that_is_missing_is_named() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    let (_service, path) = serve(&home, "");
    let got = ask(&path, &GET.replace("orders", "assets"));
    assert_eq!(got.status, 502);
    assert!(
        got.text().contains("run: auth-all login assets"),
        "{}",
        got.text()
    );
}

#[test]
fn a_socket_of_an_ended_process_is_replaced() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    drop(UnixListener::bind(home.path().join("s")).unwrap());
    let (mut service, path) = serve(&home, "");
    assert_eq!(ask(&path, GET).status, 200);
    let second = home.run(&format!("serve --listen unix:{}", path.display()));
    assert_eq!(second.code, 78);
    assert!(
        second.err.contains("another process listens there"),
        "{}",
        second.err
    );
    assert_eq!(ask(&path, GET).status, 200);
    service.stop();
    assert_eq!(service.wait(), Some(0));
    assert!(!path.exists());
}

#[test]
fn other_places_are_refused() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let file = home.path().join("file");
    fs::write(&file, "kept").unwrap();
    for (words, code, message) in [
        ("serve".to_owned(), 64, "--listen"),
        ("serve --listen 127.0.0.1:0".to_owned(), 64, "Unix socket"),
        (
            "serve --listen unix:/nowhere/s".to_owned(),
            78,
            "/nowhere/s",
        ),
        (
            format!("serve --listen unix:{}", file.display()),
            78,
            "not a socket",
        ),
        (
            "serve --listen unix:s order".to_owned(),
            78,
            "did you mean `orders`?",
        ),
    ] {
        let ran = home.run(&words);
        assert_eq!(ran.code, code, "{words}: {}", ran.err);
        assert!(ran.err.contains(message), "{words}: {}", ran.err);
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "kept");
}
