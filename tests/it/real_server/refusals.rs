//! Wrong clients, passwords and scopes.

use crate::support::asking::Asking as _;
use auth_core::Secret;
use auth_core::error::{ErrorCode, Refusal};
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Grant};
use oauth2_generic::{Client, ClientAuth, ClientCredentials, Password};

use super::site::{ALICE, Kind, Site, on_every_site};
use super::transport::Counted;

/// Returns the server's refusal of a grant.
fn refusal(grant: &dyn Grant) -> Refusal {
    match grant.obtain(&HttpTransport::new()) {
        Err(Error::Refused(refusal)) => *refusal,
        other => panic!("it was not refused: {other:?}"),
    }
}

fn service(site: &Site) -> Client {
    site.client("service", "service-secret")
}

#[test]
fn a_wrong_client_is_refused_in_the_body_and_in_http_basic() {
    on_every_site(|site| {
        for auth in [ClientAuth::post, ClientAuth::basic] {
            let of = |id, secret| site.client(id, "").auth(auth(Secret::new(secret)));
            for client in [of("service", "wrong"), of("unknown", "service-secret")] {
                let refusal = refusal(&ClientCredentials::new(client));
                assert_eq!(refusal.code, ErrorCode::InvalidClient);
                assert_eq!(refusal.status, Some(401));
            }
        }
    });
}

#[test]
fn a_wrong_password_is_refused_and_not_tried_again() {
    on_every_site(|site| {
        let alice = site.alice_by(Secret::new("wrong"));
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = http.session(alice, &clock);
        for _ in 0..3 {
            let error = session.token().unwrap_err();
            let refusal = error.refusal().expect("the server names a reason");
            assert_eq!(refusal.code, ErrorCode::InvalidGrant);
            assert_eq!(refusal.status, Some(400));
            assert!(!format!("{error:?}").contains("wrong"));
        }
        assert_eq!(http.sent(), 1);
    });
}

#[test]
fn a_scope_that_is_not_for_the_client_is_refused() {
    on_every_site(|site| {
        let scope = format!("read {}", site.forbidden_scope());
        let service = ClientCredentials::new(service(site).scope(scope));
        assert_eq!(refusal(&service).code, ErrorCode::InvalidScope);
    });
}

#[test]
fn a_grant_that_is_not_the_clients_is_refused() {
    on_every_site(|site| {
        let alice = Password::new(service(site), ALICE.0, Secret::new(ALICE.1));
        let code = match site.kind {
            Kind::Django => ErrorCode::UnauthorizedClient,
            Kind::Oidc => ErrorCode::InvalidRequest,
        };
        assert_eq!(refusal(&alice).code, code);
    });
}
