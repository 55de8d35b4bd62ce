//! The requests of a login and of a refresh, the tenant's header, and the errors that Aerion documents.

use std::time::{Duration, SystemTime};

use aerion_auth::{Aerion, Error, Grant, Secret, Session, TenantHeader};
use auth_core::clock::Clock as _;
use auth_core::error::{ErrorCode, LoginReason};
use auth_core::testing::{CannedTransport, ManualClock};
use auth_sim::{Received, Simulator, Vendor};

/// A server that gives these responses, on 2026-01-01.
fn answering<'a>(responses: impl IntoIterator<Item = (u16, &'a str)>) -> Simulator {
    let server = Simulator::builder(Vendor::Aerion).now(new_year).start();
    let server = server.unwrap();
    for (status, body) in responses {
        server.respond(status, body);
    }
    server
}

fn ada(company: &str) -> Aerion {
    let password = Secret::new("correct horse & 100%+é");
    Aerion::new(company)
        .password("ada@acme.example", password)
        .app("billing", Secret::new("unused"))
}

fn session(grant: Aerion) -> (Session, ManualClock) {
    let clock = ManualClock::new();
    let session = Session::builder(grant).clock(clock.clone()).build();
    (session.unwrap(), clock)
}

fn refused(status: u16, body: &str) -> Error {
    let server = answering([(status, body)]);
    let session = Session::builder(ada("acme").base(server.url())).retries(0);
    session.build().unwrap().token().unwrap_err()
}

fn sent(server: &Simulator) -> Vec<String> {
    server.requests().iter().map(Received::exact).collect()
}

/// A request with this header; the names of the others come before or after `content-type`.
fn post((name, value): (&str, &str), body: &str) -> String {
    let mut headers = [
        "content-type: application/x-www-form-urlencoded".to_owned(),
        format!("{name}: {value}"),
    ];
    headers.sort();
    format!("POST /oauth2/token\n{}\n\n{body}", headers.join("\n"))
}

fn refresh(token: &str) -> String {
    format!("grant_type=refresh_token&client_id=billing&client_secret=unused&refresh_token={token}")
}

#[test]
fn a_login_and_two_refreshes_are_these_requests() {
    let second =
        r#"{"token_type":"bearer","access_token":"a2","expires_in":3600,"refresh_token":"r/2=+"}"#;
    let third = r#"{"token_type":"bearer","access_token":"a3","expires_in":"3600"}"#;
    let server = answering([(200, FIRST), (200, second), (200, third)]);
    let (session, clock) = session(ada("acme").base(server.url()));

    for (token, hours) in [(ACCESS_TOKEN, 1), ("a2", 2), ("a3", 3)] {
        let got = session.token().unwrap();
        assert_eq!(got.expose(), token);
        assert_eq!(got.authorization(), &format!("Bearer {token}"));
        assert_eq!(got.expires_at(), Some(new_year() + hours * HOUR));
        clock.advance(HOUR);
    }
    let kept = session.refresh_token().unwrap();
    assert_eq!(kept.expose(), "r/2=+", "the last one that was sent");

    assert_eq!(
        sent(&server),
        [
            post(COMPANY_URL, LOGIN),
            post(COMPANY_URL, &refresh(REFRESH_TOKEN)),
            post(COMPANY_URL, &refresh("r%2F2%3D%2B")),
        ]
    );
}

#[test]
fn the_tenant_is_in_the_chosen_header_alone() {
    for (header, name) in [
        (TenantHeader::CompanyUrl, "companyurl"),
        (TenantHeader::Origin, "origin"),
        (TenantHeader::Referer, "referer"),
    ] {
        let server = answering([(200, FIRST), (200, FIRST)]);
        let (session, clock) = session(ada("acme").tenant_header(header).base(server.url()));
        session.token().unwrap();
        clock.advance(HOUR);
        session.token().unwrap();
        let tenant = (name, "https://acme.aerion.app");
        let expected = [post(tenant, LOGIN), post(tenant, &refresh(REFRESH_TOKEN))];
        assert_eq!(sent(&server), expected);
    }
}

#[test]
fn a_company_is_a_name_a_host_or_a_url() {
    for (company, url) in [
        ("acme", "https://acme.aerion.app"),
        ("ACME", "https://acme.aerion.app"),
        ("acme.aerion.app", "https://acme.aerion.app"),
        ("Acme.Aerion.App/", "https://acme.aerion.app"),
        ("https://acme.aerion.app", "https://acme.aerion.app"),
        ("HTTPS://Acme.aerion.app/", "https://acme.aerion.app"),
        (
            "https://login.acme-2.example",
            "https://login.acme-2.example",
        ),
    ] {
        let server = answering([(200, FIRST)]);
        let base = format!("{}/", server.url());
        session(ada(company).base(base)).0.token().unwrap();
        assert_eq!(sent(&server), [post(("companyurl", url), LOGIN)]);
    }
}

