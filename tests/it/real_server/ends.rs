//! Logins that are revoked at the server, and introspection of their tokens.

use crate::support::asking::Asking as _;
use auth_core::Secret;
use std::time::SystemTime;

use auth_core::agent::ureq;
use auth_core::clock::{Clock as _, SystemClock};
use auth_core::error::ErrorCode;
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Session};
use oauth2_generic::{Client, ClientCredentials, Introspection};

use super::site::{Kind, Site, on_every_form, on_every_site};
use super::transport::Counted;

/// Introspects a token as this client.
fn known(client: &Client, token: &str) -> Introspection {
    let token = Secret::new(token);
    client.introspect(&token, &HttpTransport::new()).unwrap()
}

fn service(site: &Site) -> Client {
    site.client("service", "service-secret")
}

#[test]
fn a_log_out_ends_the_login_at_the_server() {
    on_every_site(|site| {
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = http.session(site.alice(), &clock);
        assert_eq!(site.whoami(&session), "alice");
        let (token, kept) = (session.token().unwrap(), session.refresh_token().unwrap());
        session.log_out().unwrap();
        assert_eq!(http.sent(), 2);
        assert!(session.refresh_token().is_none());

        let error = site
            .alice()
            .refresh(&kept, &HttpTransport::new())
            .unwrap_err();
        assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidGrant);
        let answer = ureq::get(site.api())
            .header("authorization", token.authorization())
            .call();
        let refused = match site.kind {
            Kind::Django => 403,
            Kind::Oidc => 401,
        };
        assert!(
            matches!(answer, Err(ureq::Error::StatusCode(status)) if status == refused),
            "the access token ends with its login"
        );
    });
}

#[test]
fn a_token_is_active_until_the_log_out_and_not_afterwards() {
    on_every_form(|site| {
        let session = Session::new(site.alice());
        let (client, token) = (site.alices_client(), session.token().unwrap());
        let before = known(&client, token.expose());
        assert!(before.active);
        assert_eq!(before.scope.as_deref(), Some("read"));
        assert_eq!(before.client_id.as_deref(), Some("password"));
        let owner = match site.kind {
            Kind::Django => before.username,
            Kind::Oidc => before.sub,
        };
        assert_eq!(owner.as_deref(), Some("alice"));
        let now = SystemTime::from(SystemClock::new().now().wall);
        let life = before.expires_at.unwrap().duration_since(now).unwrap();
        assert!((3000..=3600).contains(&life.as_secs()), "{life:?}");

        session.log_out().unwrap();
        let after = known(&client, token.expose());
        assert!(!after.active);
        assert_eq!(
            (after.scope, after.client_id, after.expires_at),
            (None, None, None)
        );
    });
}

#[test]
fn without_a_refresh_token_the_access_token_is_revoked() {
    on_every_form(|site| {
        let session = Session::new(ClientCredentials::new(service(site)));
        let token = session.token().unwrap();
        let client = service(site);
        assert!(known(&client, token.expose()).active);
        session.log_out().unwrap();
        assert!(!known(&client, token.expose()).active);
    });
}

#[test]
fn a_made_up_token_is_not_active() {
    on_every_form(|site| {
        assert!(!known(&service(site), "made-up").active);
    });
}

#[test]
fn introspection_is_not_for_strangers() {
    on_every_form(|site| {
        let session = Session::new(ClientCredentials::new(service(site)));
        let token = Secret::new(session.token().unwrap().expose());
        let stranger = site.client("service", "wrong");
        let error = stranger
            .introspect(&token, &HttpTransport::new())
            .unwrap_err();
        match site.kind {
            // Django refuses without an error code of RFC 6749.
            Kind::Django => assert!(
                matches!(error, Error::Status { status: 403, .. }),
                "{error}"
            ),
            Kind::Oidc => assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidClient),
        }
    });
}
