//! What only django-oauth-toolkit has or does: JSON, the implicit grant, an API that says 403.

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
fn an_implicit_token_opens_the_api_and_comes_without_a_refresh_token() {
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
fn a_user_who_says_no_to_a_page_is_a_refusal() {
    on_django(|site| {
        let mut browser = Browser::new(ALICE);
        browser.consents = false;
        let pending = implicit(site).begin().unwrap();
        let redirect = browser.visit(pending.url());
        let error = pending.read(&redirect).unwrap_err();
        let refusal = error.refusal().expect("the server said why");
        assert_eq!(refusal.code, ErrorCode::AccessDenied);
    });
}

#[test]
fn a_client_whose_name_has_a_colon_is_known_in_http_basic_because_both_parts_are_encoded_first() {
    on_django(|site| {
        let auth = ClientAuth::basic(Secret::new("s:e+c r/e=t&%~"));
        let client = site.client("service:odd 100%", "").auth(auth);
        let session = Session::new(ClientCredentials::new(client));
        assert_eq!(site.whoami(&session), "nobody");
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
        // It reads no parameter at all.
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
fn a_403_is_answered_with_a_new_token_where_the_caller_says_that_it_means_that() {
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