#[test]
fn the_endpoint_is_the_companys_or_the_neutral_one() {
    for (grant, host) in [
        (ada("acme"), "https://acme.aerion.app"),
        (ada("HTTPS://ACME.aerion.app/"), "https://acme.aerion.app"),
        (ada("acme").neutral_host(), "https://api.aerion.app"),
    ] {
        let http = CannedTransport::new().json(200, FIRST).json(200, FIRST);
        grant.login_request().unwrap().send(&http).unwrap();
        let refresh = grant.refresh_request(&Secret::new(REFRESH_TOKEN));
        refresh.unwrap().send(&http).unwrap();
        for request in http.requests() {
            assert_eq!(request.uri().to_string(), format!("{host}/oauth2/token"));
        }
        assert_eq!(grant.policy().apis(), [host]);
    }
}

#[test]
fn a_session_begins_with_a_token_of_a_web_login() {
    let server = answering([(200, FIRST)]);
    let grant = Aerion::new("acme").app("billing", Secret::new("unused"));
    let session = Session::builder(grant.base(server.url()));
    let session = session.refresh_token(Secret::new("from+sso=")).build();
    let session = session.unwrap();
    assert_eq!(session.token().unwrap().expose(), ACCESS_TOKEN);
    assert_eq!(session.refresh_token().unwrap().expose(), REFRESH_TOKEN);
    let expected = post(COMPANY_URL, &refresh("from%2Bsso%3D"));
    assert_eq!(sent(&server), [expected]);
}

#[test]
fn the_client_id_is_a_constant_unless_set() {
    let http = CannedTransport::new().json(200, FIRST);
    let grant = Aerion::new("acme").password("ada", Secret::new("pw"));
    grant.login_request().unwrap().send(&http).unwrap();
    let body = String::from_utf8(http.requests()[0].body().clone()).unwrap();
    let client = "&client_id=auth-all&client_secret=unused&";
    assert!(body.contains(client), "{body}");
}

#[test]
fn without_credentials_nothing_is_sent() {
    let http = CannedTransport::new();
    let session = Session::builder(Aerion::new("acme")).transport(http.clone());
    match session.build().unwrap().token().unwrap_err() {
        Error::LoginRequired { reason, .. } => assert_eq!(reason, LoginReason::NoCredentials),
        other => panic!("{other:?}"),
    }
    assert!(http.requests().is_empty());
}

#[test]
fn errors_are_refusals_with_their_text() {
    for (code, description, expected) in [
        (
            "invalid_grant",
            "User credentials are invalid",
            ErrorCode::InvalidGrant,
        ),
        (
            "invalid_grant",
            "Invalid refresh token",
            ErrorCode::InvalidGrant,
        ),
        (
            "invalid_client",
            "Client credentials are invalid",
            ErrorCode::InvalidClient,
        ),
    ] {
        let body =
            format!(r#"{{"code":400,"error":"{code}","error_description":"{description}"}}"#);
        let error = refused(400, &body);
        let refusal = error.refusal().unwrap();
        assert_eq!((refusal.status, &refusal.code), (Some(400), &expected));
        let text = refusal.to_string();
        assert!(
            text.starts_with(&format!("{code} ({description}")),
            "{text}"
        );
    }
}

#[test]
fn an_error_of_the_api_keeps_its_code() {
    let body = r#"{"error":"E_FORBIDDEN","status":403,"summary":"Forbidden","raw":"The access token provided is invalid."}"#;
    let error = refused(403, body);
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.code, ErrorCode::Other("E_FORBIDDEN".into()));
    let text = "E_FORBIDDEN (The access token provided is invalid.)";
    assert_eq!(refusal.to_string(), text);
}

#[test]
fn too_many_requests_are_not_a_refusal() {
    match refused(503, "") {
        Error::Status { status, .. } => assert_eq!(status, 503),
        other => panic!("{other:?}"),
    }
}

fn new_year() -> SystemTime {
    ManualClock::new().now().wall.into()
}

const HOUR: Duration = Duration::from_secs(3600);
const COMPANY_URL: (&str, &str) = ("companyurl", "https://acme.aerion.app");
const LOGIN: &str = "grant_type=password&client_id=billing&client_secret=unused&username=ada%40acme.example&password=correct%20horse%20%26%20100%25%2B%C3%A9";
const FIRST: &str = r#"{"token_type":"bearer","access_token":"2c1d5d1f0e1b4a6f8f8e7d6c5b4a39281706f5e4","expires_in":3600,"refresh_token":"9b8a7c6d5e4f30211203f4e5d6c7a8b9cadbecfd"}"#;
const ACCESS_TOKEN: &str = "2c1d5d1f0e1b4a6f8f8e7d6c5b4a39281706f5e4";
const REFRESH_TOKEN: &str = "9b8a7c6d5e4f30211203f4e5d6c7a8b9cadbecfd";
