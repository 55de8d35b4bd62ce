//! The grants of both servers, to a token that the API accepts.

use super::transport::session_after;
use auth_core::Secret;
use auth_core::Session;
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use oauth2_generic::{AuthorizationCode, ClientAuth, ClientCredentials, Password, RefreshToken};

use super::site::{ALICE, BOB, Browser, REDIRECT_URI, on_every_site};
use super::transport::Counted;

#[test]
fn a_password_opens_the_api() {
    on_every_site(|site| {
        let session = Session::new(site.alice());
        assert_eq!(site.whoami(&session), "alice");
        assert_eq!(session.token().unwrap().scope(), Some("read"));
        assert!(session.refresh_token().is_some());
    });
}

#[test]
fn a_public_client_sends_a_password_of_odd_characters() {
    on_every_site(|site| {
        let session = Session::new(Password::new(
            site.client("password-public", ""),
            BOB.0,
            Secret::new(BOB.1),
        ));
        assert_eq!(site.whoami(&session), BOB.0);
    });
}

#[test]
fn a_client_acts_for_itself_in_the_body_and_in_http_basic() {
    on_every_site(|site| {
        let secret = || Secret::new("service-secret");
        for auth in [ClientAuth::post(secret()), ClientAuth::basic(secret())] {
            let client = site.client("service", "").auth(auth).scope("read write");
            let session = Session::new(ClientCredentials::new(client));
            assert_eq!(site.whoami(&session), "no user");
            assert_eq!(session.token().unwrap().scope(), Some("read write"));
            assert!(session.refresh_token().is_none());
        }
    });
}

#[test]
fn a_secret_of_odd_characters_works_with_every_auth() {
    on_every_site(|site| {
        let secret = || Secret::new("b2Rk/c2VjcmV0~:&$!*==");
        for auth in [ClientAuth::post, ClientAuth::basic, ClientAuth::basic_raw] {
            let client = site.client("odd-service", "").auth(auth(secret()));
            let session = Session::new(ClientCredentials::new(client));
            assert_eq!(site.whoami(&session), "no user");
        }
    });
}

#[test]
fn a_code_works_for_confidential_and_public_clients() {
    on_every_site(|site| {
        for (client_id, secret) in [("web", "web-secret"), ("app", "")] {
            let client = site.client(client_id, secret).scope("write read");
            let login = AuthorizationCode::new(client, REDIRECT_URI);
            let pending = login.begin(&HttpTransport::new()).unwrap();
            let redirect = Browser::new(BOB).visit(pending.url());
            let session = session_after(
                &login,
                pending.exchange(&redirect, &HttpTransport::new()).unwrap(),
            );
            assert_eq!(site.whoami(&session), BOB.0);
            assert_eq!(session.token().unwrap().scope(), Some("write read"));
            assert!(session.refresh_token().is_some());
        }
    });
}

#[test]
fn another_process_can_trade_a_code() {
    on_every_site(|site| {
        let login = || AuthorizationCode::new(site.client("app", ""), REDIRECT_URI);
        let pending = login().begin(&HttpTransport::new()).unwrap();
        let kept = pending.save();
        let redirect = Browser::new(ALICE).visit(pending.url());
        drop(pending);

        let pending = login().resume(&kept).unwrap();
        let tokens = pending.exchange(&redirect, &HttpTransport::new()).unwrap();
        assert_eq!(site.whoami(&session_after(&login(), tokens)), "alice");
    });
}

#[test]
fn a_kept_refresh_token_opens_the_api_without_a_password() {
    on_every_site(|site| {
        let first = Session::new(site.alice());
        first.token().unwrap();
        let kept = first.refresh_token().unwrap();

        let (http, clock) = (Counted::default(), ManualClock::new());
        let grant = RefreshToken::new(site.alices_client()).user("alice");
        let session = http.session_from(grant, &clock, &kept);
        assert_eq!(site.whoami(&session), "alice");
        assert_eq!(http.sent(), 1);
    });
}
