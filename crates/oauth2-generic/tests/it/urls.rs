//! The URLs that users are sent to.

use oauth2_generic::{AuthorizationCode, Error, Implicit};

use crate::requests::client;

fn login() -> AuthorizationCode {
    AuthorizationCode {
        client: client(),
        redirect_uri: "http://127.0.0.1:8400/cb?x=1".into(),
        ..AuthorizationCode::default()
    }
}

#[test]
fn a_code_is_asked_for_with_a_state_and_a_hashed_verifier() {
    // The pair of RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let mut login = login();
    login.client.audience = "orders".into();
    login.client.resource = "https://api.example/".into();
    login.parameters = vec![("login_hint".into(), "j smith".into())];
    assert_eq!(
        login.resume("st", verifier).unwrap().url(),
        "https://login.example/authorize?response_type=code&client_id=app&state=st\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
         &redirect_uri=http%3A%2F%2F127.0.0.1%3A8400%2Fcb%3Fx%3D1&scope=read+write\
         &audience=orders&resource=https%3A%2F%2Fapi.example%2F&login_hint=j+smith"
    );
}

#[test]
fn a_token_is_asked_for_with_a_state_and_without_a_challenge() {
    let login = Implicit {
        client: client(),
        redirect_uri: "https://app.example/cb".into(),
        ..Implicit::default()
    };
    assert_eq!(
        login.resume("st").unwrap().url(),
        "https://login.example/authorize?response_type=token&client_id=app&state=st\
         &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=read+write"
    );
}

#[test]
fn every_login_has_a_state_and_a_verifier_of_its_own() {
    let (one, other) = (login().begin().unwrap(), login().begin().unwrap());
    assert_ne!(one.state(), other.state());
    assert_ne!(one.code_verifier().expose(), other.code_verifier().expose());
    assert!(one.state().len() >= 22 && one.code_verifier().expose().len() >= 43);
    assert!(one.url().contains(one.state()) && !one.url().contains(one.code_verifier().expose()));
}

#[test]
fn a_login_that_asks_for_openid_has_a_nonce_of_its_own() {
    let mut login = login();
    assert!(login.begin().unwrap().nonce().is_none());
    login.client.scope = "openid read".into();
    let (one, other) = (login.begin().unwrap(), login.begin().unwrap());
    let nonce = one.nonce().unwrap();
    assert!(
        nonce.len() == 43 && one.url().ends_with(&format!("&nonce={nonce}")),
        "{}",
        one.url()
    );
    assert_ne!(one.nonce(), other.nonce());
    let again = login.resume(one.state(), one.code_verifier()).unwrap();
    assert_eq!((again.nonce(), again.url()), (one.nonce(), one.url()));
    for verifier in ["v".repeat(43), "v".repeat(128)] {
        assert!(login.resume("st", verifier).unwrap().nonce().is_some());
    }

    login.parameters = vec![("nonce".into(), "mine".into())];
    let mine = login.begin().unwrap();
    assert_eq!(mine.nonce().as_deref(), Some("mine"));
    assert_eq!(mine.url().matches("nonce=").count(), 1);
}

#[test]
fn an_implicit_login_that_asks_for_openid_has_one_too() {
    let mut client = client();
    client.scope = "openid".into();
    let login = Implicit {
        client,
        redirect_uri: "https://app.example/cb".into(),
        ..Implicit::default()
    };
    let (one, other) = (login.begin().unwrap(), login.begin().unwrap());
    let nonce = one.nonce().unwrap();
    assert!(
        one.url().ends_with(&format!("&nonce={nonce}")),
        "{}",
        one.url()
    );
    assert_ne!(one.nonce(), other.nonce());
    assert_eq!(login.resume(one.state()).unwrap().nonce(), one.nonce());
}

#[test]
fn a_query_of_the_authorization_endpoint_is_kept() {
    let mut login = login();
    login.client.authorization_endpoint = "https://login.example/authorize?tenant=a".into();
    let pending = login.begin().unwrap();
    assert!(
        pending
            .url()
            .starts_with("https://login.example/authorize?tenant=a&response_type=code")
    );
}

#[test]
fn users_log_in_over_https_or_on_this_machine_unless_danger_is_named() {
    let begin = |endpoint: &str, danger| {
        let mut login = login();
        login.client.authorization_endpoint = endpoint.into();
        login.client.danger_allow_http_login = danger;
        login.begin().is_ok()
    };
    assert!(begin("http://127.0.0.1:8080/authorize", false));
    assert!(begin("http://[::1]:8080/authorize", false));
    assert!(!begin("http://localhost:8080/authorize", false));
    assert!(!begin("http://login.example/authorize", false));
    assert!(!begin("javascript:alert(1)", true));
    assert!(begin("http://login.example/authorize", true));
}

/// RFC 9700 §2.6: what comes back is the code, or the token itself.
#[test]
fn users_come_back_over_https_or_to_this_machine_unless_danger_is_named() {
    let begin = |redirect_uri: &str, danger| {
        let mut login = login();
        login.redirect_uri = redirect_uri.into();
        login.client.danger_allow_http_login = danger;
        let implicit = Implicit {
            client: login.client.clone(),
            redirect_uri: redirect_uri.into(),
            ..Implicit::default()
        };
        let (code, token) = (login.begin().is_ok(), implicit.begin().is_ok());
        assert_eq!(code, token, "{redirect_uri}");
        code
    };
    for redirect_uri in [
        "https://app.example/cb",
        "http://127.0.0.1:8400/cb",
        "http://[::1]/cb",
        "http://localhost:3000/cb",
        "com.example.app:/cb",
    ] {
        assert!(begin(redirect_uri, false), "{redirect_uri}");
    }
    for redirect_uri in ["http://app.example/cb", "http://localhost.example/cb"] {
        assert!(!begin(redirect_uri, false), "{redirect_uri}");
        assert!(begin(redirect_uri, true), "{redirect_uri}");
    }
}

#[test]
fn what_makes_no_url_is_an_error_that_names_the_field() {
    let broken = |change: fn(&mut AuthorizationCode)| {
        let mut login = login();
        change(&mut login);
        let error = login.begin().unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        error.to_string()
    };
    let says = |error: String, field: &str| assert!(error.contains(field), "{error}");
    says(
        broken(|l| l.client.authorization_endpoint.clear()),
        "`authorization_endpoint`",
    );
    says(
        broken(|l| l.client.authorization_endpoint += "#f"),
        "`authorization_endpoint`",
    );
    says(
        broken(|l| l.client.token_endpoint.clear()),
        "`token_endpoint`",
    );
    says(broken(|l| l.client.client_id.clear()), "`client_id`");
    says(broken(|l| l.redirect_uri = "/cb".into()), "`redirect_uri`");
    says(broken(|l| l.redirect_uri += "#f"), "`redirect_uri`");
    says(broken(|l| l.redirect_uri += "\n"), "a line break");
    says(
        broken(|l| l.parameters = vec![("state".into(), "mine".into())]),
        "`state`",
    );
}

#[test]
fn a_verifier_that_was_not_made_here_is_refused_and_not_shown() {
    for verifier in ["short".to_owned(), "x".repeat(129), "€".repeat(20)] {
        let error = login().resume("st", verifier.as_str()).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains(&verifier));
    }
}
