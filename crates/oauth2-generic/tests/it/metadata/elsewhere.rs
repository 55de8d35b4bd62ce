//! Findings instead of metadata, documents at other places, and plain http in a test network.

use std::collections::BTreeMap;

use auth_core::http::{Request, Response};
use auth_core::transport::{self, HttpTransport};
use oauth2_generic::{
    Client, ClientCredentials, Discovery, Error, Result, Secret, Server, Session,
};

use crate::script::Script;

use super::{ISSUER, OPENID, OPENID_BEFORE, RFC_8414, RFC_8414_BEHIND, TOKEN, announced, refused};

/// A server with pages at some URLs, and a 404 everywhere else.
struct Pages(BTreeMap<String, (u16, String)>);

impl Pages {
    fn of<const N: usize>(pages: [(&str, u16, &str); N]) -> Self {
        let page =
            |(url, status, body): (&str, u16, &str)| (url.to_owned(), (status, body.to_owned()));
        Self(pages.map(page).into())
    }

    fn answer(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let missing = (404, "not found".to_owned());
        let (status, body) = self.0.get(&request.uri().to_string()).unwrap_or(&missing);
        let answer = Response::builder().status(*status);
        answer.body(body.clone().into_bytes()).unwrap()
    }

    fn discover(&self, issuer: &str) -> Result<Server> {
        self.find(&Discovery::new(issuer))
    }

    fn find(&self, discovery: &Discovery) -> Result<Server> {
        discovery.discover(&transport::from_fn(|request| Ok(self.answer(&request))))
    }
}

fn document(issuer: &str) -> String {
    announced("").replace(ISSUER, issuer)
}

fn url(line: &str) -> &str {
    line.strip_prefix("GET ").unwrap()
}

#[test]
fn metadata_is_found_at_any_of_four_places() {
    for place in [RFC_8414, OPENID, RFC_8414_BEHIND, OPENID_BEFORE] {
        let pages = Pages::of([(url(place), 200, &announced(""))]);
        let server = pages.discover(ISSUER).unwrap();
        assert_eq!(server.metadata().unwrap().issuer, ISSUER, "{place}");
    }
}

