//! Through a proxy, which learns the address and nothing else.

use auth_core::agent::ureq::{Agent, Proxy};
use auth_core::error::{Delivery, NetworkFailure};
use auth_core::grant::TokenResponse;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Secret, Session, agent};

use super::authority::Authority;
use super::endpoint::{Turn, endpoint, https};
use super::proxy::{Passed, at, closed_proxy, proxy};
use super::{access_token, answer, ermeo, on_refresh_token, refresh_token, with};
use crate::support::{assert_quiet, quiet};

#[test]
fn a_proxy_sees_where_to_and_ciphertext() {
    let authority = Authority::new("ours");
    let proxy = proxy();
    let endpoint = endpoint([Turn::Tls(authority.server(), answer(1))]);
    let transport = with(authority.trusted()).proxy(at(&proxy)).build().unwrap();
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
fn a_proxy_that_refuses_costs_no_refresh_token() {
    let authority = Authority::new("ours");
    let proxy = closed_proxy();
    let endpoint = endpoint([]);
    let transport = with(authority.trusted()).proxy(at(&proxy)).build().unwrap();
    let (session, _) = on_refresh_token(&https(&endpoint), transport, 0);

    match quiet(session.token()) {
        Error::Network {
            failure, delivery, ..
        } => {
            assert_eq!(
                (failure, delivery),
                (NetworkFailure::Proxy, Delivery::NotSent)
            );
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
fn loopback_never_goes_through_a_proxy() {
    let proxy = proxy();
    let builder = || HttpTransport::builder().proxy(at(&proxy));
    let lent = Agent::config_builder().proxy(Proxy::new(at(&proxy).expose()).ok());
    let transports = [
        builder().build().unwrap(),
        builder().danger_allow_http().build().unwrap(),
        agent::transport(lent.build().new_agent()),
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

/// Allowing plain http must not bypass the proxy that the caller set.
#[test]
fn allowed_plain_http_goes_through_the_proxy() {
    let proxy = closed_proxy();
    let transport = HttpTransport::builder()
        .proxy(at(&proxy))
        .danger_allow_http();
    let session = Session::builder(ermeo("http://api.example.com"))
        .transport(transport.build().unwrap())
        .danger_allow_http()
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

#[test]
fn an_agent_takes_over_proxy_and_tls() {
    let authority = Authority::new("ours");
    let proxy = proxy();
    let api = endpoint([Turn::Tls(authority.server(), "{}".to_owned())]);
    let transport = with(authority.trusted()).proxy(at(&proxy)).build().unwrap();
    let url = https(&api);
    let session = Session::builder(ermeo(&url))
        .transport(transport)
        .tokens(TokenResponse::new(Secret::new(access_token(1))))
        .build()
        .unwrap();
    session.agent().get(format!("{url}/orders")).call().unwrap();

    let target = api.address();
    assert!(api.all()[0].heard().starts_with("GET /orders "));
    let passed = proxy.all();
    assert_eq!(passed.len(), 1);
    assert!(passed[0].head.starts_with(&format!("CONNECT {target} ")));
}

#[test]
fn a_proxy_that_is_not_one_is_a_configuration_error() {
    let build = |url: &str| HttpTransport::builder().proxy(Secret::new(url)).build();
    for (url, word) in [
        ("", "http://host:port"),
        ("ftp://ada:canary7Qz@proxy.example", "http://host:port"),
        ("socks5://ada:canary7Qz@proxy.example", "SOCKS"),
    ] {
        let error = quiet(build(url));
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
        assert!(error.to_string().contains(word), "{error}");
    }
}
