//! Clients that sign assertions, and tokens that are bound to a key.

use super::transport::session_after;
use crate::support::asking::Asking as _;
use auth_core::Secret;
use std::time::{Duration, SystemTime};

use auth_core::agent::ureq;
use auth_core::clock::{Clock as _, SystemClock};
use auth_core::error::ErrorCode;
use auth_core::grant::{TokenResponse, TokenType};
use auth_core::store::FileStore;
use auth_core::testing::ManualClock;
use auth_core::transport::{HttpTransport, Transport};
use auth_core::{Error, Session};
use oauth2_generic::SigningKey;
use oauth2_generic::{AuthorizationCode, Client, ClientAuth, ClientCredentials, DpopKey};

use super::site::{ALICE, Browser, REDIRECT_URI, Site, on_oidc};
use super::transport::Counted;

/// The registered key of the client `key`.
fn registered_key(site: &Site) -> SigningKey {
    let pem = ureq::get(site.at("/key")).call().unwrap();
    let pem = pem.into_body().read_to_string().unwrap();
    SigningKey::from_pem(Secret::new(pem)).unwrap()
}

fn signing(site: &Site, auth: ClientAuth) -> Client {
    site.client("key", "").auth(auth)
}

fn login(client: Client) -> AuthorizationCode {
    AuthorizationCode::new(client, REDIRECT_URI)
}

/// Alice's login, over this transport.
fn logged_in(login: &AuthorizationCode, http: &dyn Transport) -> TokenResponse {
    let pending = login.begin(&HttpTransport::new()).unwrap();
    let redirect = Browser::new(ALICE).visit(pending.url());
    pending.exchange(&redirect, http).unwrap()
}

/// A client whose tokens are bound to a key, and a login with it.
fn proving(site: &Site, key: &DpopKey) -> AuthorizationCode {
    login(
        site.client("proving", "")
            .scope("openid read")
            .dpop(key.clone()),
    )
}

/// Returns the subject from oidc-provider's own API, which requires a proof.
fn me(site: &Site, session: &Session) -> String {
    let answer = session.agent().get(site.at("/me")).call();
    let body = answer.expect("it accepts token and proof").into_body();
    let claims: serde_json::Value =
        serde_json::from_str(&{ body }.read_to_string().unwrap()).unwrap();
    claims["sub"].as_str().expect("a subject").to_owned()
}

/// An assertion authenticates the client for itself, for a user, and with each refresh.
#[test]
fn a_client_signs_logins_codes_and_refreshes() {
    on_oidc(|site| {
        let auth = ClientAuth::private_key_jwt(registered_key(site));
        let session = Session::new(ClientCredentials::new(signing(site, auth.clone())));
        assert_eq!(site.whoami(&session), "no user");

        let (http, clock) = (Counted::default(), an_hour_ago());
        let login = login(signing(site, auth));
        let session = http.session_after(&login, logged_in(&login, &http), &clock);
        assert_eq!(site.whoami(&session), "alice");
        assert_eq!(http.sent(), 1);
        clock.advance(HOUR);
        assert_eq!(site.whoami(&session), "alice");
        assert_eq!(http.sent(), 2);
        assert!(session.reject(&session.token().unwrap()));
        assert_eq!(site.whoami(&session), "alice");
        assert_eq!(http.sent(), 3);
    });
}

#[test]
fn an_assertion_by_another_key_or_for_another_server_is_refused() {
    on_oidc(|site| {
        let other = DpopKey::generate().unwrap().to_pem();
        let other = SigningKey::from_pem(other).unwrap();
        let auth = ClientAuth::private_key_jwt(registered_key(site));
        for wrong in [
            ClientAuth::private_key_jwt(other),
            auth.audience("https://login.example"),
        ] {
            let grant = ClientCredentials::new(signing(site, wrong));
            let error = grant.obtain(&HttpTransport::new()).unwrap_err();
            assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidClient);
        }
    });
}

#[test]
fn an_assertion_of_another_day_is_corrected_by_the_servers_date() {
    on_oidc(|site| {
        let auth = ClientAuth::private_key_jwt(registered_key(site));
        let grant = ClientCredentials::new(signing(site, auth));
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = http.session(grant, &clock);
        let error = session.token().unwrap_err();
        assert!(
            error.to_string().contains("this machine's clock"),
            "{error}"
        );
        clock.advance(HOUR);
        session.token().unwrap();
    });
}

