//! Clients that sign what they say of themselves, and tokens that are bound to a key.

use crate::support::asking::Asking as _;
use std::time::Duration;

use auth_core::agent::ureq;
use auth_core::error::ErrorCode;
use auth_core::grant::TokenType;
use auth_core::store::FileStore;
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Session};
use oauth2_generic::{AuthorizationCode, Client, ClientAuth, ClientCredentials, DpopKey};
use oauth2_generic::{PrivateKeyJwt, RefreshToken, SigningKey};

use super::browser::{Browser, REDIRECT_URI};
use super::site::{ALICE, Site, on_oidc};
use super::transport::Counted;

/// The key that the server knows of the client `key`.
fn registered_key(site: &Site) -> SigningKey {
    let pem = ureq::get(site.at("/key")).call().unwrap();
    SigningKey::from_pkcs8_pem(pem.into_body().read_to_string().unwrap()).unwrap()
}

fn signing(site: &Site, jwt: PrivateKeyJwt) -> Client {
    Client {
        client_auth: ClientAuth::PrivateKeyJwt(jwt),
        ..site.client("key", "")
    }
}

fn login(client: Client) -> AuthorizationCode {
    AuthorizationCode {
        client,
        redirect_uri: REDIRECT_URI.into(),
        ..AuthorizationCode::default()
    }
}

fn granted(login: &AuthorizationCode) -> oauth2_generic::Granted {
    let pending = login.begin().unwrap();
    let redirect = Browser::new(ALICE).visit(pending.url());
    pending.redirected(&redirect).unwrap()
}

/// A client whose tokens are bound to a key, and a login with it.
fn proving(site: &Site, key: &DpopKey) -> AuthorizationCode {
    login(Client {
        scope: "openid read".into(),
        dpop: Some(key.clone()),
        ..site.client("proving", "")
    })
}

/// The API that oidc-provider has itself, and that asks for a proof.
fn me(site: &Site, session: &Session) -> String {
    let answer = session.agent().get(site.at("/me")).call();
    let body = answer.expect("it accepts token and proof").into_body();
    let claims: serde_json::Value =
        serde_json::from_str(&{ body }.read_to_string().unwrap()).unwrap();
    claims["sub"].as_str().expect("a subject").to_owned()
}

#[test]
fn a_client_signs_who_it_is_for_itself_for_a_user_and_with_each_refresh() {
    on_oidc(|site| {
        let jwt = PrivateKeyJwt::new(registered_key(site));
        let session = Session::new(ClientCredentials::new(signing(site, jwt.clone())));
        assert_eq!(site.whoami(&session), "nobody");

        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = http.session(granted(&login(signing(site, jwt))), &clock);
        for sent in 1..=3 {
            assert_eq!(site.whoami(&session), "alice");
            assert_eq!(http.sent(), sent);
            clock.advance(HOUR);
        }
    });
}

#[test]
fn an_assertion_by_another_key_for_another_server_or_of_another_day_is_refused() {
    on_oidc(|site| {
        let other = DpopKey::generate().unwrap().to_pkcs8_pem();
        let other = SigningKey::from_pkcs8_pem(other).unwrap();
        let jwt = PrivateKeyJwt::new(registered_key(site));
        for wrong in [
            PrivateKeyJwt::new(other),
            jwt.clone().audience("https://login.example"),
            jwt.clock(ManualClock::new()),
        ] {
            let client = signing(site, wrong);
            let error = ClientCredentials::new(client)
                .obtain(&HttpTransport::new())
                .unwrap_err();
            assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidClient);
        }
    });
}

#[test]
fn an_assertion_of_another_day_is_corrected_by_the_server_s_date() {
    on_oidc(|site| {
        let jwt = PrivateKeyJwt::new(registered_key(site)).clock(ManualClock::new());
        let client = signing(site, jwt);
        let grant = ClientCredentials::new(client);
        let error = grant.obtain(&HttpTransport::new()).unwrap_err();
        assert!(
            error.to_string().contains("this machine's clock"),
            "{error}"
        );
        grant.obtain(&HttpTransport::new()).unwrap();
    });
}

