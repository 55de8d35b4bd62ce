//! The attacks of RFC 9700 §4, played against a client whose servers nobody here wrote.

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

/// Each server with the other one.
fn on_every_pair(test: impl Fn(&Site, &Site)) {
    on_every_form(|one| {
        on_every_form(|other| {
            if one.kind != other.kind {
                test(one, other);
            }
        });
    });
}

/// §4.5: the attacker puts a stolen code into the answer to a login of their own.
#[test]
fn a_stolen_code_in_the_redirect_of_another_login_is_worth_nothing() {
    on_every_site(|site| {
        let victim = app(site).begin(&HttpTransport::new()).unwrap();
        let stolen = Browser::new(ALICE).visit(victim.url());
        let attacker = app(site).begin(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(BOB).visit(attacker.url());
        let injected = redirect.replace(code_of(&redirect), code_of(&stolen));

        // Nothing in it looks wrong: the state is ours, the server is the right one.
        let error = attacker
            .exchange(&injected, &Counted::default())
            .unwrap_err();
        let refusal = error.refusal().expect("the server said why");
        assert_eq!(refusal.code, ErrorCode::InvalidGrant);
    });
}

/// §4.7: the attacker sends the victim's browser to the client, with a code of their own.
#[test]
fn a_redirect_that_the_client_never_asked_for_is_refused_before_anything_is_sent() {
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

/// §4.4: a server that belongs to the attacker sends the browser on to an honest one, and waits for the
/// honest server's code at its own token endpoint.
#[test]
fn a_code_of_an_honest_server_is_not_sent_to_another_one() {
    on_every_pair(|evil, honest| {
        let client = evil.client("app", "").scope("read");
        let pending = login(client).begin(&HttpTransport::new()).unwrap();
        // The honest server's login page, with the parameters of the other login.
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

/// §4.4.2: the attacker's server calls the honest authorization endpoint its own.
#[test]
fn a_server_that_borrows_the_authorization_endpoint_of_another_gets_no_code() {
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

/// §4.8: somebody on the way removes the challenge.
#[test]
fn a_login_whose_challenge_was_taken_away_ends_at_the_server() {
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
        let refusal = error.refusal().expect("the server said why");
        assert_eq!(refusal.code, ErrorCode::InvalidRequest);
    });
}

/// §4.3.2: what stands in a URL ends up in histories and logs.
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

/// §4.9.1: somebody names their own server as the API.
#[test]
fn an_api_that_the_token_is_not_for_is_shown_no_token_and_asks_for_none() {
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
