//! Refusals in each dialect, word for word.

use std::time::{Duration, UNIX_EPOCH};

use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME};
use auth_sim::{Dialect, Simulator, Vendor, VendorServer as _, aeris, ermeo};

use crate::client::{FORM, JSON, Reply, form, json, send, with};

const CLIENT: [(&str, &str); 2] = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
const LOGIN: [(&str, &str); 5] = [
    ("client_id", CLIENT_ID),
    ("client_secret", CLIENT_SECRET),
    ("username", USERNAME),
    ("password", PASSWORD),
    ("grant_type", "password"),
];

/// Starts a server in this dialect, with a fixed clock.
fn speaking(vendor: Vendor, dialect: Dialect) -> Simulator {
    let builder = Simulator::builder(vendor).dialect(dialect);
    let second = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    builder.now(move || second).start().unwrap()
}

fn token(generic: &Simulator, fields: &[(&str, &str)]) -> Reply {
    send(generic, "POST /token", &[FORM], &form(fields))
}

fn with_grant(grant: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    [grant, &CLIENT[..]].concat()
}

/// Returns the refusals of a spent refresh token, a wrong secret, a wrong password and an unknown code.
fn refusals(dialect: Dialect) -> [Reply; 4] {
    let generic = speaking(Vendor::Generic, dialect);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "spent")];
    let code = [("grant_type", "authorization_code"), ("code", "unknown")];
    let replies = [
        token(&generic, &with_grant(&refresh)),
        token(&generic, &with(&LOGIN, "client_secret", "wrong")),
        token(&generic, &with(&LOGIN, "password", "wrong")),
        token(&generic, &with_grant(&code)),
    ];
    assert!(generic.token_requests().iter().all(|it| it.refused));
    token(&generic, &LOGIN).text("access_token");
    assert!(!generic.token_requests()[4].refused);
    replies
}

#[test]
fn rfc_uses_the_codes_of_rfc_6749() {
    let [refresh, secret, password, code] = refusals(Dialect::Rfc);
    for reply in [refresh, password, code] {
        assert_eq!(
            (reply.status, reply.text("error").as_str()),
            (400, "invalid_grant")
        );
        assert!(!reply.text("error_description").is_empty());
    }
    assert_eq!(
        (secret.status, secret.text("error").as_str()),
        (401, "invalid_client")
    );
}

#[test]
fn a_bare_status_has_an_empty_body() {
    let [refresh, secret, password, code] = refusals(Dialect::BareStatus);
    password.is(403, "");
    for reply in [refresh, secret, code] {
        reply.is(400, "");
    }
}

#[test]
fn a_framework_returns_its_error_page() {
    let page = r#"{"error":"Unauthorized","path":"/token","status":401,"timestamp":1767225600000}"#;
    for reply in refusals(Dialect::FrameworkPage) {
        reply.is(401, page);
    }
    let generic = speaking(Vendor::Generic, Dialect::FrameworkPage);
    let page = r#"{"error":"Bad Request","path":"/token","status":400,"timestamp":1767225600000}"#;
    token(&generic, &CLIENT).is(400, page);
}

#[test]
fn vendor_words_use_the_vendors_members() {
    let [refresh, secret, password, code] = refusals(Dialect::VendorWords);
    let words = r#"{"message":"The refresh token is unknown, revoked or was used before","status":"BAD_REFRESH_TOKEN"}"#;
    refresh.is(400, words);
    for reply in [&secret, &password, &code] {
        assert_eq!(
            (reply.status, reply.text("error").as_str()),
            (403, "E_FORBIDDEN")
        );
    }
    assert_eq!(
        password.text("raw"),
        "The username or the password is wrong"
    );
}

#[test]
fn a_refusal_may_have_a_success_status() {
    let replies = refusals(Dialect::SuccessStatus);
    let codes = replies.map(|reply| {
        assert_eq!(reply.status, 200);
        reply.text("error")
    });
    assert_eq!(
        codes,
        [
            "bad_refresh_token",
            "incorrect_client_credentials",
            "incorrect_user_credentials",
            "bad_verification_code",
        ]
    );
}

