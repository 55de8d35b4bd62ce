//! The URLs that users are sent to.

use oauth2_generic::{AuthorizationCode, Client, Error, PendingLogin, Result, Server};

use crate::pending::{resumed, verifier};
use crate::requests::{TOKEN_URL, client, client_of, server};
use crate::script::Script;

const REDIRECT_URI: &str = "http://127.0.0.1:8400/cb?x=1";

fn login_of(client: Client) -> AuthorizationCode {
    AuthorizationCode::new(client, REDIRECT_URI)
}

fn login() -> AuthorizationCode {
    login_of(client())
}

/// Begins a login; nothing is sent.
fn begin(login: &AuthorizationCode) -> Result<PendingLogin> {
    login.begin(&Script::default())
}

#[test]
fn a_code_is_asked_for_with_a_state_and_a_hashed_verifier() {
    // The pair of RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let client = client().audience("orders").resource("https://api.example/");
    let login = login_of(client).param("login_hint", "j smith");
    assert_eq!(
        resumed(&login, "st", verifier).unwrap().url(),
        "https://login.example/authorize?response_type=code&client_id=app&state=st\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
         &redirect_uri=http%3A%2F%2F127.0.0.1%3A8400%2Fcb%3Fx%3D1&scope=read+write\
         &audience=orders&resource=https%3A%2F%2Fapi.example%2F&login_hint=j+smith"
    );
}

#[test]
fn every_login_has_a_state_and_a_verifier_of_its_own() {
    let (one, other) = (begin(&login()).unwrap(), begin(&login()).unwrap());
    assert_ne!(one.state(), other.state());
    let (first, second) = (verifier(&one), verifier(&other));
    assert_ne!(first, second);
    assert!(one.state().len() >= 22 && first.len() >= 43);
    assert!(one.url().contains(one.state()) && !one.url().contains(&first));
}

#[test]
fn a_login_that_asks_for_openid_has_a_nonce_of_its_own() {
    assert!(begin(&login()).unwrap().nonce().is_none());
    let login = login_of(client().scope("openid read"));
    let (one, other) = (begin(&login).unwrap(), begin(&login).unwrap());
    let nonce = one.nonce().unwrap();
    assert!(
        nonce.len() == 43 && one.url().ends_with(&format!("&nonce={nonce}")),
        "{}",
        one.url()
    );
    assert_ne!(one.nonce(), other.nonce());
    let again = login.resume(&one.save()).unwrap();
    assert_eq!((again.nonce(), again.url()), (one.nonce(), one.url()));
    for verifier in ["v".repeat(43), "v".repeat(128)] {
        let pending = resumed(&login, "st", &verifier).unwrap();
        assert!(pending.nonce().is_some());
    }

    let mine = begin(&login.param("nonce", "mine")).unwrap();
    assert_eq!(mine.nonce().as_deref(), Some("mine"));
    assert_eq!(mine.url().matches("nonce=").count(), 1);
}

#[test]
fn a_query_of_the_authorization_endpoint_is_kept() {
    let endpoint = "https://login.example/authorize?tenant=a";
    let login = login_of(client_of(server().authorization_endpoint(endpoint)));
    let pending = begin(&login).unwrap();
    assert!(
        pending
            .url()
            .starts_with("https://login.example/authorize?tenant=a&response_type=code")
    );
}

/// The client, allowed plain http if that is asked for.
fn allowing(client: Client, danger: bool) -> Client {
    if danger {
        client.danger_allow_http_login()
    } else {
        client
    }
}

#[test]
fn users_log_in_over_https_or_on_this_machine() {
    let begins = |endpoint: &str, danger| {
        let client = client_of(server().authorization_endpoint(endpoint));
        begin(&login_of(allowing(client, danger))).is_ok()
    };
    assert!(begins("http://127.0.0.1:8080/authorize", false));
    assert!(begins("http://[::1]:8080/authorize", false));
    assert!(!begins("http://localhost:8080/authorize", false));
    assert!(!begins("http://login.example/authorize", false));
    assert!(!begins("javascript:alert(1)", true));
    assert!(begins("http://login.example/authorize", true));
}

/// RFC 9700 §2.6: the code comes back.
#[test]
fn users_return_over_https_or_to_this_machine() {
    let begins = |redirect_uri: &str, danger| {
        let client = allowing(client(), danger);
        begin(&AuthorizationCode::new(client, redirect_uri)).is_ok()
    };
    for redirect_uri in [
        "https://app.example/cb",
        "http://127.0.0.1:8400/cb",
        "http://[::1]/cb",
        "http://localhost:3000/cb",
        "com.example.app:/cb",
    ] {
        assert!(begins(redirect_uri, false), "{redirect_uri}");
    }
    for redirect_uri in ["http://app.example/cb", "http://localhost.example/cb"] {
        assert!(!begins(redirect_uri, false), "{redirect_uri}");
        assert!(begins(redirect_uri, true), "{redirect_uri}");
    }
}

#[test]
fn a_login_that_makes_no_url_is_an_error_that_names_the_setting() {
    let at = |redirect_uri: &str| AuthorizationCode::new(client(), redirect_uri);
    let of = |server: Server| login_of(client_of(server));
    let authorize = "https://login.example/authorize";
    for (login, setting) in [
        (of(Server::new(TOKEN_URL)), "`authorization_endpoint`"),
        (
            of(server().authorization_endpoint("")),
            "`authorization_endpoint`",
        ),
        (
            of(server().authorization_endpoint(format!("{authorize}#f"))),
            "`authorization_endpoint`",
        ),
        (
            of(Server::new("").authorization_endpoint(authorize)),
            "`token_endpoint`",
        ),
        (login_of(Client::new(server(), "")), "`client_id`"),
        (at("/cb"), "`redirect_uri`"),
        (at(&format!("{REDIRECT_URI}#f")), "`redirect_uri`"),
        (at(&format!("{REDIRECT_URI}\n")), "a line break"),
        (login().param("state", "mine"), "`state`"),
    ] {
        let error = begin(&login).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert!(error.to_string().contains(setting), "{error}");
    }
}

#[test]
fn a_verifier_that_was_not_made_here_is_refused_and_not_shown() {
    for verifier in ["short".to_owned(), "x".repeat(129), "€".repeat(20)] {
        let error = resumed(&login(), "st", &verifier).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains(&verifier));
    }
}

#[test]
fn a_user_is_not_sent_to_a_url_with_a_line_break() {
    let begin = |id: &str, redirect_uri: &str| {
        let login = AuthorizationCode::new(Client::new(server(), id), redirect_uri);
        login.begin(&Script::default())
    };
    let uri = "https://app.example/cb";
    let error = begin("app\n", uri).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`client_id` ends in a line break; trim it"
    );
    let error = begin("app", "https://app.example/cb\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`redirect_uri` ends in a line break; trim it"
    );
    assert!(begin("app", uri).is_ok());
}

#[test]
fn an_authorization_url_takes_what_it_does_not_set() {
    let login = || AuthorizationCode::new(client(), "https://app.example/cb");
    let unasked = Script::default();
    let pending = login()
        .param("audience", "orders")
        .param("username", "jsmith")
        .begin(&unasked)
        .unwrap();
    assert!(
        pending.url().ends_with("&audience=orders&username=jsmith"),
        "{}",
        pending.url()
    );
    for name in ["scope", "state", "client_secret", "code_challenge"] {
        let error = login().param(name, "x").begin(&unasked).unwrap_err();
        let shown = error.to_string();
        assert!(
            shown.contains(&format!("`{name}`")) && shown.contains("`param`"),
            "{shown}"
        );
    }
}
