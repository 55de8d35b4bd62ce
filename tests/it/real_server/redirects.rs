//! Codes and refusals on their way through a browser.

use crate::support::asking::Asking as _;
use auth_core::Error;
use auth_core::error::{ErrorCode, LoginReason};
use auth_core::testing::ManualClock;
use oauth2_generic::AuthorizationCode;

use super::browser::{Browser, REDIRECT_URI};
use super::site::{ALICE, Site, code_of, on_every_site, with_every_character_encoded};
use super::transport::Counted;

fn login(site: &Site) -> AuthorizationCode {
    AuthorizationCode {
        client: site.client("app", ""),
        redirect_uri: REDIRECT_URI.into(),
        ..AuthorizationCode::default()
    }
}

fn is_refused(error: &Error, code: &ErrorCode) -> bool {
    matches!(error, Error::Refused(refusal) if refusal.code == *code)
}

/// The user has to log in again, because the server refused the code.
fn is_refused_code(error: &Error) -> bool {
    let refusal = error.refusal().map(|refusal| &refusal.code);
    let spent = LoginReason::CodeSpent;
    matches!(error, Error::LoginRequired { reason, .. } if *reason == spent)
        && refusal == Some(&ErrorCode::InvalidGrant)
}

#[test]
fn a_percent_encoded_code_is_decoded_once() {
    on_every_site(|site| {
        let pending = login(site).begin().unwrap();
        let redirect = with_every_character_encoded(&Browser::new(ALICE).visit(pending.url()));
        assert!(code_of(&redirect).starts_with('%'));
        let http = Counted::default();
        let session = http.session(pending.redirected(&redirect).unwrap(), &ManualClock::new());
        assert_eq!(site.whoami(&session), "alice");
    });
}

#[test]
fn a_code_is_refused_without_the_verifier_it_was_asked_for_with() {
    on_every_site(|site| {
        let pending = login(site).begin().unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let other = login(site).resume(pending.state(), "x".repeat(43)).unwrap();
        let granted = other.redirected(&redirect).unwrap();
        let error = granted.obtain(&Counted::default()).unwrap_err();
        assert!(is_refused_code(&error), "{error}");
    });
}

#[test]
fn a_replayed_code_is_never_sent_by_us_and_refused_by_the_server() {
    on_every_site(|site| {
        let pending = login(site).begin().unwrap();
        let (state, code_verifier) = (pending.state().to_owned(), pending.code_verifier().clone());
        let redirect = Browser::new(ALICE).visit(pending.url());

        let http = Counted::default();
        let granted = pending.redirected(&redirect).unwrap();
        granted.obtain(&http).unwrap();
        let error = granted.obtain(&http).unwrap_err();
        let spent = LoginReason::CodeSpent;
        assert!(matches!(error, Error::LoginRequired { reason, .. } if reason == spent));
        assert_eq!(http.sent(), 1);

        // Somebody who takes up the same login a second time gets past us, and not past the server.
        let again = login(site).resume(state, code_verifier).unwrap();
        let error = again
            .redirected(&redirect)
            .unwrap()
            .obtain(&http)
            .unwrap_err();
        assert!(is_refused_code(&error), "{error}");
        assert_eq!(http.sent(), 2);
    });
}

#[test]
fn a_user_who_says_no_is_a_refusal() {
    on_every_site(|site| {
        let mut browser = Browser::new(ALICE);
        browser.consents = false;

        let pending = login(site).begin().unwrap();
        let redirect = browser.visit(pending.url());
        let error = pending.redirected(&redirect).unwrap_err();
        assert!(is_refused(&error, &ErrorCode::AccessDenied), "{error}");
    });
}

#[test]
fn a_scope_that_is_not_for_the_client_is_a_refusal() {
    on_every_site(|site| {
        let mut login = login(site);
        login.client.scope = site.forbidden_scope().into();
        let pending = login.begin().unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let error = pending.redirected(&redirect).unwrap_err();
        assert!(is_refused(&error, &ErrorCode::InvalidScope), "{error}");
    });
}

#[test]
fn a_redirect_of_another_login_or_of_another_server_is_refused() {
    on_every_site(|site| {
        let pending = login(site).begin().unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let code = code_of(&redirect).to_owned();

        let error = login(site)
            .begin()
            .unwrap()
            .redirected(&redirect)
            .unwrap_err();
        assert!(error.to_string().contains("`state`"), "{error}");

        let mut elsewhere = login(site);
        elsewhere.client.issuer = "https://login.example".into();
        let elsewhere = elsewhere
            .resume(pending.state(), pending.code_verifier())
            .unwrap();
        let error = elsewhere.redirected(&redirect).unwrap_err();
        assert!(error.to_string().contains("`iss`"), "{error}");

        assert!(!format!("{error} {error:?}").contains(&code));
        // It was good all the while.
        pending
            .redirected(&redirect)
            .unwrap()
            .obtain(&Counted::default())
            .unwrap();
    });
}