#[test]
fn a_nonce_is_learned_from_one_refusal_and_then_kept_for_endpoint_and_api() {
    on_oidc(|site| {
        let (key, http, clock) = (
            DpopKey::generate().unwrap(),
            Counted::default(),
            ManualClock::new(),
        );
        let session = http.session(granted(&proving(site, &key)), &clock);
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
        let service = |dpop| {
            ClientCredentials::new(Client {
                dpop,
                ..site.client("proving-service", "proving-secret")
            })
        };
        let key = DpopKey::generate().unwrap();
        let token = Session::new(service(Some(key.clone()))).token().unwrap();
        assert_eq!(token.token_type(), TokenType::Dpop);
        let known = service(None)
            .client
            .introspect(token.expose(), &HttpTransport::new());
        assert!(known.unwrap().active);
        let error = service(None).obtain(&HttpTransport::new()).unwrap_err();
        assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidGrant);
    });
}

#[test]
fn a_stolen_token_is_worth_nothing_without_the_key() {
    on_oidc(|site| {
        let key = DpopKey::generate().unwrap();
        let session = Session::new(granted(&proving(site, &key)));
        let (token, kept) = (session.token().unwrap(), session.refresh_token().unwrap());

        for scheme in ["Bearer", "DPoP"] {
            let answer = ureq::get(site.at("/me"))
                .header("authorization", format!("{scheme} {}", token.expose()))
                .call();
            let refused = matches!(answer, Err(ureq::Error::StatusCode(400 | 401)));
            assert!(refused, "{scheme}");
        }
        let thief =
            RefreshToken::new(proving(site, &DpopKey::generate().unwrap()).client).user("alice");
        let error = thief.refresh(&kept, &HttpTransport::new()).unwrap_err();
        assert_eq!(error.refusal().unwrap().code, ErrorCode::InvalidGrant);
        // The thief's try has cost the owner nothing.
        assert_eq!(me(site, &session), "alice");
        let owner = granted(&proving(site, &key));
        assert!(owner.refresh(&kept, &HttpTransport::new()).is_ok());
    });
}

#[test]
fn a_login_that_was_stored_goes_on_with_the_key_that_was_kept() {
    on_oidc(|site| {
        let folder = tempfile::tempdir().unwrap();
        let store = || FileStore::open(folder.path().join("logins")).unwrap();
        let (clock, key) = (ManualClock::new(), DpopKey::generate().unwrap());
        let first = Session::builder(granted(&proving(site, &key)).resource_owner("alice"))
            .store(store())
            .clock(clock.clone())
            .build()
            .unwrap();
        assert_eq!(me(site, &first), "alice");
        drop(first);

        clock.advance(HOUR);
        let again = |key: DpopKey| {
            let grant = RefreshToken::new(proving(site, &key).client).user("alice");
            let session = Session::builder(grant).store(store());
            session.clock(clock.clone()).build().unwrap()
        };
        let kept = DpopKey::from_pkcs8_pem(key.to_pkcs8_pem()).unwrap();
        assert_eq!(me(site, &again(kept)), "alice");
        let error = again(DpopKey::generate().unwrap()).token().unwrap_err();
        let nothing = matches!(error, Error::LoginRequired { .. });
        assert!(nothing, "another key is another login: {error}");
    });
}

/// The server takes an assertion once, and looks at it before it looks at the proof.
#[test]
fn a_client_that_signs_and_proves_signs_anew_for_the_second_sending() {
    on_oidc(|site| {
        let (http, clock) = (Counted::default(), ManualClock::new());
        let client = Client {
            dpop: Some(DpopKey::generate().unwrap()),
            scope: "openid read".into(),
            pushed_authorization_request_endpoint: site.at("/request"),
            ..signing(site, PrivateKeyJwt::new(registered_key(site)))
        };
        let login = login(client);
        let pending = login.begin_pushed(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let session = http.session(pending.redirected(&redirect).unwrap(), &clock);
        assert_eq!(me(site, &session), "alice");
        assert_eq!(http.sent(), 2);
        clock.advance(HOUR);
        assert_eq!(me(site, &session), "alice");
        assert_eq!(http.sent(), 3);
    });
}

/// The life of the server's access tokens.
const HOUR: Duration = Duration::from_secs(3600);