#[test]
fn every_vendor_speaks_every_dialect() {
    for dialect in Dialect::ALL {
        for vendor in Vendor::ALL {
            let simulator = speaking(vendor, dialect);
            let token = simulator.issue_refresh_token();
            let fields = [
                ("grant_type", "refresh_token"),
                ("refresh_token", token.as_str()),
                ("client_id", "another"),
                ("client_secret", "wrong"),
            ];
            let (kind, body) = match vendor {
                Vendor::Ermeo => (JSON, json(&fields)),
                _ => (FORM, form(&fields)),
            };
            let line = match vendor {
                Vendor::Aeris => {
                    let query = form(&[
                        ("clientId", aeris::CLIENT_ID),
                        ("cs", "wrong"),
                        ("accountId", aeris::ACCOUNT_ID),
                        ("as", aeris::ACCOUNT_SECRET),
                        ("requesterId", aeris::REQUESTER_ID),
                        ("grant_type", "client_credentials"),
                    ]);
                    format!("GET /api/token?{query}")
                }
                _ => format!("POST {}", vendor.token_path()),
            };
            let kind = if vendor == Vendor::Aeris { JSON } else { kind };
            let tenant = ("companyurl", "https://unknown.aerion.app");
            let reply = send(&simulator, &line, &[kind, tenant], &body);
            let is_success = dialect == Dialect::SuccessStatus;
            assert_eq!(reply.status == 200, is_success, "{vendor:?} {dialect:?}");
            assert_eq!(
                reply.body.is_empty(),
                dialect == Dialect::BareStatus,
                "{vendor:?} {dialect:?}"
            );
            assert!(simulator.requests()[0].refused, "{vendor:?} {dialect:?}");
        }
    }
}

#[test]
fn every_dialect_keeps_authorization_pending() {
    for dialect in Dialect::ALL {
        let generic = speaking(Vendor::Generic, dialect);
        let codes = send(
            &generic,
            "POST /device_authorization",
            &[FORM],
            &form(&CLIENT),
        );
        let device_code = codes.text("device_code");
        generic.advance(Duration::from_secs(5));
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let poll = [("grant_type", grant), ("device_code", device_code.as_str())];
        let reply = token(&generic, &[&poll[..], &CLIENT[..]].concat());
        assert_eq!(reply.text("error"), "authorization_pending");
    }
}

#[test]
fn a_wrong_path_stays_a_wrong_path() {
    let ermeo = speaking(Vendor::Ermeo, Dialect::SuccessStatus);
    assert_eq!(send(&ermeo, "GET /oauth/v2/token", &[], "").status, 405);
    assert_eq!(send(&ermeo, "POST /oauth/v2/tokens", &[], "").status, 404);
}

#[test]
fn client_secrets_are_rolled_out() {
    let ermeo = Simulator::ermeo();
    let login = |secret| {
        let fields = [
            ("client_id", ermeo::CLIENT_ID),
            ("client_secret", secret),
            ("username", ermeo::USERNAME),
            ("password", ermeo::PASSWORD),
            ("grant_type", "password"),
        ];
        send(&ermeo, "POST /oauth/v2/token", &[JSON], &json(&fields)).status
    };
    let both = || [ermeo::CLIENT_SECRET, "new"].map(login);
    assert_eq!(both(), [200, 400]);
    ermeo.accept_client_secrets([ermeo::CLIENT_SECRET, "new"]);
    assert_eq!(both(), [200, 200]);
    ermeo.accept_client_secrets(["new"]);
    assert_eq!(both(), [400, 200]);
    ermeo.lock_account(true);
    assert_eq!(both(), [400, 400]);
    ermeo.lock_account(false);
    assert_eq!(both(), [400, 200]);
}

#[test]
fn each_client_of_the_generic_server_has_its_own_secret() {
    let generic = Simulator::generic();
    generic.accept_client_secrets(["new"]);
    assert_eq!(token(&generic, &LOGIN).status, 401);
    assert_eq!(
        token(&generic, &with(&LOGIN, "client_secret", "new")).status,
        200
    );
    let odd = [
        ("client_id", auth_sim::generic::ODD_CLIENT_ID),
        ("client_secret", auth_sim::generic::ODD_CLIENT_SECRET),
        ("grant_type", "client_credentials"),
    ];
    assert_eq!(token(&generic, &odd).status, 200);
    assert_eq!(
        token(&generic, &with(&odd, "client_secret", "new")).status,
        401
    );
}
