//! Features of oidc-provider alone: loopback redirects on any port, tokens for one API, scopes that it
//! leaves out, an API that rejects tokens with 401.

use super::transport::session_after;
use crate::support::asking::Asking as _;
use auth_core::error::ErrorCode;
use auth_core::grant::TokenResponse;
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_core::{Secret, Session};
use oauth2_generic::Password;
use oauth2_generic::auth_core::error::Refusal;
use oauth2_generic::{
    AuthorizationCode, Client, ClientAuth, ClientCredentials, Encoding, Implicit,
};

use super::site::{ALICE, BOB, Browser, REDIRECT_URI, Site, on_oidc};
use super::transport::Counted;

fn refusal<T: std::fmt::Debug>(outcome: auth_core::Result<T>) -> Refusal {
    let error = outcome.expect_err("a refusal");
    error.refusal().expect("the server names a reason").clone()
}

fn app(site: &Site) -> AuthorizationCode {
    AuthorizationCode::new(site.client("app", ""), REDIRECT_URI)
}

/// RFC 8252 §7.3: the port is chosen for each login.
#[test]
fn a_native_app_may_use_any_loopback_port() {
    on_oidc(|site| {
        for redirect_uri in [
            "http://127.0.0.1:4711/callback",
            "http://[::1]:4712/callback",
        ] {
            let login = AuthorizationCode::new(site.client("app", ""), redirect_uri);
            let pending = login.begin(&HttpTransport::new()).unwrap();
            let redirect = Browser::new(ALICE).visit(pending.url());
            assert!(redirect.starts_with(redirect_uri), "{redirect_uri}");
            let session = session_after(
                &login,
                pending.exchange(&redirect, &HttpTransport::new()).unwrap(),
            );
            assert_eq!(site.whoami(&session), "alice");
        }
    });
}

/// RFC 9207: a redirect with a code and without `iss` is an error.
#[test]
fn a_redirect_names_its_server_in_success_and_refusal() {
    on_oidc(|site| {
        for consents in [true, false] {
            let mut browser = Browser::new(ALICE);
            browser.consents = consents;
            let http = Counted::default();
            let pending = app(site).begin(&HttpTransport::new()).unwrap();
            let again = || app(site).resume(&pending.save()).unwrap();
            let redirect = browser.visit(pending.url());
            let (rest, issuer) = redirect.rsplit_once("&iss=").expect("`iss` comes last");
            assert!(issuer.starts_with("http%3A%2F%2F127.0.0.1%3A"), "{issuer}");

            let elsewhere = format!("{rest}&iss=https%3A%2F%2Flogin.example");
            let twice = format!("{redirect}&iss={issuer}");
            for wrong in [elsewhere, twice] {
                let error = again().exchange(&wrong, &http).unwrap_err();
                assert!(error.to_string().contains("`iss`"), "{error}");
            }
            let nameless = again().exchange(rest, &http).unwrap_err();
            if consents {
                assert!(nameless.to_string().contains("has no `iss`"), "{nameless}");
                assert_eq!(http.sent(), 0);
                assert!(again().exchange(&redirect, &http).is_ok());
            } else {
                // A refusal without `iss` is accepted: some servers leave it out, and a refusal reveals no code.
                assert_eq!(
                    refusal(Err::<(), _>(nameless)).code,
                    ErrorCode::AccessDenied
                );
                let told = again().exchange(&redirect, &http);
                assert_eq!(refusal(told).code, ErrorCode::AccessDenied);
            }
        }
    });
}

/// RFC 6749 §2.3.1: both parts are encoded before they are joined.
#[test]
fn a_client_id_with_a_colon_works_in_http_basic() {
    on_oidc(|site| {
        let auth = ClientAuth::basic(Secret::new("s:e+c r/e=t&%"));
        let client = site.client("service:odd 100%", "").auth(auth);
        let session = Session::new(ClientCredentials::new(client));
        assert_eq!(site.whoami(&session), "no user");
    });
}

#[test]
fn an_unknown_scope_is_left_out_of_the_tokens_scope() {
    on_oidc(|site| {
        let client = site.client("service", "service-secret");
        let client = client.scope("read everything");
        let session = Session::new(ClientCredentials::new(client));
        assert_eq!(session.token().unwrap().scope(), Some("read"));
    });
}

