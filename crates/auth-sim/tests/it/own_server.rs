//! A vendor defined outside this crate, and control of its clock from another process.

use std::time::Duration;

use auth_sim::{Fault, Login, Realm, Received, Rejection, Response, Simulator, VendorServer};
use serde_json::json;

use crate::client::{Reply, send};

/// A vendor whose API requires `Authorization: Token …` and whose refusals have their own format.
struct Acme;

impl VendorServer for Acme {
    fn name(&self) -> &str {
        "acme"
    }

    fn token_path(&self) -> &str {
        "/login"
    }

    fn account(&self) -> Login {
        Login::new("app", "ada").scope("orders")
    }

    fn presented<'a>(&self, request: &'a Received) -> Option<&'a str> {
        request.header("authorization")?.strip_prefix("Token ")
    }

    fn token(&self, realm: &mut Realm, request: &Received) -> Response {
        let token = request.field("refresh_token").unwrap_or_default();
        let pair = match request.grant_type().as_str() {
            "password" => Ok(realm.log_in(&self.account())),
            _ => realm.refresh(&token, Some("app")),
        };
        match pair {
            Ok(pair) => Response::json(
                200,
                &json!({"access_token": pair.access_token, "refresh_token": pair.refresh_token}),
            ),
            Err(Rejection::Expired) => Response::json(400, r#"{"error":"too_old"}"#),
            Err(_) => Response::json(400, r#"{"error":"bad_token"}"#),
        }
    }

    fn api(&self, realm: &mut Realm, request: &Received) -> Response {
        let login = realm.access(self.presented(request).unwrap_or_default());
        let shown = login.map(
            |Login {
                 client,
                 user,
                 scope,
                 ..
             }| format!("{user} at {client}: {scope}"),
        );
        Response::json(200, &format!("{shown:?}"))
    }
}

fn log_in(acme: &Simulator) -> Reply {
    send(acme, "POST /login?grant_type=password", &[], "")
}

fn refresh(acme: &Simulator, token: &str) -> Reply {
    let line = format!("POST /login?grant_type=refresh_token&refresh_token={token}");
    send(acme, &line, &[], "")
}

fn orders(acme: &Simulator, token: &str) -> Reply {
    let authorization = format!("Token {token}");
    send(
        acme,
        "GET /orders",
        &[("authorization", &authorization)],
        "",
    )
}

#[test]
fn tokens_rotate_and_are_counted() {
    let acme = Simulator::builder(Acme).start().unwrap();
    let first = log_in(&acme).text("refresh_token");
    let second = refresh(&acme, &first).text("refresh_token");
    refresh(&acme, &first).is(400, r#"{"error":"bad_token"}"#);
    assert_eq!((acme.spends()[&first], acme.spends()[&second]), (2, 0));
    assert!(acme.token_requests()[2].refused);
    let elsewhere = acme.issue_refresh_token();
    assert_eq!(refresh(&acme, &elsewhere).status, 200);
}

#[test]
fn its_own_scheme_opens_the_api_until_the_token_expires() {
    let acme = Simulator::builder(Acme).start().unwrap();
    let token = log_in(&acme).text("access_token");
    let answer = orders(&acme, &token);
    assert_eq!(answer.status, 200);
    assert!(
        answer.body.contains("ada at app: orders"),
        "{}",
        answer.body
    );
    let bearer = format!("Bearer {token}");
    let wrong = send(&acme, "GET /orders", &[("authorization", &bearer)], "");
    assert_eq!(wrong.status, 401);
    acme.advance(Duration::from_secs(3600));
    assert_eq!(orders(&acme, &token).status, 401);
    acme.advance(Duration::from_secs(14 * 24 * 3600));
    let old = acme.issue_refresh_token();
    acme.advance(Duration::from_secs(14 * 24 * 3600));
    refresh(&acme, &old).is(400, r#"{"error":"too_old"}"#);
}

#[test]
fn faults_apply_to_its_token_endpoint() {
    let acme = Simulator::builder(Acme).start().unwrap();
    acme.next(Fault::Status(503));
    assert_eq!(orders(&acme, "").status, 401);
    assert_eq!((log_in(&acme).status, log_in(&acme).status), (503, 200));
    assert_eq!((acme.name(), acme.token_path()), ("acme", "/login"));
}

#[test]
fn another_process_moves_the_clock() {
    let acme = Simulator::builder(Acme).control(true).start().unwrap();
    let token = log_in(&acme).text("access_token");
    let begun = acme.now();
    let moved = send(&acme, "POST /_sim/advance?seconds=3600", &[], "");
    assert_eq!(moved.status, 200);
    assert!(acme.now() >= begun + Duration::from_secs(3600));
    assert_eq!(orders(&acme, &token).status, 401);
    for wrong in ["", "?seconds=", "?seconds=-1", "?seconds=1e3"] {
        let answer = send(&acme, &format!("POST /_sim/advance{wrong}"), &[], "");
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(answer.body.contains("POST /_sim/advance?seconds="));
    }
}

#[test]
fn another_process_revokes_tokens() {
    let acme = Simulator::builder(Acme).control(true).start().unwrap();
    let answers = |query: &str| {
        let login = log_in(&acme);
        let (access, refresh_token) = (login.text("access_token"), login.text("refresh_token"));
        let revoked = send(&acme, &format!("POST /_sim/revoke{query}"), &[], "");
        let statuses = (
            orders(&acme, &access).status,
            refresh(&acme, &refresh_token).status,
        );
        (revoked.status, statuses)
    };
    assert_eq!(answers("?tokens=access"), (204, (401, 200)));
    assert_eq!(answers("?tokens=refresh"), (204, (200, 400)));
    assert_eq!(answers(""), (204, (401, 400)));
    assert_eq!(answers("?tokens=all"), (400, (200, 200)));
}

#[test]
fn control_is_opt_in_not_recorded_and_without_faults() {
    let acme = Simulator::builder(Acme).control(true).start().unwrap();
    acme.next_api(Fault::Status(503));
    assert_eq!(send(&acme, "GET /_sim/revoke", &[], "").status, 404);
    assert_eq!(send(&acme, "POST /_sim/revoke", &[], "").status, 204);
    assert!(acme.requests().is_empty());
    let acme = Simulator::builder(Acme).start().unwrap();
    let answer = send(&acme, "POST /_sim/revoke", &[], "");
    assert_eq!((answer.status, acme.requests().len()), (401, 1));
}