#[test]
fn after_any_failure_the_next_place_is_tried() {
    let page = r#"{"error":"invalid_request","error_description":"unrecognized route"}"#;
    for (status, body) in [
        (200, "<!doctype html>"),
        (200, "{}"),
        (200, r#"{"detail":"Not Found"}"#),
        (200, r#"{"error":"not_found"}"#),
        (302, ""),
        (400, page),
        (401, ""),
        (403, "<html>"),
        (404, r#"{"status":404,"error":"Not Found"}"#),
        (405, ""),
        (406, r#"{"jsonrpc":"2.0","error":{"code":-32600}}"#),
        (429, ""),
        (500, page),
        (502, "<html>"),
    ] {
        let pages = Pages::of([
            (url(RFC_8414), status, body),
            (url(OPENID), 200, &announced("")),
        ]);
        drop(pages.discover(ISSUER).unwrap());
    }
}

/// `BookStack`, Directus and others redirect the whole of `/.well-known/`.
#[test]
fn a_redirect_is_named() {
    for status in [301, 302, 303, 307, 308] {
        for http in [
            Script::default().then(404, "").then(status, ""),
            Script::default().then(status, "").then(404, "<html>"),
            Script::default().then(200, "<html>").then(status, ""),
        ] {
            let error = refused(ISSUER, &http);
            assert!(matches!(error, Error::Configuration { .. }), "{error}");
            let text = error.to_string();
            for word in [
                &format!("redirect ({status})"),
                "`Discovery::at`",
                "by hand",
            ] {
                assert!(text.contains(word), "{text}");
            }
        }
    }
}

#[test]
fn the_more_informative_of_two_failures_is_reported() {
    let mismatch = announced("").replace(&format!("{ISSUER}\""), &format!("{ISSUER}/\""));
    let nothing = r#"{"error":"Not Found","status":404}"#;
    for (first, second, word) in [
        ((200, "<html>"), (200, mismatch.as_str()), "slash"),
        ((503, ""), (200, mismatch.as_str()), "slash"),
        ((200, mismatch.as_str()), (503, ""), "slash"),
        ((200, "<html>"), (503, ""), "503"),
        ((302, ""), (503, ""), "503"),
        ((200, "<html>"), (404, nothing), "HTML"),
        ((404, nothing), (200, "<html>"), "HTML"),
        ((200, "{}"), (200, "<html>"), "HTML"),
        ((200, "{}"), (404, nothing), "names no issuer"),
        ((404, nothing), (404, nothing), "publishes no metadata"),
        (
            (200, r#"{"error":"not_found"}"#),
            (404, ""),
            "publishes no metadata",
        ),
        (
            (401, r#"{"error":"invalid_client"}"#),
            (404, ""),
            "publishes no metadata (the server returns 401)",
        ),
        ((404, nothing), (403, "<html>"), "(the server returns 403)"),
    ] {
        let http = Script::default()
            .then(first.0, first.1)
            .then(second.0, second.1);
        let text = refused(ISSUER, &http).to_string();
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// A lost answer ends the search: the next place is at the same server.
#[test]
fn an_answer_that_is_lost_hides_nothing_that_was_found() {
    let error = refused(ISSUER, &Script::default().then(404, "").then_lose());
    assert!(matches!(error, Error::Network { .. }), "{error}");
    let other = document("https://other.example");
    let error = refused(ISSUER, &Script::default().then(200, &other).then_lose());
    assert!(error.to_string().contains("another issuer"), "{error}");
}

/// `LinkedIn`'s document is below `/oauth`, which is not part of its issuer; Azure AD B2C's issuer has the tenant's id.
#[test]
fn the_advice_for_a_document_elsewhere_works() {
    for (at, issuer) in [
        (
            "https://www.in.example/oauth/.well-known/openid-configuration",
            "https://www.in.example",
        ),
        (
            "https://t.b2c.example/t.onb2c.example/B2C_1_in/v2.0/.well-known/openid-configuration",
            "https://t.b2c.example/0000-1111/v2.0/",
        ),
        (
            "https://t.b2c.example/t/v2.0/.well-known/openid-configuration?p=B2C_1_in",
            "https://t.b2c.example/0000-1111/v2.0/",
        ),
    ] {
        let pages = Pages::of([(at, 200, &document(issuer))]);
        let asked = at.split("/.well-known/").next().unwrap();
        for asked in [asked, issuer] {
            let text = pages.discover(asked).unwrap_err().to_string();
            assert!(text.contains("`Discovery::"), "{text}");
            assert!(text.contains("by hand"), "{text}");
        }
        let server = pages.find(&Discovery::new(issuer).at(at)).unwrap();
        assert_eq!(server.metadata().unwrap().issuer, issuer);
    }
}

#[test]
fn a_document_elsewhere_names_its_issuer_too() {
    let at = "https://www.in.example/oauth/metadata";
    for (status, body, word) in [
        (200, document("https://evil.example"), "another issuer"),
        (404, String::new(), "no metadata is at the URL"),
        (302, String::new(), "redirect (302)"),
    ] {
        let pages = Pages::of([(at, status, &body)]);
        let error = pages.find(&Discovery::new(ISSUER).at(at)).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
    for at in [
        "http://www.in.example/metadata",
        "/metadata",
        "https://a@in.example/",
        "https://in.example/#a",
    ] {
        let error = Pages::of([])
            .find(&Discovery::new(ISSUER).at(at))
            .unwrap_err();
        assert!(error.to_string().contains("`Discovery::at`"), "{error}");
    }
}

#[test]
fn an_issuer_that_is_the_url_of_a_document_is_refused() {
    for issuer in [
        "https://id.example/.well-known/openid-configuration",
        "https://id.example/a/.well-known/oauth-authorization-server",
    ] {
        let error = Server::discover_with(issuer, &Script::default()).unwrap_err();
        assert!(
            error.to_string().contains("before `/.well-known/`"),
            "{error}"
        );
    }
    let error = Server::discover_with("https://id.example/v2.0?p=B2C_1", &Script::default());
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("query") && text.contains("`Discovery::at`"),
        "{text}"
    );
}

/// Entra ID's `common` and `organizations` are for every tenant.
#[test]
fn a_placeholder_in_the_issuer_is_named() {
    let common = "https://login.entra.example/common/v2.0";
    let body = document("https://login.entra.example/{tenantid}/v2.0");
    let text = refused(common, &Script::default().then(404, "").then(200, &body)).to_string();
    assert!(text.contains("your tenant's id"), "{text}");
}

#[test]
fn an_issuer_over_http_takes_a_switch_and_the_message_names_it() {
    for issuer in [
        "http://localhost:8080/realms/dev",
        "http://keycloak:8080/realms/dev",
        "http://10.0.0.7",
    ] {
        let at = format!("{issuer}/.well-known/openid-configuration");
        let body = format!(
            r#"{{"issuer":"{issuer}","token_endpoint":"{issuer}/token","authorization_endpoint":"{issuer}/auth"}}"#
        );
        let pages = Pages::of([(at.as_str(), 200, &body)]);
        let error = pages.discover(issuer).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert!(
            error.to_string().contains("`Discovery::danger_allow_http`"),
            "{error}"
        );

        let server = pages
            .find(&Discovery::new(issuer).danger_allow_http())
            .unwrap();
        assert_eq!(server.token_endpoint(), format!("{issuer}/token"));
    }
}

/// In a compose file the server has one name for browsers and another for its neighbours.
#[test]
fn a_document_elsewhere_may_be_over_http_as_well() {
    let issuer = "http://localhost:8080/realms/dev";
    let at = "http://keycloak:8080/realms/dev/.well-known/openid-configuration";
    let body = format!(
        r#"{{"issuer":"{issuer}","token_endpoint":"http://keycloak:8080/token","revocation_endpoint":"https://id.example/revoke"}}"#
    );
    let pages = Pages::of([(at, 200, &body)]);
    let discovery = Discovery::new(issuer).at(at).danger_allow_http();
    let server = pages.find(&discovery).unwrap();
    assert_eq!(server.token_endpoint(), "http://keycloak:8080/token");
    pages.find(&Discovery::new(issuer).at(at)).unwrap_err();
}

/// A resolver can map `localhost` to any address.
#[test]
fn http_in_a_test_network_takes_a_switch_for_each_way() {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let port = server.server_addr().to_ip().unwrap().port();
    let issuer = format!("http://localhost:{port}");
    let metadata = format!(r#"{{"issuer":"{issuer}","token_endpoint":"{issuer}/token"}}"#);
    let serving = std::thread::spawn(move || {
        for request in server.incoming_requests() {
            let (body, ends) = match request.url() {
                "/token" => (TOKEN, false),
                "/api" => ("an order", true),
                _ => (metadata.as_str(), false),
            };
            request
                .respond(tiny_http::Response::from_string(body))
                .unwrap();
            if ends {
                return;
            }
        }
    });
    let discovery = Discovery::new(&issuer).danger_allow_http();
    let strict = HttpTransport::new();
    let error = discovery.discover(&strict).unwrap_err().to_string();
    assert!(
        error.contains("`HttpTransportBuilder::danger_allow_http`"),
        "{error}"
    );
    let http = || {
        let lenient = HttpTransport::builder().danger_allow_http();
        lenient.build().unwrap()
    };
    let server = discovery.discover(&http()).unwrap();

    let client = Client::new(server, "batch").secret(Secret::new("s3cret"));
    let builder = || Session::builder(ClientCredentials::new(client.clone()));
    let error = builder().transport(http()).build().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    for word in [issuer.as_str(), "`SessionBuilder::danger_allow_http`"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    let session = builder().transport(strict).danger_allow_http();
    let error = session.build().unwrap().token().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    let session = builder().transport(http()).danger_allow_http();
    let session = session.build().unwrap();
    let api = format!("{issuer}/api");
    session.agent().get(&api).call().unwrap();
    serving.join().unwrap();
}

#[test]
fn endpoints_over_http_behind_a_proxy_are_refused_by_name() {
    let body = announced("").replace("\"token_endpoint\":\"https", "\"token_endpoint\":\"http");
    let text = refused(ISSUER, &Script::default().then(404, "").then(200, &body)).to_string();
    for word in [
        "`token_endpoint`",
        "proxy",
        "`Discovery::danger_allow_http`",
    ] {
        assert!(text.contains(word), "{text}");
    }
}