#[test]
fn a_login_that_asks_for_nothing_is_refused() {
    on_oidc(|site| {
        let login = AuthorizationCode::new(Client::new(site.server(), "app"), REDIRECT_URI);
        let pending = login.begin(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let refusal = refusal(pending.exchange(&redirect, &HttpTransport::new()));
        assert_eq!(refusal.code, ErrorCode::AccessDenied);
    });
}

#[test]
fn a_token_is_for_the_api_that_was_named() {
    on_oidc(|site| {
        let resource = "https://orders.example";
        let audience = |session: &Session| {
            let answer = session.agent().get(site.api()).call().unwrap();
            let body = answer.into_body().read_to_string().unwrap();
            let known: serde_json::Value = serde_json::from_str(&body).unwrap();
            known["audience"].as_str().map(str::to_owned)
        };
        let service = site.client("service", "service-secret");
        assert_eq!(
            audience(&Session::new(ClientCredentials::new(service.clone()))),
            None
        );
        let named = service.clone().resource(resource);
        let session = Session::new(ClientCredentials::new(named));
        assert_eq!(audience(&session).as_deref(), Some(resource));

        let client = site.client("app", "").resource(resource);
        let login = AuthorizationCode::new(client, REDIRECT_URI);
        let pending = login.begin(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session =
            http.session_after(&login, pending.exchange(&redirect, &http).unwrap(), &clock);
        for sent in 1..=2 {
            assert_eq!(audience(&session).as_deref(), Some(resource));
            assert_eq!(http.sent(), sent);
            clock.advance(std::time::Duration::from_secs(3600));
        }

        let service = service.resource("https://unknown.example");
        let refusal = refusal(ClientCredentials::new(service).obtain(&HttpTransport::new()));
        assert_eq!(refusal.code, ErrorCode::InvalidTarget);
    });
}

#[test]
fn a_json_body_is_refused_with_the_expected_type() {
    on_oidc(|site| {
        let server = site.server().encoding(Encoding::Json);
        let client = site.client_at(server, "service", "service-secret");
        let refusal = refusal(ClientCredentials::new(client).obtain(&HttpTransport::new()));
        assert_eq!(refusal.code, ErrorCode::InvalidRequest);
        assert_eq!(refusal.status, Some(400));
        let said = refusal.description.unwrap();
        assert!(said.contains("application/x-www-form-urlencoded"), "{said}");
    });
}

#[test]
fn an_implicit_login_is_refused_where_unsupported() {
    on_oidc(|site| {
        let login = Implicit::new(site.client("app", ""), REDIRECT_URI);
        let pending = login.begin().unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let refusal = refusal(pending.read(&redirect));
        assert_eq!(refusal.code, ErrorCode::UnsupportedResponseType);
    });
}

#[test]
fn a_401_with_invalid_token_is_answered_with_a_new_one() {
    on_oidc(|site| {
        let http = Counted::default();
        let session = Session::builder(site.alice())
            .tokens(TokenResponse::new(Secret::new("made-up")))
            .transport(http.clone())
            .build()
            .unwrap();
        assert_eq!(site.whoami(&session), "alice");
        assert_eq!(http.sent(), 1);
    });
}

/// A session has a refresh token only if the server issued one.
#[test]
fn a_servers_short_life_is_used() {
    on_oidc(|site| {
        let brief = Password::new(site.client("brief", ""), BOB.0, Secret::new(BOB.1));
        let service = ClientCredentials::new(site.client("brief-service", "brief-secret"));
        let renews = |session: &Session, http: &Counted, clock: &ManualClock| {
            session.token().unwrap();
            clock.advance(std::time::Duration::from_secs(10));
            session.token().unwrap();
            assert_eq!(http.sent(), 1);
            clock.advance(std::time::Duration::from_secs(20));
            session.token().unwrap();
            assert_eq!(http.sent(), 2);
        };
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = http.session(service, &clock);
        renews(&session, &http, &clock);
        assert!(session.refresh_token().is_none());
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = http.session(brief, &clock);
        renews(&session, &http, &clock);
        assert!(session.refresh_token().is_some());
    });
}

#[test]
fn a_code_that_has_expired_is_refused() {
    on_oidc(|site| {
        let pending = app(site).begin(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        site.expire(&[
            ("model", "AuthorizationCode"),
            ("value", super::site::code_of(&redirect)),
        ]);
        let outcome = pending.exchange(&redirect, &HttpTransport::new());
        assert_eq!(refusal(outcome).code, ErrorCode::InvalidGrant);
    });
}

#[test]
fn an_expired_refresh_token_costs_a_login() {
    on_oidc(|site| {
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = http.session(site.alice(), &clock);
        session.token().unwrap();
        let kept = session.refresh_token().unwrap();
        site.expire(&[("model", "RefreshToken"), ("value", kept.expose())]);
        clock.advance(std::time::Duration::from_secs(3600));
        // The first login, the refusal, the second login.
        assert_eq!(site.whoami(&session), "alice");
        assert_eq!(http.sent(), 3);
    });
}
