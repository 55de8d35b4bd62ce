//! Aerion: forms, a tenant header, password and refresh.

use crate::support::asking::Asking as _;
use aerion_auth::{Aerion, TenantHeader};
use auth_all::Secret;
use auth_core::error::{ErrorCode, LoginReason};
use auth_core::{Grant, Session};

use crate::support::Script;

use super::{FORM, Wire, assert_refused, assert_status, assert_token, request, session};

fn acme(base: String) -> Aerion {
    Aerion {
        company: "acme".into(),
        username: "ada@acme.example".into(),
        password: "correct horse & 100%+é".into(),
        client_id: "billing".into(),
        base,
        ..Aerion::default()
    }
}

fn post(tenant: (&str, &str), body: &str) -> String {
    request("POST /oauth2/token", &[FORM, tenant], body)
}

#[test]
fn a_password_login_and_two_refreshes_are_these_requests() {
    let second =
        r#"{"token_type":"bearer","access_token":"a2","expires_in":3600,"refresh_token":"r/2=+"}"#;
    let third = r#"{"token_type":"bearer","access_token":"a3","expires_in":"3600"}"#;
    let wire = Wire::answering("POST", [(200, FIRST), (200, second), (200, third)]);
    let (session, clock) = session(acme(wire.url()));

    assert_token(&session.token(), ACCESS_TOKEN, Some(3600));
    assert_eq!(session.refresh_token().unwrap().expose(), REFRESH_TOKEN);
    clock.advance(std::time::Duration::from_secs(3600));
    assert_token(&session.token(), "a2", Some(7200));
    clock.advance(std::time::Duration::from_secs(3600));
    assert_token(&session.token(), "a3", Some(10_800));
    assert_eq!(
        session.refresh_token().unwrap().expose(),
        "r/2=+",
        "the last one goes on"
    );

    wire.saw(&[
        post(COMPANY_URL, PASSWORD_BODY),
        post(
            COMPANY_URL,
            &format!("grant_type=refresh_token&client_id=billing&client_secret=unused&refresh_token={REFRESH_TOKEN}"),
        ),
        post(
            COMPANY_URL,
            "grant_type=refresh_token&client_id=billing&client_secret=unused&refresh_token=r%2F2%3D%2B",
        ),
    ]);
}

#[test]
fn the_tenant_goes_in_the_header_that_is_chosen_and_in_no_other() {
    for (header, name) in [
        (TenantHeader::CompanyUrl, "companyurl"),
        (TenantHeader::Origin, "origin"),
        (TenantHeader::Referer, "referer"),
    ] {
        let wire = Wire::answering("POST", [(200, FIRST), (200, FIRST)]);
        let grant = acme(wire.url()).tenant_header(header);
        let (session, clock) = session(grant);
        session.token().unwrap();
        clock.advance(std::time::Duration::from_secs(3600));
        session.token().unwrap();
        let tenant = (name, "https://acme.aerion.app");
        wire.saw(&[
            post(tenant, PASSWORD_BODY),
            post(
                tenant,
                &format!("grant_type=refresh_token&client_id=billing&client_secret=unused&refresh_token={REFRESH_TOKEN}"),
            ),
        ]);
    }
}

#[test]
fn a_company_is_understood_as_name_host_or_url_in_any_case() {
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
        let wire = Wire::answering("POST", [(200, FIRST)]);
        let grant = Aerion {
            company: company.into(),
            ..acme(wire.url() + "/")
        };
        Session::new(grant).token().unwrap();
        wire.saw(&[post(("companyurl", url), PASSWORD_BODY)]);
    }
}

#[test]
fn the_endpoint_is_at_the_company_host_or_at_the_neutral_one() {
    for (company, base, url) in [
        ("acme", "", "https://acme.aerion.app/oauth2/token"),
        (
            "HTTPS://ACME.aerion.app/",
            "",
            "https://acme.aerion.app/oauth2/token",
        ),
        (
            "acme",
            Aerion::NEUTRAL,
            "https://api.aerion.app/oauth2/token",
        ),
    ] {
        let grant = Aerion {
            company: company.into(),
            ..acme(base.into())
        };
        let script = Script::bodies([FIRST, FIRST]);
        grant.obtain(&script).unwrap();
        grant.refresh(&REFRESH_TOKEN.into(), &script).unwrap();
        assert_eq!(script.urls(), [url, url]);
        assert_eq!(
            grant.policy().apis(),
            [url.strip_suffix("/oauth2/token").unwrap()]
        );
    }
}

