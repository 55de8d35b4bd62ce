//! At django-oauth-toolkit and oidc-provider, to a token and its renewal.

use std::cell::RefCell;

use auth_core::error::ErrorCode;
use auth_core::{Error, Session};
use oauth2_generic::BrowserLogin;

use super::{begin, chromium};
use crate::real_server::site::{ALICE, BOB, Site, on_every_site};

fn login(site: &Site) -> BrowserLogin {
    BrowserLogin::new(site.client("app", ""))
}

#[test]
fn a_user_logs_in_and_the_session_renews() {
    let chromium = RefCell::new(chromium());
    on_every_site(|site| {
        let mut chromium = chromium.borrow_mut();
        let mut tab = chromium.tab();
        let waiting = begin(login(site).app_name("Acme Sync"));
        tab.open(&waiting.url);
        tab.log_in(BOB, true);
        assert_eq!(tab.ask_text("document.title"), "You are logged in");
        assert_eq!(tab.ask_text("location.pathname"), "/callback");

        let session = Session::builder(login(site).grant()).tokens(waiting.end().unwrap());
        let session = session.build().unwrap();
        let first = session.token().unwrap();
        assert_eq!(site.whoami(&session), BOB.0);
        assert!(session.reject(&first));
        assert_eq!(site.whoami(&session), BOB.0);
        assert_ne!(session.token().unwrap().expose(), first.expose());
    });
}

#[test]
fn a_user_who_declines_is_not_logged_in() {
    let chromium = RefCell::new(chromium());
    on_every_site(|site| {
        let mut chromium = chromium.borrow_mut();
        let mut tab = chromium.tab();
        let waiting = begin(login(site));
        tab.open(&waiting.url);
        tab.log_in(ALICE, false);
        assert_eq!(tab.ask_text("document.title"), "You are not logged in");
        let error = waiting.end().unwrap_err();
        assert!(
            matches!(&error, Error::Refused(refusal) if refusal.code == ErrorCode::AccessDenied)
        );
    });
}
