//! Through a proxy, which learns where to and nothing else.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use auth_core::error::{Delivery, NetworkFailure};
use auth_core::transport::HttpTransport;
use auth_core::ureq::{Agent, Proxy};
use auth_core::{Error, Session};

use super::authority::Authority;
use super::endpoint::{Turn, endpoint, https};
use super::visits::Visits;
use super::{access_token, answer, ermeo, on_refresh_token, refresh_token, trusting};
use crate::support::{assert_quiet, quiet};

/// What a proxy saw of one connection.
#[derive(Debug, Default)]
struct Passed {
    head: String,
    to_server: Vec<u8>,
    to_client: Vec<u8>,
}

/// A proxy for `CONNECT` (RFC 9110 §9.3.6).
fn proxy() -> Visits<Passed> {
    Visits::to(|mut client| {
        let head = head(&client);
        let target = head.split(' ').nth(1).expect("a target");
        let server = TcpStream::connect(target).expect("a connection");
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .expect("a client");
        let (from_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let back = thread::spawn(move || pass(from_server, to_client));
        let to_server = pass(client, server);
        Passed {
            head,
            to_server,
            to_client: back.join().expect("nobody panicked"),
        }
    })
}

/// A proxy that wants a password which it is not given.
fn closed_proxy() -> Visits<Passed> {
    Visits::to(|mut client| {
        let head = head(&client);
        let _ = client
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
        let mut to_server = Vec::new();
        let _ = client.read_to_end(&mut to_server);
        Passed {
            head,
            to_server,
            ..Passed::default()
        }
    })
}

/// The head of a request; a client says no more before it is answered.
fn head(mut client: &TcpStream) -> String {
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        head.extend_from_slice(&buffer[..length]);
        if head.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    String::from_utf8(head).expect("a head in ASCII")
}

/// Passes on what comes until it ends, and keeps a copy.
fn pass(mut from: TcpStream, mut to: TcpStream) -> Vec<u8> {
    let (mut passed, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        passed.extend_from_slice(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    passed
}

fn at<V: Send + 'static>(proxy: &Visits<V>) -> Option<Proxy> {
    Some(Proxy::new(&format!("http://{}", proxy.address())).expect("a URL"))
}

#[test]
fn a_proxy_sees_where_to_and_ciphertext() {
    let authority = Authority::new("ours");
    let proxy = proxy();
    let proxy_url = at(&proxy);
    let endpoint = endpoint([Turn::Tls(authority.server(), answer(1))]);
    let transport =
        HttpTransport::configured(|config| trusting(authority.roots())(config).proxy(proxy_url));
    let session = Session::builder(ermeo(&https(&endpoint)))
        .transport(transport)
        .build()
        .unwrap();

    assert_eq!(session.token().unwrap().expose(), access_token(1));
    let target = endpoint.address();
    assert!(
        endpoint.all()[0]
            .heard()
            .contains(r#""grant_type":"password""#)
    );
    let passed = proxy.all();
    assert_eq!(passed.len(), 1, "{passed:?}");
    let Passed {
        head,
        to_server,
        to_client,
    } = &passed[0];
    assert!(
        head.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(
        !head.to_ascii_lowercase().contains("authorization"),
        "{head}"
    );
    let seen = [to_server, to_client].map(|bytes| String::from_utf8_lossy(bytes));
    for text in [head, &*seen[0], &*seen[1]] {
        assert_quiet(text);
        assert!(
            !text.contains("grant_type") && !text.contains("/oauth/v2/token"),
            "{text}"
        );
    }
    // A handshake record is the first thing that either side says (RFC 8446 §5.1).
    assert_eq!((to_server[0], to_client[0]), (0x16, 0x16));
}

#[test]
fn a_proxy_that_refuses_was_sent_nothing_and_costs_no_refresh_token() {
    let authority = Authority::new("ours");
    let proxy = closed_proxy();
    let proxy_url = at(&proxy);
    let endpoint = endpoint([]);
    let transport =
        HttpTransport::configured(|config| trusting(authority.roots())(config).proxy(proxy_url));
    let (session, _) = on_refresh_token(&https(&endpoint), transport, 0);

    match quiet(session.token()) {
        Error::Network {
            failure, delivery, ..
        } => {
            assert_eq!((network, sent), (NetworkFailure::Proxy, Delivery::NotSent))
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(session.refresh_token().unwrap().expose(), refresh_token(1));
    assert_eq!(endpoint.all().len(), 0);
    let passed = proxy.all();
    assert_eq!(passed.len(), 1);
    assert_eq!(passed[0].to_server, b"", "nothing follows a refusal");
}

#[test]
fn plain_http_on_this_machine_never_goes_through_a_proxy() {
    let proxy = proxy();
    let with_proxy = || {
        Agent::config_builder()
            .proxy(at(&proxy))
            .build()
            .new_agent()
    };
    let transports = [
        HttpTransport::configured(|config| config.proxy(at(&proxy))),
        HttpTransport::configured(|config| config.proxy(at(&proxy))).danger_allow_http(),
        HttpTransport::from_agent(with_proxy()),
        HttpTransport::from_agent(with_proxy()).danger_allow_http(),
    ];
    for transport in transports {
        let endpoint = endpoint([Turn::Plain(answer(1))]);
        let url = format!("http://{}", endpoint.address());
        let session = Session::builder(ermeo(&url))
            .transport(transport)
            .build()
            .unwrap();
        assert_eq!(session.token().unwrap().expose(), access_token(1));
        assert_eq!(endpoint.all().len(), 1);
    }
    assert_eq!(proxy.all().len(), 0, "the proxy saw a password");
}

/// Allowing plain http must not also go round the proxy that the caller set.
#[test]
fn plain_http_that_is_allowed_elsewhere_goes_through_the_proxy_that_is_set() {
    let proxy = closed_proxy();
    let transport = HttpTransport::configured(|config| config.proxy(at(&proxy)));
    let session = Session::builder(ermeo("http://api.example.com"))
        .transport(transport.danger_allow_http())
        .retries(0)
        .build()
        .unwrap();
    let error = quiet(session.token());
    assert!(
        matches!(
            error,
            Error::Network {
                failure: NetworkFailure::Proxy,
                ..
            }
        ),
        "{error:?}"
    );
    let passed = proxy.all();
    assert_eq!(passed.len(), 1);
    assert!(
        passed[0].head.contains("api.example.com"),
        "{}",
        passed[0].head
    );
}