#[test]
fn a_session_begins_with_the_refresh_token_of_a_web_login_and_no_password() {
    let wire = Wire::answering("POST", [(200, FIRST)]);
    let grant = Aerion::new("acme").app("billing", Secret::new("unused")).base(wire.url());
    let session = Session::builder(grant)
        .refresh_token(Secret::new("from+sso="))
        .build()
        .unwrap();
    assert_eq!(session.token().unwrap().expose(), ACCESS_TOKEN);
    assert_eq!(session.refresh_token().unwrap().expose(), REFRESH_TOKEN);
    let body = "grant_type=refresh_token&client_id=billing&client_secret=unused&refresh_token=from%2Bsso%3D";
    wire.saw(&[post(COMPANY_URL, body)]);
}

#[test]
fn the_client_id_is_a_constant_unless_it_is_set() {
    let grant = Aerion {
        client_id: Aerion::default().client_id,
        ..acme(String::new())
    };
    let script = Script::bodies([FIRST]);
    grant.obtain(&script).unwrap();
    let body = script.sent_bodies().remove(0);
    assert!(
        body.contains("&client_id=auth-all&client_secret=unused&"),
        "{body}"
    );
}

#[test]
fn without_credentials_and_without_a_refresh_token_nothing_is_sent() {
    let script = Script::default();
    let grant = Aerion::new("acme");
    let session = Session::builder(grant)
        .transport(script.clone())
        .build()
        .unwrap();
    let error = session.token().unwrap_err();
    let none = "there is no refresh token and nothing to log in with";
    assert_eq!(
        error.to_string(),
        format!("reauthentication required: {none}")
    );
    assert_eq!(LoginReason::NoCredentials.to_string(), none);
    assert_eq!(script.sent(), 0);
}

#[test]
fn the_errors_of_aerion_are_refusals_with_their_text() {
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
        let wire = Wire::answering("POST", [(400, body.as_str())]);
        let outcome = Session::new(acme(wire.url())).token();
        assert_refused(outcome, 400, &expected, &format!("{code} ({description})"));
    }
}

#[test]
fn the_errors_of_aerions_api_at_the_token_endpoint_keep_their_code() {
    let body = r#"{"error":"E_FORBIDDEN","status":403,"summary":"Forbidden","raw":"The access token provided is invalid."}"#;
    let wire = Wire::answering("POST", [(403, body)]);
    let outcome = Session::new(acme(wire.url())).token();
    assert_refused(
        outcome,
        403,
        &ErrorCode::Other("E_FORBIDDEN".into()),
        "E_FORBIDDEN (The access token provided is invalid.)",
    );
}

#[test]
fn too_many_requests_at_aerion_are_a_status_and_no_refusal() {
    let wire = Wire::answering("POST", [(503, "")]);
    let session = Session::builder(acme(wire.url()))
        .retries(0)
        .build()
        .unwrap();
    assert_status(session.token(), 503);
}

const COMPANY_URL: (&str, &str) = ("companyurl", "https://acme.aerion.app");
const PASSWORD_BODY: &str = "grant_type=password&client_id=billing&client_secret=unused&username=ada%40acme.example&password=correct%20horse%20%26%20100%25%2B%C3%A9";
const FIRST: &str = r#"{"token_type":"bearer","access_token":"2c1d5d1f0e1b4a6f8f8e7d6c5b4a39281706f5e4","expires_in":3600,"refresh_token":"9b8a7c6d5e4f30211203f4e5d6c7a8b9cadbecfd"}"#;
const ACCESS_TOKEN: &str = "2c1d5d1f0e1b4a6f8f8e7d6c5b4a39281706f5e4";
const REFRESH_TOKEN: &str = "9b8a7c6d5e4f30211203f4e5d6c7a8b9cadbecfd";
