//! Pushed authorization requests: the client sends a login's parameters to the server before it sends the user.

use auth_core::Secret;
use auth_core::error::ErrorCode;
use auth_core::transport::HttpTransport;
use oauth2_generic::{AuthorizationCode, Client, ClientAuth, Server};

use super::site::{ALICE, Browser, REDIRECT_URI, Site, on_oidc};
use super::transport::{Counted, session_after};

/// A pushed login of a client with this authentication.
fn login(site: &Site, client_id: &str, auth: ClientAuth) -> AuthorizationCode {
    login_of(site.client_at(pushing(site), client_id, "").auth(auth))
}

fn login_of(client: Client) -> AuthorizationCode {
    AuthorizationCode::new(client, REDIRECT_URI)
}

fn pushing(site: &Site) -> Server {
    let server = site.server();
    server.pushed_authorization_request_endpoint(site.at("/request"))
}

#[test]
fn a_pushed_login_shows_the_browser_only_a_reference() {
    on_oidc(|site| {
        let secret = || Secret::new("pushing-secret");
        for (client_id, auth) in [
            ("pushing", ClientAuth::post(secret())),
            ("pushing", ClientAuth::basic(secret())),
            ("app", ClientAuth::none()),
        ] {
            let login = login(site, client_id, auth);
            let pending = login.begin(&HttpTransport::new()).unwrap();
            let (_, query) = pending.url().split_once('?').unwrap();
            let names = query.split('&').filter_map(|pair| pair.split('=').next());
            assert_eq!(names.collect::<Vec<_>>(), ["client_id", "request_uri"]);

            let redirect = Browser::new(ALICE).visit(pending.url());
            let tokens = pending.exchange(&redirect, &HttpTransport::new()).unwrap();
            assert_eq!(site.whoami(&session_after(&login, tokens)), "alice");
        }
    });
}

#[test]
fn a_client_that_must_push_is_refused_otherwise() {
    on_oidc(|site| {
        let client = site.client("pushing", "pushing-secret");
        let pending = login_of(client).begin(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let error = pending
            .exchange(&redirect, &HttpTransport::new())
            .unwrap_err();
        assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidRequest);
    });
}

#[test]
fn a_forbidden_login_is_refused_before_the_user_sees_it() {
    on_oidc(|site| {
        let http = Counted::default();
        let app = || site.client_at(pushing(site), "app", "");
        let wrong_secret = login(site, "pushing", ClientAuth::basic(Secret::new("wrong")));
        let scope = login_of(app().scope(site.forbidden_scope()));
        let redirect = AuthorizationCode::new(app(), "https://elsewhere.example/callback");
        for (login, code) in [
            (wrong_secret, ErrorCode::InvalidClient),
            (scope, ErrorCode::InvalidScope),
            (redirect, ErrorCode::InvalidRequest),
        ] {
            let error = login.begin(&http).unwrap_err();
            assert_eq!(error.refusal().expect("a refusal").code, code);
        }
        assert_eq!(http.sent(), 3);
    });
}
