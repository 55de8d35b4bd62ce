//! The attacks of RFC 9700 §4 against our client, with servers of other projects.

use auth_core::agent::ureq;
use auth_core::error::ErrorCode;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Session, agent};
use oauth2_generic::{AuthorizationCode, Client};

use super::site::{
    ALICE, BOB, Browser, Kind, REDIRECT_URI, Site, code_of, on_every_form, on_every_site, on_oidc,
};
use super::transport::Counted;

fn login(client: Client) -> AuthorizationCode {
    AuthorizationCode::new(client, REDIRECT_URI)
}

fn app(site: &Site) -> AuthorizationCode {
    login(site.client("app", ""))
}

/// Runs a test with each server as the first of the two.
fn on_every_pair(test: impl Fn(&Site, &Site)) {
    on_every_form(|one| {
        on_every_form(|other| {
            if one.kind != other.kind {
                test(one, other);
            }
        });
    });
}

/// §4.5: the attacker puts a stolen code into the redirect of their own login.
#[test]
fn a_stolen_code_in_another_logins_redirect_is_refused() {
    on_every_site(|site| {
        let victim = app(site).begin(&HttpTransport::new()).unwrap();
        let stolen = Browser::new(ALICE).visit(victim.url());
        let attacker = app(site).begin(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(BOB).visit(attacker.url());
        let injected = redirect.replace(code_of(&redirect), code_of(&stolen));

        // The client cannot detect this: state and issuer are right.
        let error = attacker
            .exchange(&injected, &Counted::default())
            .unwrap_err();
        let refusal = error.refusal().expect("the server names a reason");
        assert_eq!(refusal.code, ErrorCode::InvalidGrant);
    });
}

/// §4.7: the attacker sends the victim's browser to the client with the attacker's code.
#[test]
fn an_unrequested_redirect_is_refused_before_a_request() {
    on_every_site(|site| {
        let victim = app(site).begin(&HttpTransport::new()).unwrap();
        let attacker = app(site).begin(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(BOB).visit(attacker.url());
        let nameless = redirect.replace(&format!("state={}", attacker.state()), "state=");
        for forged in [redirect, nameless] {
            let again = app(site).resume(&victim.save()).unwrap();
            let http = Counted::default();
            let error = again.exchange(&forged, &http).unwrap_err();
            assert_eq!(http.sent(), 0);
            assert!(error.to_string().contains("`state`"), "{error}");
        }
    });
}

/// §4.4: the attacker's server redirects the browser to an honest one, and waits for the honest server's
/// code at its own token endpoint.
#[test]
fn an_honest_servers_code_is_not_sent_to_another_server() {
    on_every_pair(|evil, honest| {
        let client = evil.client("app", "").scope("read");
        let pending = login(client).begin(&HttpTransport::new()).unwrap();
        // The honest server's login page, with the parameters of the login at the attacker's server.
        let (_, query) = pending.url().split_once('?').unwrap();
        let honest = app(honest).begin(&HttpTransport::new()).unwrap();
        let (page, _) = honest.url().split_once('?').unwrap();
        let redirect = Browser::new(ALICE).visit(&format!("{page}?{query}"));
        let error = pending
            .exchange(&redirect, &HttpTransport::new())
            .unwrap_err();
        assert!(error.to_string().contains("`iss`"), "{error}");
        assert!(!format!("{error:?}").contains(code_of(&redirect)));
    });
}

/// §4.4.2: the attacker's server announces the honest authorization endpoint as its own.
#[test]
fn a_server_with_a_borrowed_login_page_gets_no_code() {
    on_every_pair(|evil, honest| {
        let honest = app(honest).begin(&HttpTransport::new()).unwrap();
        let (page, _) = honest.url().split_once('?').unwrap();
        let server = evil.server().authorization_endpoint(page);
        let client = evil.client_at(server, "app", "").scope("read");
        let pending = login(client).begin(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let error = pending
            .exchange(&redirect, &HttpTransport::new())
            .unwrap_err();
        assert!(error.to_string().contains("`iss`"), "{error}");
    });
}

/// §4.8: the attacker removes the challenge from the authorization request.
#[test]
fn a_login_without_its_challenge_is_refused() {
    on_every_site(|site| {
        let pending = app(site).begin(&HttpTransport::new()).unwrap();
        let (endpoint, query) = pending.url().split_once('?').unwrap();
        let left = query
            .split('&')
            .filter(|pair| !pair.starts_with("code_challenge"));
        let left: Vec<&str> = left.collect();
        assert_eq!(left.len() + 2, query.split('&').count());
        let url = format!("{endpoint}?{}", left.join("&"));
        let redirect = Browser::new(ALICE).visit(&url);
        let error = pending
            .exchange(&redirect, &HttpTransport::new())
            .unwrap_err();
        let refusal = error.refusal().expect("the server names a reason");
        assert_eq!(refusal.code, ErrorCode::InvalidRequest);
    });
}

/// §4.3.2: URLs are kept in histories and logs.
#[test]
fn a_token_goes_in_a_header_and_adds_nothing_to_the_url() {
    on_oidc(|site| {
        let session = Session::new(site.alice());
        let answer = session
            .agent()
            .get(site.at("/whoami?page=2"))
            .call()
            .unwrap();
        let body = answer.into_body().read_to_string().unwrap();
        let seen: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(seen["user"], "alice");
        assert_eq!(seen["query"], "page=2");
    });
}

/// §4.9.1: the attacker's server poses as the API. It gets no token, and its refusal starts no renewal.
#[test]
fn an_api_of_another_server_is_sent_no_token() {
    on_every_pair(|ours, theirs| {
        let http = Counted::default();
        let builder = || Session::builder(ours.alice()).transport(http.clone());
        let error = builder().build().unwrap().agent().get(theirs.api()).call();
        let error = error.expect_err("an API that was not named");
        let unsent = agent::error_of(&error);
        assert!(
            matches!(unsent, Some(Error::Configuration { .. })),
            "{error}"
        );

        let session = builder().allow_unsigned().build().unwrap();
        let answer = session.agent().get(theirs.api()).call();
        let refused = match theirs.kind {
            Kind::Django => 403,
            Kind::Oidc => 401,
        };
        assert!(
            matches!(answer, Err(ureq::Error::StatusCode(status)) if status == refused),
            "{answer:?}"
        );
        assert_eq!(http.sent(), 0);
    });
}
