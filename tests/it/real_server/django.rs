//! Features of django-oauth-toolkit alone: JSON, the implicit grant, an API that rejects tokens with 403.

use crate::support::asking::Asking as _;
use auth_all::Secret;
use std::io::Read as _;

use auth_core::Session;
use auth_core::agent::{self, ureq};
use auth_core::error::ErrorCode;
use auth_core::grant::TokenResponse;
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use oauth2_generic::{ClientAuth, ClientCredentials, Implicit, Password};

use super::site::{ALICE, Browser, REDIRECT_URI, Site, on_django};
use super::transport::Counted;

fn implicit(site: &Site) -> Implicit {
    Implicit::new(site.client("page", "").scope("read"), REDIRECT_URI)
}

#[test]
fn an_implicit_token_opens_the_api_and_has_no_refresh_token() {
    on_django(|site| {
        let login = implicit(site);
        let pending = login.begin().unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        // The server's tokens have `+`, `/` and `=`, so they arrive encoded.
        assert!(
            redirect.contains("access_token=%2B%2F"),
            "the fragment has an encoded token"
        );
        let token = pending.read(&redirect).unwrap();
        assert!(token.access_token.expose().starts_with("+/"));
        assert!(token.refresh_token.is_none());
        let session = Session::builder(login.grant())
            .tokens(token)
            .build()
            .unwrap();
        assert_eq!(site.whoami(&session), "alice");
    });
}

#[test]
fn an_implicit_login_that_is_declined_is_a_refusal() {
    on_django(|site| {
        let mut browser = Browser::new(ALICE);
        browser.consents = false;
        let pending = implicit(site).begin().unwrap();
        let redirect = browser.visit(pending.url());
        let error = pending.read(&redirect).unwrap_err();
        let refusal = error.refusal().expect("the server names a reason");
        assert_eq!(refusal.code, ErrorCode::AccessDenied);
    });
}

/// RFC 6749 §2.3.1: both parts are encoded before they are joined.
#[test]
fn a_client_id_with_a_colon_works_in_http_basic() {
    on_django(|site| {
        let auth = ClientAuth::basic(Secret::new("s:e+c r/e=t&%~"));
        let client = site.client("service:odd 100%", "").auth(auth);
        let session = Session::new(ClientCredentials::new(client));
        assert_eq!(site.whoami(&session), "no user");
    });
}

#[test]
fn each_port_reads_its_own_kind_of_body_and_no_other() {
    on_django(|site| {
        let server = site.server().encoding(site.other_encoding());
        let client = site.client_at(server, "service", "service-secret");
        let error = ClientCredentials::new(client)
            .obtain(&HttpTransport::new())
            .unwrap_err();
        // The server finds no parameter in the body, not even the grant type.
        assert_eq!(
            error.refusal().unwrap().code,
            ErrorCode::UnsupportedGrantType
        );
    });
}

#[test]
fn a_403_with_an_empty_page_is_the_callers_to_judge() {
    on_django(|site| {
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = Session::builder(site.alice())
            .tokens(TokenResponse::new(Secret::new("made-up")))
            .transport(http.clone())
            .clock(clock)
            .build()
            .unwrap();
        let agent = agent::agent_with(&session, |config| config.http_status_as_error(false));
        let answer = agent.get(site.api()).call().unwrap();
        assert_eq!(answer.status(), 403);
        let kind = answer.headers()["content-type"].to_str().unwrap();
        assert!(kind.starts_with("text/html"), "{kind}");
        let mut page = String::new();
        answer
            .into_body()
            .into_reader()
            .read_to_string(&mut page)
            .unwrap();
        assert_eq!(page, "");

        let error = session.agent().get(site.api()).call().unwrap_err();
        assert!(matches!(error, ureq::Error::StatusCode(403)), "{error}");
        assert_eq!(session.token().unwrap().expose(), "made-up");
        assert_eq!(http.sent(), 0, "a 403 costs no login");
    });
}

#[test]
fn a_403_costs_one_renewal_where_it_is_a_rejection() {
    on_django(|site| {
        let client = site.alices_client().api_rejection(403);
        let alice = Password::new(client, ALICE.0, Secret::new(ALICE.1));
        let http = Counted::default();
        let session = Session::builder(alice)
            .tokens(TokenResponse::new(Secret::new("made-up")))
            .transport(http.clone())
            .build()
            .unwrap();
        assert_eq!(site.whoami(&session), "alice");
        assert_eq!(http.sent(), 1);
    });
}
