//! The contract, for a vendor defined outside this crate, and for vendors that violate it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use auth_core::grant::{Identity, Policy, TokenRequest};
use auth_core::{Error, Grant, Result, Secret};
use auth_sim::vendor_contract::{VendorContract, properties};
use auth_sim::{Login, Realm, Received, Rejection, Response, VendorServer};
use serde_json::json;

auth_sim::vendor_contract!(acme(), refresh_tokens, client_secret);

/// A vendor whose parameters have names of its own.
#[derive(Clone)]
struct Acme {
    base: String,
    key: Secret,
    pin: Option<Secret>,
    shows_its_pin: bool,
}

impl std::fmt::Debug for Acme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pin = self.pin.as_ref().filter(|_| self.shows_its_pin);
        write!(f, "Acme {:?}", pin.map(Secret::expose))
    }
}

impl Acme {
    fn request(&self, path: &str) -> TokenRequest {
        TokenRequest::form(format!("{}{path}", self.base)).secret("key", &self.key)
    }
}

impl Grant for Acme {
    fn identity(&self) -> Identity {
        Identity::new("acme")
            .with_url("base", &self.base)
            .user(Some("ada"))
    }

    fn policy(&self) -> Policy {
        Policy::for_password().api(&self.base).api_rejection(418)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        match &self.pin {
            Some(pin) => Ok(self.request("/login").secret("pin", pin)),
            None => Err(Error::no_credentials()),
        }
    }

    fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
        Ok(self.request("/login").secret("again", refresh_token))
    }
}

struct Server;

impl VendorServer for Server {
    fn name(&self) -> &str {
        "acme"
    }

    fn token_path(&self) -> &str {
        "/login"
    }

    fn account(&self) -> Login {
        Login::new("app", "ada")
    }

    fn client_secret(&self) -> Option<&str> {
        Some(KEY)
    }

    fn token(&self, realm: &mut Realm, request: &Received) -> Response {
        let field = |name: &str| request.field(name).unwrap_or_default();
        if !realm.knows_secret(&field("key")) {
            return Response::json(401, &json!({"error": "invalid_client"}));
        }
        let pair = match request.field("again") {
            Some(token) => realm.refresh(&token, None),
            None if field("pin") == PIN && !realm.is_locked() => Ok(realm.log_in(&self.account())),
            None => Err(Rejection::Invalid),
        };
        match pair {
            Ok(pair) => Response::json(
                200,
                &json!({
                    "access_token": pair.access_token,
                    "refresh_token": pair.refresh_token,
                    "token_type": "bearer",
                    "expires_in": realm.expires_in(),
                }),
            ),
            Err(_) => Response::json(400, &json!({"error": "invalid_grant"})),
        }
    }

    fn api(&self, _: &mut Realm, _: &Received) -> Response {
        Response::new(200)
    }

    fn reject(&self, _: Option<Rejection>) -> Response {
        Response::new(418)
    }
}

fn grant(base: &str, key: &str, pin: Option<&str>) -> Acme {
    Acme {
        base: base.to_owned(),
        key: Secret::new(key),
        pin: pin.map(Secret::new),
        shows_its_pin: false,
    }
}

fn acme() -> VendorContract {
    VendorContract::new(
        Server,
        |base| grant(base, KEY, Some(PIN)),
        |base| grant(base, KEY, Some("a wrong one")),
    )
    .refresh_only(|base| grant(base, KEY, None))
    .outdated_secret(|base| grant(base, "an old one", Some(PIN)))
    .is_refresh(|request| request.field("again").is_some())
    .api("/orders")
    .rejects_with(418)
    .secret(KEY)
    .secret(PIN)
}

fn fails(check: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(check)).is_err()
}

#[test]
fn a_grant_that_shows_a_secret_breaks_it() {
    let leaky = VendorContract::new(
        Server,
        |base| Acme {
            shows_its_pin: true,
            ..grant(base, KEY, Some(PIN))
        },
        |base| grant(base, KEY, Some("a wrong one")),
    );
    let leaky = leaky.api("/orders").rejects_with(418);
    properties::nothing_shows_a_secret(&leaky);
    let leaky = leaky.secret(PIN);
    assert!(fails(|| properties::nothing_shows_a_secret(&leaky)));
}

#[test]
fn another_status_of_the_api_breaks_it() {
    let contract = acme().rejects_with(401);
    assert!(fails(|| properties::an_expired_token_is_renewed(&contract)));
}

#[test]
fn a_feature_that_the_macro_lacks_breaks_it() {
    acme().is_complete(&["refresh_tokens", "client_secret"]);
    for wrong in [&["refresh_tokens"][..], &["client_secret"], &[]] {
        assert!(fails(|| acme().is_complete(wrong)), "{wrong:?}");
    }
}

const KEY: &str = "the-key-of-the-client";
const PIN: &str = "the-pin-of-the-user";
