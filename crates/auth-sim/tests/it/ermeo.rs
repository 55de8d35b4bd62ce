//! Ermeo: its responses, and each request that it refuses.

use std::time::Duration;

use auth_sim::ermeo::{ASSETS, CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME};
use auth_sim::{Simulator, Vendor};

use crate::client::{FORM, JSON, Reply, api, form, json, send, with, without};

const CLIENT: [(&str, &str); 2] = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
const LOGIN: [(&str, &str); 5] = [
    ("client_id", CLIENT_ID),
    ("client_secret", CLIENT_SECRET),
    ("username", USERNAME),
    ("password", PASSWORD),
    ("grant_type", "password"),
];
const NO_GRANT: &str = r#"{"error":"invalid_request","error_description":"Invalid grant_type parameter or parameter missing"}"#;
const BAD_CLIENT: &str =
    r#"{"error":"invalid_client","error_description":"The client credentials are invalid"}"#;
const BAD_REFRESH: &str =
    r#"{"error":"invalid_grant","error_description":"Invalid refresh token"}"#;
const EXPIRED_REFRESH: &str =
    r#"{"error":"invalid_grant","error_description":"Refresh token has expired"}"#;

fn token(ermeo: &Simulator, members: &[(&str, &str)]) -> Reply {
    send(ermeo, "POST /oauth/v2/token", &[JSON], &json(members))
}

fn refresh(ermeo: &Simulator, refresh_token: &str) -> Reply {
    let grant = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
    ];
    token(ermeo, &[&grant[..], &CLIENT[..]].concat())
}

#[test]
fn a_login_returns_a_pair_for_two_hours() {
    let ermeo = Simulator::ermeo();
    let reply = token(&ermeo, &LOGIN);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["expires_in"], 7200);
    assert_eq!(reply.text("token_type"), "bearer");
    assert_eq!(reply.text("scope"), "user");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_ne!(reply.text("access_token"), reply.text("refresh_token"));
}

#[test]
fn only_a_post_with_the_content_type_of_json_is_read() {
    let ermeo = Simulator::ermeo();
    let path = "POST /oauth/v2/token";
    send(&ermeo, path, &[FORM], &form(&LOGIN)).is(400, NO_GRANT);
    send(&ermeo, path, &[FORM], &json(&LOGIN)).is(400, NO_GRANT);
    send(&ermeo, path, &[], &json(&LOGIN)).is(400, NO_GRANT);
    send(&ermeo, path, &[JSON], "[]").is(400, NO_GRANT);
    let broken = r#"{"code":400,"message":"Invalid json message received"}"#;
    send(&ermeo, path, &[JSON], &form(&LOGIN)).is(400, broken);
    let get = send(&ermeo, "GET /oauth/v2/token", &[JSON], &json(&LOGIN));
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    assert_eq!(
        send(&ermeo, "POST /oauth2/token", &[JSON], &json(&LOGIN)).status,
        404
    );
}

#[test]
fn refusals_are_400_with_the_errors_of_oauth2_php() {
    let ermeo = Simulator::ermeo();
    let no_client = r#"{"error":"invalid_client","error_description":"Client id was not found in the headers or body"}"#;
    let both = r#"{"error":"invalid_request","error_description":"Missing parameters. \"username\" and \"password\" required"}"#;
    for (member, expected) in [
        ("grant_type", NO_GRANT),
        ("client_id", no_client),
        ("client_secret", BAD_CLIENT),
        ("username", both),
        ("password", both),
    ] {
        let reply = token(&ermeo, &without(&LOGIN, member));
        reply.is(400, expected);
        assert_eq!(reply.header("www-authenticate"), None);
    }
    token(&ermeo, &with(&LOGIN, "client_id", "wrong")).is(400, BAD_CLIENT);
    token(&ermeo, &with(&LOGIN, "client_secret", "wrong")).is(400, BAD_CLIENT);
    let wrong = r#"{"error":"invalid_grant","error_description":"Invalid username and password combination"}"#;
    token(&ermeo, &with(&LOGIN, "password", "wrong")).is(400, wrong);
    token(&ermeo, &with(&LOGIN, "grant_type", "frobnicate")).is(400, NO_GRANT);
    let unsupported = r#"{"error":"unsupported_grant_type","error_description":null}"#;
    token(&ermeo, &with(&LOGIN, "grant_type", "client_credentials")).is(400, unsupported);
    let missing =
        r#"{"error":"invalid_request","error_description":"No \"refresh_token\" parameter found"}"#;
    token(&ermeo, &with(&CLIENT, "grant_type", "refresh_token")).is(400, missing);
}

