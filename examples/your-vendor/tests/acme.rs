//! Acme's simulated server, its requests, and the contract of every vendor.

use auth_core::{Secret, Session};
use auth_sim::vendor_contract::VendorContract;
use auth_sim::{Fault, Login, Realm, Received, Response, Simulator, VendorServer};
use your_vendor::Acme;

/// Acme's server, as its documentation describes it.
struct AcmeServer;

impl VendorServer for AcmeServer {
    fn name(&self) -> &str {
        "acme"
    }

    fn token_path(&self) -> &str {
        "/login"
    }

    fn account(&self) -> Login {
        Login::new("my-app", "ada")
    }

    fn presented<'a>(&self, request: &'a Received) -> Option<&'a str> {
        request.header("x-acme-token")
    }

    fn token(&self, realm: &mut Realm, request: &Received) -> Response {
        let field = |name: &str| request.field(name).unwrap_or_default();
        let pair = match request.field("renewal") {
            Some(token) => realm.refresh(&token, Some(&field("app"))).ok(),
            None if field("pin") == PIN && !realm.is_locked() => {
                Some(realm.log_in(&Login::new(field("app"), field("user"))))
            }
            None => None,
        };
        let Some(pair) = pair else {
            return Response::json(400, r#"{"error":"invalid_grant"}"#);
        };
        let (token, renewal) = (pair.access_token, pair.refresh_token);
        let body = format!(r#"{{"session":{{"token":"{token}","renewal":"{renewal}"}}}}"#);
        Response::json(200, &body)
    }

    fn api(&self, _: &mut Realm, _: &Received) -> Response {
        Response::json(200, "[]")
    }
}

mod contract {
    auth_sim::vendor_contract!(super::acme(), refresh_tokens);
}

fn acme() -> VendorContract {
    VendorContract::new(
        AcmeServer,
        |base| log_in(base, PIN),
        |base| log_in(base, "0000"),
    )
    .refresh_only(|base| Acme::new("my-app").base(base))
    .is_refresh(|request| request.field("renewal").is_some())
    .api("/orders")
    .token_header("x-acme-token")
    .secret(PIN)
}

fn log_in(base: &str, pin: &str) -> Acme {
    Acme::new("my-app").pin("ada", Secret::new(pin)).base(base)
}

#[test]
fn a_login_is_this_request() {
    let server = Simulator::builder(AcmeServer).start().unwrap();
    let session = Session::new(log_in(server.url(), PIN));
    session.token().unwrap();
    let expected = "POST /login\ncontent-type: application/x-www-form-urlencoded\n\n\
        app=my-app&user=ada&pin=the+pin"
        .replace('+', "%20");
    assert_eq!(server.requests()[0].exact(), expected);
}

#[test]
fn the_agent_signs_with_acmes_header() {
    let server = Simulator::builder(AcmeServer).start().unwrap();
    let session = Session::new(log_in(server.url(), PIN));
    let orders = format!("{}/orders", server.url());
    server.next(Fault::Status(503)); // Acme fails once
    assert_eq!(session.agent().get(&orders).call().unwrap().status(), 200);
    let sent = &server.api_requests()[0];
    assert!(sent.header("x-acme-token").is_some() && sent.header("authorization").is_none());
}

const PIN: &str = "the pin";
