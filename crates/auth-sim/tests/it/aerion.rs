//! Aerion: its responses, and each request that it refuses.

use auth_sim::aerion::{COMPANY_URL, PASSWORD, USERNAME};
use auth_sim::{Simulator, Vendor};
use std::time::Duration;

use crate::client::{FORM, JSON, Reply, api, form, json, send, with, without};

const TENANT: (&str, &str) = ("companyurl", COMPANY_URL);
const LOGIN: [(&str, &str); 5] = [
    ("grant_type", "password"),
    ("username", USERNAME),
    ("password", PASSWORD),
    ("client_id", "my-app"),
    ("client_secret", "any"),
];

fn token(aerion: &Simulator, fields: &[(&str, &str)]) -> Reply {
    send(aerion, "POST /oauth2/token", &[FORM, TENANT], &form(fields))
}

fn refresh(aerion: &Simulator, refresh_token: &str) -> Reply {
    let pair = [("client_id", "my-app"), ("client_secret", "any")];
    let grant = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
    ];
    token(aerion, &[&grant[..], &pair[..]].concat())
}

fn refusal(error: &str, description: &str) -> String {
    format!(r#"{{"code":400,"error":"{error}","error_description":"{description}"}}"#)
}

#[test]
fn a_login_returns_two_hex_tokens_for_an_hour() {
    let aerion = Simulator::aerion();
    let reply = token(&aerion, &LOGIN);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["expires_in"], 3600);
    assert_eq!(reply.text("token_type"), "bearer");
    for member in ["access_token", "refresh_token"] {
        let token = reply.text(member);
        assert!(token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
    let me = api(&aerion, "GET /v1/users/me", &reply.text("access_token"));
    assert_eq!(me.json()["user"]["email"], USERNAME);
}

#[test]
fn only_a_post_with_the_content_type_of_a_form_is_read() {
    let aerion = Simulator::aerion();
    let expected = refusal(
        "invalid_request",
        "Method must be POST with application/x-www-form-urlencoded encoding",
    );
    let body = form(&LOGIN);
    send(&aerion, "GET /oauth2/token", &[FORM, TENANT], &body).is(400, &expected);
    send(&aerion, "POST /oauth2/token", &[JSON, TENANT], &body).is(400, &expected);
    send(
        &aerion,
        "POST /oauth2/token",
        &[JSON, TENANT],
        &json(&LOGIN),
    )
    .is(400, &expected);
    send(&aerion, "POST /oauth2/token", &[TENANT], &body).is(400, &expected);
    let no_grant = refusal("invalid_request", "Invalid or missing grant_type parameter");
    send(
        &aerion,
        "POST /oauth2/token",
        &[FORM, TENANT],
        &json(&LOGIN),
    )
    .is(400, &no_grant);
    assert_eq!(
        send(&aerion, "POST /oauth/token", &[FORM, TENANT], &body).status,
        404
    );
}

/// The value is the URL or the host of the tenant.
#[test]
fn three_headers_can_name_the_tenant() {
    let aerion = Simulator::aerion();
    let body = form(&LOGIN);
    let answer = |headers: &[(&str, &str)]| {
        let headers = [&[FORM][..], headers].concat();
        send(&aerion, "POST /oauth2/token", &headers, &body)
    };
    for name in ["companyurl", "Origin", "Referer"] {
        for value in [
            COMPANY_URL,
            "acme.aerion.app",
            "https://acme.aerion.app/login?x=1",
        ] {
            assert_eq!(answer(&[(name, value)]).status, 200, "{name}: {value}");
        }
        for value in [
            "acme",
            "https://api.aerion.app",
            "https://other.aerion.app",
            "",
        ] {
            let unknown = refusal("invalid_request", "Unknown company");
            answer(&[(name, value)]).is(400, &unknown);
        }
    }
    let missing = refusal(
        "invalid_request",
        "Missing companyurl, origin or referer header",
    );
    answer(&[]).is(400, &missing);
}

#[test]
fn a_missing_field_has_the_error_of_oauth2_server() {
    let aerion = Simulator::aerion();
    let both = r#"Missing parameters. \"username\" and \"password\" are required"#;
    for (field, error, description) in [
        (
            "grant_type",
            "invalid_request",
            "Invalid or missing grant_type parameter",
        ),
        (
            "client_id",
            "invalid_client",
            "Invalid or missing client_id parameter",
        ),
        (
            "client_secret",
            "invalid_client",
            "Missing client_secret parameter",
        ),
        ("username", "invalid_client", both),
        ("password", "invalid_client", both),
    ] {
        token(&aerion, &without(&LOGIN, field)).is(400, &refusal(error, description));
        token(&aerion, &with(&LOGIN, field, "")).is(400, &refusal(error, description));
    }
    let grant = refusal("invalid_request", "Invalid or missing grant_type parameter");
    token(&aerion, &with(&LOGIN, "grant_type", "authorization_code")).is(400, &grant);
    let no_token = refusal("invalid_request", r#"No \"refresh_token\" parameter"#);
    token(&aerion, &with(&LOGIN, "grant_type", "refresh_token")).is(400, &no_token);
    let wrong = refusal("invalid_grant", "User credentials are invalid");
    token(&aerion, &with(&LOGIN, "password", "wrong")).is(400, &wrong);
}

#[test]
fn a_refresh_token_works_once_and_reuse_revokes_nothing() {
    let aerion = Simulator::aerion();
    let first = token(&aerion, &LOGIN);
    let second = refresh(&aerion, &first.text("refresh_token"));
    assert_eq!(second.status, 200);
    let spent = refusal("invalid_grant", "Invalid refresh token");
    refresh(&aerion, &first.text("refresh_token")).is(400, &spent);
    assert_eq!(refresh(&aerion, &second.text("refresh_token")).status, 200);
    assert_eq!(aerion.spends()[&first.text("refresh_token")], 2);
}

#[test]
fn a_token_of_the_web_login_seeds_a_session() {
    let aerion = Simulator::aerion();
    assert_eq!(refresh(&aerion, &aerion.issue_refresh_token()).status, 200);
}

#[test]
fn a_refresh_token_expires() {
    let life = Duration::from_secs(60);
    let aerion = Simulator::builder(Vendor::Aerion)
        .refresh_token_lifetime(life)
        .start()
        .unwrap();
    let token = aerion.issue_refresh_token();
    aerion.advance(life);
    refresh(&aerion, &token).is(400, &refusal("invalid_grant", "Refresh token has expired"));
}

#[test]
fn the_api_refuses_with_403_and_its_documented_body() {
    let aerion = Simulator::aerion();
    let forbidden = concat!(
        r#"{"error":"E_FORBIDDEN","status":403,"summary":"Forbidden","#,
        r#""raw":"The access token provided is invalid."}"#
    );
    let token = token(&aerion, &LOGIN).text("access_token");
    send(&aerion, "GET /v1/users/me", &[], "").is(403, forbidden);
    api(&aerion, "GET /v1/users/me", "wrong").is(403, forbidden);
    let lower = format!("bearer {token}");
    send(
        &aerion,
        "GET /v1/users/me",
        &[("Authorization", &lower)],
        "",
    )
    .is(403, forbidden);
    aerion.advance(Duration::from_secs(3599));
    assert_eq!(api(&aerion, "GET /v1/users/me", &token).status, 200);
    aerion.advance(Duration::from_secs(1));
    api(&aerion, "GET /v1/users/me", &token).is(403, forbidden);
}
