//! Codes and refusals on their way through a browser.

use auth_core::Error;
use auth_core::error::ErrorCode;
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use oauth2_generic::AuthorizationCode;

use super::site::{
    ALICE, Browser, REDIRECT_URI, Site, code_of, on_every_site, with_every_character_encoded,
};
use super::transport::Counted;

fn login(site: &Site) -> AuthorizationCode {
    AuthorizationCode::new(site.client("app", ""), REDIRECT_URI)
}

fn is_refused(error: &Error, code: &ErrorCode) -> bool {
    matches!(error, Error::Refused(refusal) if refusal.code == *code)
}

/// The server refused the code.
fn is_refused_code(error: &Error) -> bool {
    is_refused(error, &ErrorCode::InvalidGrant)
}

#[test]
fn a_percent_encoded_code_is_decoded_once() {
    on_every_site(|site| {
        let login = login(site);
        let pending = login.begin(&HttpTransport::new()).unwrap();
        let redirect = with_every_character_encoded(&Browser::new(ALICE).visit(pending.url()));
        assert!(code_of(&redirect).starts_with('%'));
        let http = Counted::default();
        let session = http.session_after(
            &login,
            pending.exchange(&redirect, &http).unwrap(),
            &ManualClock::new(),
        );
        assert_eq!(site.whoami(&session), "alice");
    });
}

#[test]
fn a_code_is_refused_without_the_verifier_it_was_asked_for_with() {
    on_every_site(|site| {
        let pending = login(site).begin(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        // The code of this login is put into the redirect of another one.
        let other = login(site).begin(&HttpTransport::new()).unwrap();
        let injected = redirect.replace(pending.state(), other.state());
        let error = other.exchange(&injected, &Counted::default()).unwrap_err();
        assert!(is_refused_code(&error), "{error}");
    });
}

#[test]
fn a_replayed_code_is_refused_by_the_server() {
    on_every_site(|site| {
        let pending = login(site).begin(&HttpTransport::new()).unwrap();
        let again = login(site).resume(&pending.save()).unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let http = Counted::default();
        pending.exchange(&redirect, &http).unwrap();
        assert_eq!(http.sent(), 1);

        // The client cannot detect that a login is resumed twice; the server refuses the code.
        let error = again.exchange(&redirect, &http).unwrap_err();
        assert!(is_refused_code(&error), "{error}");
        assert_eq!(http.sent(), 2);
    });
}

#[test]
fn a_login_that_is_declined_is_a_refusal() {
    on_every_site(|site| {
        let mut browser = Browser::new(ALICE);
        browser.consents = false;

        let pending = login(site).begin(&HttpTransport::new()).unwrap();
        let redirect = browser.visit(pending.url());
        let error = pending
            .exchange(&redirect, &HttpTransport::new())
            .unwrap_err();
        assert!(is_refused(&error, &ErrorCode::AccessDenied), "{error}");
    });
}

#[test]
fn a_scope_that_is_not_for_the_client_is_a_refusal() {
    on_every_site(|site| {
        let client = site.client("app", "").scope(site.forbidden_scope());
        let login = AuthorizationCode::new(client, REDIRECT_URI);
        let pending = login.begin(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let error = pending
            .exchange(&redirect, &HttpTransport::new())
            .unwrap_err();
        assert!(is_refused(&error, &ErrorCode::InvalidScope), "{error}");
    });
}

#[test]
fn a_redirect_of_another_login_or_of_another_server_is_refused() {
    on_every_site(|site| {
        let pending = login(site).begin(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let code = code_of(&redirect).to_owned();

        let error = login(site)
            .begin(&HttpTransport::new())
            .unwrap()
            .exchange(&redirect, &HttpTransport::new())
            .unwrap_err();
        assert!(error.to_string().contains("`state`"), "{error}");

        let elsewhere = site.server().issuer("https://login.example");
        let elsewhere = site.client_at(elsewhere, "app", "");
        let elsewhere = AuthorizationCode::new(elsewhere, REDIRECT_URI);
        let elsewhere = elsewhere.resume(&pending.save()).unwrap();
        let error = elsewhere
            .exchange(&redirect, &HttpTransport::new())
            .unwrap_err();
        assert!(error.to_string().contains("`iss`"), "{error}");

        assert!(!format!("{error} {error:?}").contains(&code));
        // The code was valid throughout.
        pending.exchange(&redirect, &Counted::default()).unwrap();
    });
}
