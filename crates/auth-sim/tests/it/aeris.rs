//! Aeris: its responses, and each request that it refuses.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auth_sim::aeris::{ACCOUNT_ID, ACCOUNT_SECRET, CLIENT_ID, CLIENT_SECRET, REQUESTER_ID};
use auth_sim::{Simulator, Vendor};

use crate::client::{FORM, JSON, Reply, api, form, send, with, without};

const QUERY: [(&str, &str); 6] = [
    ("clientId", CLIENT_ID),
    ("cs", CLIENT_SECRET),
    ("accountId", ACCOUNT_ID),
    ("as", ACCOUNT_SECRET),
    ("requesterId", REQUESTER_ID),
    ("grant_type", "client_credentials"),
];
const USAGE: &str = "GET /devicesQuery/18002/devices/cellUtilization";
const YEAR: u64 = 365 * 24 * 3600;

fn token(aeris: &Simulator, query: &[(&str, &str)]) -> Reply {
    send(
        aeris,
        &format!("GET /api/token?{}", form(query)),
        &[JSON],
        "",
    )
}

#[test]
fn expires_in_is_an_epoch_second_a_year_ahead() {
    let then = UNIX_EPOCH + Duration::from_secs(1_554_119_108);
    let aeris = Simulator::builder(Vendor::Aeris)
        .now(move || then)
        .start()
        .unwrap();
    let reply = token(&aeris, &QUERY);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["expires_in"], 1_554_119_108 + YEAR);
    assert_eq!(reply.text("token_type"), "Bearer");
    assert_eq!(reply.text("token").split('.').count(), 3);
    assert!(reply.text("token").starts_with("eyJ"));
    assert!(reply.json().get("refresh_token").is_none());
    assert_eq!(reply.header("date"), Some("Mon, 01 Apr 2019 11:45:08 GMT"));
}

#[test]
fn the_method_and_the_content_type_are_mandatory() {
    let aeris = Simulator::aeris();
    let line = format!("/api/token?{}", form(&QUERY));
    let post = send(&aeris, &format!("POST {line}"), &[JSON], "");
    assert_eq!((post.status, post.header("allow")), (405, Some("GET")));
    send(&aeris, &format!("GET {line}"), &[], "").is(415, "Unsupported Media Type");
    send(&aeris, &format!("GET {line}"), &[FORM], "").is(415, "Unsupported Media Type");
    assert_eq!(
        send(&aeris, &format!("GET {line}"), &[JSON], "").status,
        200
    );
    assert_eq!(send(&aeris, "GET /api/tokens", &[JSON], "").status, 404);
}

#[test]
fn each_of_the_six_parameters_is_mandatory() {
    let aeris = Simulator::aeris();
    for (name, _) in QUERY {
        let missing =
            format!(r#"{{"error":"Bad Request","message":"Missing query parameter {name}"}}"#);
        token(&aeris, &without(&QUERY, name)).is(400, &missing);
        token(&aeris, &with(&QUERY, name, "")).is(400, &missing);
    }
}

#[test]
fn wrong_values_are_refused() {
    let aeris = Simulator::aeris();
    for name in ["clientId", "cs", "accountId", "as"] {
        token(&aeris, &with(&QUERY, name, "wrong")).is(401, "Unauthorized");
    }
    assert_eq!(
        token(&aeris, &with(&QUERY, "requesterId", "no-at-sign")).status,
        400
    );
    assert_eq!(
        token(&aeris, &with(&QUERY, "grant_type", "password")).status,
        400
    );
    assert_eq!(
        token(&aeris, &with(&QUERY, "requesterId", "other@example.com")).status,
        200
    );
}

#[test]
fn the_api_returns_401_without_a_valid_token() {
    let aeris = Simulator::aeris();
    let token = token(&aeris, &QUERY).text("token");
    assert_eq!(api(&aeris, USAGE, &token).json()["accountId"], ACCOUNT_ID);
    assert_eq!(
        api(&aeris, &USAGE.replace("18002", "18003"), &token).status,
        403
    );
    send(&aeris, USAGE, &[], "").is(401, "Unauthorized");
    api(&aeris, USAGE, "wrong").is(401, "Unauthorized");
    aeris.advance(Duration::from_secs(YEAR));
    api(&aeris, USAGE, &token).is(401, "Unauthorized");
}

#[test]
fn the_year_is_measured_by_the_clock_of_the_simulator() {
    let aeris = Simulator::aeris();
    let before = epoch(aeris.now());
    aeris.advance(Duration::from_secs(1000));
    let expires = token(&aeris, &QUERY).json()["expires_in"].as_u64().unwrap();
    assert!(expires >= before + 1000 + YEAR);
}

fn epoch(moment: SystemTime) -> u64 {
    moment.duration_since(UNIX_EPOCH).unwrap().as_secs()
}
