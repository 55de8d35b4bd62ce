//! Logins that the server is told of before the user is sent to it.

use auth_core::Session;
use auth_core::error::ErrorCode;
use auth_core::transport::HttpTransport;
use oauth2_generic::{AuthorizationCode, Client, ClientAuth};

use super::browser::{Browser, REDIRECT_URI};
use super::site::{ALICE, Site, on_oidc};
use super::transport::Counted;

fn login(site: &Site, client_id: &str, secret: &str) -> AuthorizationCode {
    AuthorizationCode {
        client: Client {
            pushed_authorization_request_endpoint: site.at("/request"),
            ..site.client(client_id, secret)
        },
        redirect_uri: REDIRECT_URI.into(),
        ..AuthorizationCode::default()
    }
}

#[test]
fn a_pushed_login_shows_the_browser_a_reference_and_nothing_else() {
    on_oidc(|site| {
        for client_auth in [ClientAuth::Body, ClientAuth::Basic] {
            for (client_id, secret) in [("pushing", "pushing-secret"), ("app", "")] {
                let mut login = login(site, client_id, secret);
                login.client.client_auth = client_auth.clone();
                let pending = login.begin_pushed(&HttpTransport::new()).unwrap();
                let (_, query) = pending.url().split_once('?').unwrap();
                let names = query.split('&').filter_map(|pair| pair.split('=').next());
                assert_eq!(names.collect::<Vec<_>>(), ["client_id", "request_uri"]);
                assert!(pending.expires_in().is_some());

                let redirect = Browser::new(ALICE).visit(pending.url());
                let session = Session::new(pending.redirected(&redirect).unwrap());
                assert_eq!(site.whoami(&session), "alice");
            }
        }
    });
}

#[test]
fn a_client_that_must_push_gets_nowhere_without() {
    on_oidc(|site| {
        let pending = login(site, "pushing", "pushing-secret").begin().unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let error = pending.redirected(&redirect).unwrap_err();
        assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidRequest);
    });
}

#[test]
fn a_question_that_may_not_be_asked_is_refused_before_anybody_is_bothered() {
    on_oidc(|site| {
        let http = Counted::default();
        let mut wrong_secret = login(site, "pushing", "wrong");
        wrong_secret.client.client_auth = ClientAuth::Basic;
        let mut scope = login(site, "app", "");
        scope.client.scope = site.forbidden_scope().into();
        let mut redirect = login(site, "app", "");
        redirect.redirect_uri = "https://elsewhere.example/callback".into();
        for (login, code) in [
            (wrong_secret, ErrorCode::InvalidClient),
            (scope, ErrorCode::InvalidScope),
            (redirect, ErrorCode::InvalidRequest),
        ] {
            let error = login.begin_pushed(&http).unwrap_err();
            assert_eq!(error.refusal().expect("it said why").code, code);
        }
        assert_eq!(http.sent(), 3);
    });
}