#[test]
fn a_refresh_token_works_once_and_the_newest_keeps_working() {
    let ermeo = Simulator::ermeo();
    let first = token(&ermeo, &LOGIN).text("refresh_token");
    let second = refresh(&ermeo, &first).text("refresh_token");
    refresh(&ermeo, &first).is(400, BAD_REFRESH);
    refresh(&ermeo, "unknown").is(400, BAD_REFRESH);
    assert_eq!(refresh(&ermeo, &second).status, 200);
    assert_eq!((ermeo.spends()[&first], ermeo.spends()[&second]), (2, 1));
}

#[test]
fn reuse_revokes_the_family_if_switched_on() {
    let builder = Simulator::builder(Vendor::Ermeo).revoke_family_on_reuse(true);
    let ermeo = builder.start().unwrap();
    let other = token(&ermeo, &LOGIN);
    let first = token(&ermeo, &LOGIN).text("refresh_token");
    let second = refresh(&ermeo, &first);
    refresh(&ermeo, &first).is(400, BAD_REFRESH);
    refresh(&ermeo, &second.text("refresh_token")).is(400, BAD_REFRESH);
    let list = |token: &str| api(&ermeo, "GET /api/v1/assets", token).status;
    assert_eq!(list(&second.text("access_token")), 401);
    assert_eq!(list(&other.text("access_token")), 200);
}

#[test]
fn a_refresh_token_lives_two_weeks() {
    let ermeo = Simulator::ermeo();
    let (early, late) = (ermeo.issue_refresh_token(), ermeo.issue_refresh_token());
    ermeo.advance(Duration::from_secs(14 * 86_400 - 60));
    assert_eq!(refresh(&ermeo, &early).status, 200);
    ermeo.advance(Duration::from_secs(60));
    refresh(&ermeo, &late).is(400, EXPIRED_REFRESH);
}

#[test]
fn the_api_returns_401_with_an_invalid_grant_challenge() {
    let ermeo = Simulator::ermeo();
    let token = token(&ermeo, &LOGIN).text("access_token");
    let wrong = api(&ermeo, "GET /api/v1/assets", "wrong");
    wrong.is(
        401,
        r#"{"error":"invalid_grant","error_description":"The access token provided is invalid."}"#,
    );
    let challenge = r#"Bearer realm="Service", error="invalid_grant", error_description="The access token provided is invalid.""#;
    assert_eq!(wrong.header("www-authenticate"), Some(challenge));
    ermeo.advance(Duration::from_secs(7200));
    let expired = api(&ermeo, "GET /api/v1/assets", &token);
    expired.is(
        401,
        r#"{"error":"invalid_grant","error_description":"The access token provided has expired."}"#,
    );
    let none = send(&ermeo, "GET /api/v1/assets", &[], "");
    assert_eq!(
        (none.status, none.text("error").as_str()),
        (401, "access_denied")
    );
}

#[test]
fn the_pages_of_assets_hold_every_asset_once() {
    let ermeo = Simulator::ermeo();
    let token = token(&ermeo, &LOGIN).text("access_token");
    let (mut ids, mut page) = (Vec::new(), Some(1));
    while let Some(number) = page {
        let line = format!("GET /api/v1/assets?limit=10&page={number}");
        let reply = api(&ermeo, &line, &token).json();
        assert_eq!(reply["total_items"], ASSETS);
        assert_eq!(reply["total_pages"], 3);
        assert_eq!(reply["items_per_page"], 10);
        assert_eq!(
            reply["previous_page"].as_u64(),
            (number > 1).then(|| number - 1)
        );
        ids.extend(
            reply["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].to_string()),
        );
        page = reply["next_page"].as_u64();
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), ASSETS);
    for query in ["limit=0", "limit=101", "page=0", "page=x"] {
        assert_eq!(
            api(&ermeo, &format!("GET /api/v1/assets?{query}"), &token).status,
            400
        );
    }
}

#[test]
fn a_posted_asset_gets_an_id_and_is_kept() {
    let ermeo = Simulator::ermeo();
    let bearer = format!("Bearer {}", token(&ermeo, &LOGIN).text("access_token"));
    let headers = [JSON, ("Authorization", bearer.as_str())];
    let line = "POST /api/v1/assets";
    let created = send(&ermeo, line, &headers, r#"{"name":"Pump"}"#);
    assert_eq!(
        (created.status, created.text("name").as_str()),
        (201, "Pump")
    );
    assert!(!created.text("id").is_empty());
    assert_eq!(send(&ermeo, line, &headers, "Pump").status, 400);
    assert_eq!(
        send(&ermeo, line, &[JSON], r#"{"name":"Pump"}"#).status,
        401
    );
    let list = send(&ermeo, "GET /api/v1/assets", &headers, "").json();
    assert_eq!(list["total_items"], ASSETS + 1);
}