/// The nonce (RFC 9449 §8) is kept for the token endpoint and for the API.
#[test]
fn a_nonce_costs_one_refusal_and_is_then_kept() {
    on_oidc(|site| {
        let (key, http, clock) = (
            DpopKey::generate().unwrap(),
            Counted::default(),
            ManualClock::new(),
        );
        let login = proving(site, &key);
        let session = http.session_after(&login, logged_in(&login, &http), &clock);
        assert_eq!(session.token().unwrap().token_type(), TokenType::Dpop);
        assert_eq!(http.sent(), 2, "the first proof has no nonce");
        assert_eq!(me(site, &session), "alice");
        for sent in 3..=5 {
            clock.advance(HOUR);
            assert_eq!(me(site, &session), "alice");
            assert_eq!(http.sent(), sent);
        }
    });
}

#[test]
fn a_service_has_bound_tokens_too() {
    on_oidc(|site| {
        let client = || site.client("proving-service", "proving-secret");
        let key = DpopKey::generate().unwrap();
        let proving = ClientCredentials::new(client().dpop(key));
        let token = Session::new(proving).token().unwrap();
        assert_eq!(token.token_type(), TokenType::Dpop);
        let http = HttpTransport::new();
        let known = client().introspect(&Secret::new(token.expose()), &http);
        assert!(known.unwrap().active);
        let error = ClientCredentials::new(client()).obtain(&http).unwrap_err();
        assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidGrant);
    });
}

#[test]
fn a_stolen_token_is_worth_nothing_without_the_key() {
    on_oidc(|site| {
        let key = DpopKey::generate().unwrap();
        let login = proving(site, &key);
        let session = session_after(&login, logged_in(&login, &HttpTransport::new()));
        let (token, kept) = (session.token().unwrap(), session.refresh_token().unwrap());

        for scheme in ["Bearer", "DPoP"] {
            let answer = ureq::get(site.at("/me"))
                .header("authorization", format!("{scheme} {}", token.expose()))
                .call();
            let refused = matches!(answer, Err(ureq::Error::StatusCode(400 | 401)));
            assert!(refused, "{scheme}");
        }
        let thief = proving(site, &DpopKey::generate().unwrap()).grant();
        let error = thief.refresh(&kept, &HttpTransport::new()).unwrap_err();
        assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidGrant);
        // The thief's attempt does not affect the owner.
        assert_eq!(me(site, &session), "alice");
        let owner = proving(site, &key).grant();
        assert!(owner.refresh(&kept, &HttpTransport::new()).is_ok());
    });
}

#[test]
fn a_stored_login_continues_with_its_stored_key() {
    on_oidc(|site| {
        let folder = tempfile::tempdir().unwrap();
        let store = || FileStore::open(folder.path().join("logins")).unwrap();
        let (clock, key) = (ManualClock::new(), DpopKey::generate().unwrap());
        let login = proving(site, &key);
        let first = Session::builder(login.grant().user("alice"))
            .tokens(logged_in(&login, &HttpTransport::new()))
            .store(store())
            .clock(clock.clone())
            .build()
            .unwrap();
        assert_eq!(me(site, &first), "alice");
        drop(first);

        clock.advance(HOUR);
        let again = |key: DpopKey| {
            let grant = proving(site, &key).grant().user("alice");
            let session = Session::builder(grant).store(store());
            session.clock(clock.clone()).build().unwrap()
        };
        let kept = DpopKey::from_pem(key.to_pem()).unwrap();
        assert_eq!(me(site, &again(kept)), "alice");
        let error = again(DpopKey::generate().unwrap()).token().unwrap_err();
        let nothing = matches!(error, Error::LoginRequired { .. });
        assert!(nothing, "another key is another login: {error}");
    });
}

/// The server accepts an assertion once, and checks it before the proof.
#[test]
fn a_request_sent_again_for_a_nonce_is_signed_anew() {
    on_oidc(|site| {
        let (http, clock) = (Counted::default(), an_hour_ago());
        let server = site.server();
        let server = server.pushed_authorization_request_endpoint(site.at("/request"));
        let auth = ClientAuth::private_key_jwt(registered_key(site));
        let client = site.client_at(server, "key", "").auth(auth);
        let client = client
            .scope("openid read")
            .dpop(DpopKey::generate().unwrap());
        let login = login(client);
        let session = http.session_after(&login, logged_in(&login, &http), &clock);
        assert_eq!(me(site, &session), "alice");
        assert_eq!(http.sent(), 2);
        clock.advance(HOUR);
        assert_eq!(me(site, &session), "alice");
        assert_eq!(http.sent(), 3);
    });
}

/// A clock that is right after it has advanced an hour: the server checks the date of an assertion.
fn an_hour_ago() -> ManualClock {
    ManualClock::at(SystemTime::from(SystemClock::new().now().wall) - HOUR)
}

/// The life of the server's access tokens.
const HOUR: Duration = Duration::from_secs(3600);
