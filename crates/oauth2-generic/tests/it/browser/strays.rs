//! Requests that are not the response: on the page at once, and in the error at the end.

use std::error::Error as _;
use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;

use auth_core::Error;
use auth_core::error::LoginReason;
use auth_core::testing::ManualClock;
use auth_sim::Simulator;
use auth_sim::generic::PUBLIC_CLIENT_ID;
use oauth2_generic::{BrowserLogin, Client, Server};

use super::{FAILED, Patient, Waiting, begin, begin_with, gist, login, rest_of};

/// Page and error of a login that gets these requests and ends with the deadline.
fn told_at(redirect_uri: &str, visit: impl FnOnce(&Waiting) -> String) -> (String, String) {
    let (server, clock) = (Simulator::generic(), ManualClock::new());
    let login = login(&server).redirect_uri(redirect_uri);
    let waiting = begin(login.clock(Patient(clock.clone())));
    let place = waiting.parameter("redirect_uri");
    let place = place.split('?').next().unwrap().to_owned();
    let page = visit(&waiting);
    clock.advance(Duration::from_secs(300));
    let error = waiting.end().unwrap_err();
    assert!(
        matches!(
            error,
            Error::LoginRequired {
                reason: LoginReason::TimedOut,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.refusal().is_none(), "a stranger may have sent it");
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains(&place), "{cause}");
    for never in ["c4nary", "c=4", "state="] {
        assert!(!format!("{error:?}").contains(never), "{error:?}");
        assert!(!page.contains(never), "{page}");
    }
    (page, cause.replace(&place, "HERE"))
}

fn told(visit: impl FnOnce(&Waiting) -> String) -> (String, String) {
    told_at("", visit)
}

/// Returns to the login with this query.
fn redirected(waiting: &Waiting, query: &str) -> String {
    let redirect = waiting.parameter("redirect_uri");
    waiting.get(&format!("{redirect}?{query}"))
}

fn request(waiting: &Waiting, line: &str, host: &str, more: &str) -> String {
    let line = line.replace("STATE", &waiting.parameter("state"));
    waiting.send(&format!("{line} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n"))
}

#[test]
fn an_error_names_the_redirect_uri() {
    let (_, cause) = told_at("http://localhost/cb?c=4", |_| String::new());
    assert!(cause.starts_with("nothing arrived at HERE; "), "{cause}");
}

/// The SDK of the Model Context Protocol and Authlib leave the state out when they refuse.
#[test]
fn a_refusal_without_state_is_a_hint() {
    let (page, cause) =
        told(|waiting| redirected(waiting, "error=access_denied&error_description=c4nary"));
    assert_eq!(gist(&page), ("400 Bad Request", "You are not logged in"));
    assert!(page.contains("refuses a login (access_denied)"), "{page}");
    assert_eq!(
        cause,
        "no response to this login arrived at HERE, only: a refusal without `state` (access_denied)"
    );
    let (page, cause) = told(|waiting| redirected(waiting, "error=c4nary"));
    assert!(page.contains("refuses a login, but"), "{page}");
    assert!(cause.ends_with("a refusal without `state`"), "{cause}");
}

#[test]
fn a_code_without_state_is_not_used() {
    let (page, cause) = told(|waiting| redirected(waiting, "code=c4nary"));
    assert_eq!(gist(&page), ("400 Bad Request", FAILED.1));
    assert!(cause.contains("a code without `state`"), "{cause}");
}

#[test]
fn a_response_to_another_login_is_reported() {
    for query in ["code=c4nary&state=c4nary", "error=c4nary&state=c4nary"] {
        let (page, cause) = told(|waiting| redirected(waiting, query));
        assert_eq!(gist(&page).1, "This is not your login");
        assert!(cause.contains("the `state` of another login"), "{cause}");
    }
}

#[test]
fn a_redirect_without_a_query_is_reported() {
    for query in ["", "response=c4nary", "iss=c4nary"] {
        let (page, cause) = told(|waiting| redirected(waiting, query));
        assert_eq!(gist(&page), ("400 Bad Request", "This is not a response"));
        assert!(
            cause.contains("remove the parameter `response_mode`"),
            "{cause}"
        );
    }
}

#[test]
fn an_unreadable_response_is_reported() {
    for query in ["code=%ff&state=STATE", "code=c&state=STATE&state=STATE"] {
        let (page, cause) = told(|waiting| {
            let query = query.replace("STATE", &waiting.parameter("state"));
            redirected(waiting, &query)
        });
        assert_eq!(gist(&page).0, "400 Bad Request");
        assert!(cause.contains("has a parameter twice"), "{cause}");
    }
}

#[test]
fn a_response_by_post_is_reported() {
    let (page, cause) = told(|waiting| {
        let body = format!("code=c4nary&state={}", waiting.parameter("state"));
        let length = format!("Content-Length: {}\r\n", body.len());
        let host = waiting.authority();
        waiting.send(&format!(
            "POST /callback HTTP/1.1\r\nHost: {host}\r\n{length}\r\n{body}"
        ))
    });
    let gist = gist(&page);
    assert_eq!(gist, ("405 Method Not Allowed", FAILED.1));
    assert!(page.contains("in a form (POST)"), "{page}");
    assert!(cause.contains("a response by POST (form_post)"), "{cause}");
}

/// A browser insists on https if another program has sent HSTS for the name.
#[test]
fn a_tls_handshake_is_reported() {
    for redirect_uri in ["", "http://localhost/cb"] {
        let (page, cause) = told_at(redirect_uri, |waiting| {
            let port = waiting.authority();
            let port = port.rsplit(':').next().unwrap();
            let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
            stream
                .write_all(b"\x16\x03\x01\x00\x20\x01\x00\x00\x1c\x03\x03")
                .unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            rest_of(stream)
        });
        assert_eq!(gist(&page).0, "400 Bad Request");
        assert!(cause.contains("a TLS handshake"), "{cause}");
        assert!(cause.contains("http, not https"), "{cause}");
    }
}

/// The port of a container or of another machine is forwarded under another number or name.
#[test]
fn another_host_is_reported_and_refused() {
    for host in ["127.0.0.1:9000", "name-40123.app.dev.example", "localhost"] {
        let (page, cause) = told(|waiting| {
            let page = request(waiting, "GET /callback?code=c4nary&state=STATE", host, "");
            assert!(page.contains(&waiting.parameter("redirect_uri")), "{page}");
            page
        });
        let gist = gist(&page);
        assert_eq!(gist.0, "421 Misdirected Request", "{host}");
        assert_eq!(gist.1, "Wrong host or port");
        assert!(
            cause.contains("a request for another host or port"),
            "{cause}"
        );
    }
}

#[test]
fn a_request_that_is_too_large_is_reported() {
    let large = format!("Cookie: a={}\r\n", "c4nary".repeat(4 * 1024));
    let many = "A: c4nary\r\n".repeat(101);
    for more in [large, many] {
        let (page, cause) = told(|waiting| {
            let host = waiting.authority();
            let mut stream = waiting.connect();
            let head = format!("GET /callback HTTP/1.1\r\nHost: {host}\r\n{more}\r\n");
            // It may hang up before all is sent.
            let _ = stream.write_all(head.as_bytes());
            rest_of(stream)
        });
        let gist = gist(&page);
        assert_eq!(gist.0, "431 Request Header Fields Too Large");
        assert_eq!(gist.1, "Your browser sent too much");
        assert!(page.contains("Delete the cookies"), "{page}");
        assert!(cause.contains("a request that is too large"), "{cause}");
    }
}

#[test]
fn a_response_at_another_path_is_reported() {
    for path in ["/callback/", "/", "/Callback"] {
        let (page, cause) = told(|waiting| {
            let line = format!("GET {path}?code=c4nary&state=STATE");
            request(waiting, &line, &waiting.authority(), "")
        });
        assert_eq!(gist(&page), ("404 Not Found", FAILED.1));
        assert!(cause.contains("a response at another path"), "{cause}");
    }
}

#[test]
fn other_requests_are_reported_in_short() {
    for (line, says) in [
        ("GET /elsewhere", "a request for another path"),
        ("HEAD /callback", "a request that is not a GET"),
        ("nonsense", "bytes that are not an HTTP/1.1 request"),
    ] {
        let (page, cause) = told(|waiting| request(waiting, line, &waiting.authority(), ""));
        assert_eq!(
            gist(&page).1,
            if line.starts_with("HEAD") {
                ""
            } else {
                "Nothing here"
            }
        );
        assert!(cause.contains(says), "{cause}");
    }
}

#[test]
fn each_kind_is_reported_once_and_in_order() {
    let (_, cause) = told(|waiting| {
        redirected(waiting, "error=access_denied");
        request(waiting, "GET /callback", "localhost:1", "");
        redirected(waiting, "error=access_denied");
        redirected(waiting, "code=c4nary")
    });
    let kinds = ["a refusal", "a request for another host", "a code without"];
    let places: Vec<_> = kinds.iter().map(|kind| cause.find(kind).unwrap()).collect();
    assert!(places.is_sorted(), "{cause}");
    assert_eq!(cause.matches("a refusal").count(), 1, "{cause}");
}

/// A request in advance and a HEAD request do not spend the code.
#[test]
fn a_browser_that_asks_often_logs_in_once() {
    let server = Simulator::generic();
    let waiting = begin(login(&server));
    let location = waiting.location();
    let (target, host) = (
        location.strip_prefix(&waiting.origin()).unwrap(),
        waiting.authority(),
    );
    let head = request(&waiting, &format!("HEAD {target}"), &host, "");
    assert!(head.starts_with("HTTP/1.1 405 "), "{head}");
    let preflight = "Access-Control-Request-Private-Network: true\r\n";
    let options = request(&waiting, "OPTIONS /callback", &host, preflight);
    assert!(options.starts_with("HTTP/1.1 405 "), "{options}");
    let ahead = "Sec-Purpose: prefetch;prerender\r\n";
    let page = request(&waiting, &format!("GET {target}"), &host, ahead);
    assert_eq!(gist(&page), super::LOGGED_IN);
    waiting.end().unwrap();
    assert_eq!(server.token_requests().len(), 1);
}

/// Codes of Entra have kilobytes, and other codes have characters that a form encodes.
#[test]
fn long_and_odd_codes_are_sent_as_received() {
    use crate::script::Script;
    let token = r#"{"access_token":"t","token_type":"bearer"}"#;
    let long = "x".repeat(12 * 1024);
    for (code, sent) in [
        (long.as_str(), long.as_str()),
        ("4/0AeanS0a%2Fb%2Bc%3D%3D", "4%2F0AeanS0a%2Fb%2Bc%3D%3D"),
        ("a+b", "a%20b"),
        ("M.C507*def!ghi$$", "M.C507*def%21ghi%24%24"),
    ] {
        let (server, http) = (Simulator::generic(), Script::default().then(200, token));
        let unnamed = Server::new(server.token_url())
            .authorization_endpoint(format!("{}/authorize", server.url()));
        let login = BrowserLogin::new(Client::new(unnamed, PUBLIC_CLIENT_ID));
        let waiting = begin_with(login, http.clone());
        let state = waiting.parameter("state");
        let page = redirected(
            &waiting,
            &format!("code={code}&state={state}&session_state=x"),
        );
        assert_eq!(gist(&page), super::LOGGED_IN);
        waiting.end().unwrap();
        let asked = http.asked().remove(0);
        assert!(asked.contains(&format!("&code={sent}&")), "{asked}");
    }
}
