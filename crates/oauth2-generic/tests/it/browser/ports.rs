//! The redirect URI, and the port that it leads to.

use std::io::{self, Write};
use std::net::TcpListener;

use auth_core::Error;
use auth_core::transport::HttpTransport;
use auth_sim::Simulator;
use auth_sim::generic::PUBLIC_CLIENT_ID;
use oauth2_generic::{AuthorizationCode, BrowserLogin, Client};

use super::{LOGGED_IN, begin, client, endpoints, gist, login};
use crate::script::Script;

fn login_at(server: &Simulator, redirect_uri: &str) -> BrowserLogin {
    login(server).redirect_uri(redirect_uri)
}

/// Returns `true` if this machine has IPv6; reports loudly if not.
fn has_ipv6() -> bool {
    let has = TcpListener::bind("[::1]:0").is_ok();
    if !has {
        // Not `eprintln!`, which is captured if the test passes.
        let _ = writeln!(io::stderr(), "\n!!! SKIPPED: this machine has no [::1]\n");
    }
    has
}

#[test]
fn a_free_port_is_filled_in() {
    let server = Simulator::generic();
    for (redirect_uri, begins, ends) in [
        ("", "http://127.0.0.1:", "/callback"),
        ("http://127.0.0.1", "http://127.0.0.1:", ""),
        ("http://127.0.0.1:0/a/b", "http://127.0.0.1:", "/a/b"),
        ("http://localhost/cb", "http://localhost:", "/cb"),
    ] {
        let waiting = begin(login_at(&server, redirect_uri));
        let uri = waiting.parameter("redirect_uri");
        let port = uri
            .strip_prefix(begins)
            .unwrap()
            .strip_suffix(ends)
            .unwrap();
        assert_ne!(port.parse::<u16>().unwrap(), 0);
        assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
        // The token endpoint compares it with the one of the authorization request.
        waiting.end().unwrap();
    }
}

/// RFC 6749 §3.1.2.3: Google and Keycloak compare it character by character.
#[test]
fn a_redirect_uri_is_sent_as_registered() {
    let server = Simulator::generic();
    for path in ["", "/", "/cb/", "?x=1", "/a%2Fb"] {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let uri = format!("http://localhost:{port}{path}");
        let encoded = encoded(&uri);
        let login = AuthorizationCode::new(client(&server), &uri);
        let pending = login.begin(&Script::default()).unwrap();
        let url = pending.url();
        let sent_as = format!("redirect_uri={encoded}");
        assert!(url.ends_with(&sent_as), "{url}");

        let waiting = begin(login_at(&server, &uri));
        assert!(waiting.url.ends_with(&sent_as), "{}", waiting.url);
        assert_eq!(gist(&waiting.log_in()), LOGGED_IN, "{uri}");
        waiting.end().unwrap();
        let sent = server.token_requests().pop().unwrap();
        let sent = String::from_utf8(sent.body).unwrap();
        assert!(
            sent.contains(&format!("&redirect_uri={encoded}&")),
            "{sent}"
        );
    }
}

#[test]
fn a_redirect_uri_is_pushed_as_registered() {
    let server = Simulator::generic();
    for uri in ["http://localhost:8000", "https://app.example", "app:/cb"] {
        let pushing =
            endpoints(&server).pushed_authorization_request_endpoint("https://login.example/par");
        let login = AuthorizationCode::new(Client::new(pushing, PUBLIC_CLIENT_ID), uri);
        let pushed = r#"{"request_uri":"urn:example:1","expires_in":60}"#;
        let http = Script::default().then(201, pushed);
        let _pending = login.begin(&http).unwrap();
        let sent = http.asked().remove(0);
        let sent_as = format!("&redirect_uri={}", encoded(uri));
        assert!(sent.ends_with(&sent_as), "{sent}");
    }
}

fn encoded(uri: &str) -> String {
    let encoded = uri.replace('%', "%25").replace(':', "%3A");
    encoded
        .replace('/', "%2F")
        .replace('?', "%3F")
        .replace('=', "%3D")
}

#[test]
fn a_query_of_the_redirect_uri_comes_back() {
    let server = Simulator::generic();
    let waiting = begin(login_at(&server, "http://127.0.0.1/cb?server=one"));
    let location = waiting.location();
    assert!(
        location.contains("/cb?server=one&code="),
        "the simulator keeps it"
    );
    assert_eq!(gist(&waiting.get(&location)), LOGGED_IN);
    waiting.end().unwrap();
}

#[test]
fn the_browser_may_return_over_ipv6() {
    if !has_ipv6() {
        return;
    }
    let server = Simulator::generic();
    let waiting = begin(login_at(&server, "http://[::1]/cb"));
    assert!(waiting.authority().starts_with("[::1]:"));
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    waiting.end().unwrap();
}

#[test]
fn the_port_is_ours_on_both_addresses() {
    if !has_ipv6() {
        return;
    }
    let server = Simulator::generic();
    let waiting = begin(login(&server));
    let port = waiting.authority().replace("127.0.0.1:", "");
    let error = TcpListener::bind(format!("[::1]:{port}")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    waiting.log_in();
    waiting.end().unwrap();
}

#[test]
fn a_registered_port_is_used() {
    let server = Simulator::generic();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let uri = format!("http://127.0.0.1:{port}/cb");
    let waiting = begin(login_at(&server, &uri));
    assert_eq!(waiting.parameter("redirect_uri"), uri);
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    waiting.end().unwrap();
    // It is free again at once, for a second login.
    let waiting = begin(login_at(&server, &uri));
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    waiting.end().unwrap();
}

#[test]
fn a_taken_port_opens_no_browser() {
    let server = Simulator::generic();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let login = login_at(&server, &format!("http://127.0.0.1:{port}/cb"));
    let error = login
        .open_with(|_| panic!("a browser was opened"))
        .exchange(&HttpTransport::new())
        .unwrap_err();
    let says = format!("port {port} of `redirect_uri` is taken");
    assert!(
        matches!(error, Error::Configuration { .. }) && error.to_string().contains(&says),
        "{error}"
    );
}

#[test]
fn a_redirect_uri_elsewhere_opens_no_browser() {
    let server = Simulator::generic();
    for uri in [
        "https://app.example/cb",
        "https://127.0.0.1/cb",
        "app:/cb",
        "http://0.0.0.0/cb",
        "http://127.0.0.1/cb\n",
    ] {
        let login = login_at(&server, uri);
        let error = login
            .open_with(|_| panic!("a browser was opened"))
            .exchange(&HttpTransport::new())
            .unwrap_err();
        assert!(error.to_string().contains("`redirect_uri`"), "{error}");
    }
}
