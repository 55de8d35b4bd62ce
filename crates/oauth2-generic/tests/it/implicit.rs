//! Logins by the implicit grant: URLs, saved logins, redirects with a token.

use auth_core::error::ErrorCode;
use auth_core::grant::{RevokedToken, TokenResponse};
use oauth2_generic::{Client, Implicit, PendingImplicit, Result, Secret, Server};

use crate::asking::Asking as _;
use crate::metadata::{found, is_configuration};
use crate::requests::{client, client_at, client_of, refused, server};
use crate::script::Script;

fn login() -> Implicit {
    Implicit::new(client(), REDIRECT_URI)
}

/// A login at a server that announces this.
fn announced(more: &str) -> Implicit {
    at(found(more))
}

fn at(server: Server) -> Implicit {
    Implicit::new(Client::new(server, "app"), REDIRECT_URI)
}

/// A login with this state, as if it had been begun and saved with it.
fn resumed(login: &Implicit, state: &str) -> Result<PendingImplicit> {
    let saved = login.begin()?.save();
    let (version, _) = saved.expose().split_once('.').unwrap();
    login.resume(&Secret::new(format!("{version}.{state}")))
}

/// The outcome of this redirect for a login with the state `st`, at a server that calls itself `issuer`.
fn token(url: &str, issuer: &str) -> Result<TokenResponse> {
    let login = Implicit::new(client_at(issuer), REDIRECT_URI);
    resumed(&login, "st").unwrap().read(url)
}

#[test]
fn a_saved_login_continues() {
    let login = login();
    let pending = login.begin().unwrap();
    let resumed = login.resume(&pending.save()).unwrap();
    assert_eq!(resumed.url(), pending.url());
    let url = format!(
        "{REDIRECT_URI}#access_token=abc&token_type=bearer&state={}",
        pending.state()
    );
    assert_eq!(resumed.read(&url).unwrap().access_token.expose(), "abc");
    login.resume(&Secret::new(pending.state())).unwrap_err();
}

#[test]
fn a_token_is_asked_for_with_a_state_and_without_a_challenge() {
    let login = login();
    assert_eq!(
        resumed(&login, "st").unwrap().url(),
        "https://login.example/authorize?response_type=token&client_id=app&state=st\
         &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=read+write"
    );
}

#[test]
fn an_implicit_login_that_asks_for_openid_has_one_too() {
    let login = Implicit::new(client().scope("openid"), "https://app.example/cb");
    let (one, other) = (login.begin().unwrap(), login.begin().unwrap());
    let nonce = one.nonce().unwrap();
    assert!(
        one.url().ends_with(&format!("&nonce={nonce}")),
        "{}",
        one.url()
    );
    assert_ne!(one.nonce(), other.nonce());
    let again = login.resume(&one.save()).unwrap();
    assert_eq!(again.nonce(), one.nonce());
}

#[test]
fn a_token_comes_from_the_fragment_and_from_nowhere_else() {
    let answer = "access_token=c4n%2Bary&token_type=Bearer&expires_in=60&scope=read&state=st&id=7";
    let token_of = token(&format!("{REDIRECT_URI}#{answer}"), "").unwrap();
    assert_eq!(token_of.access_token.expose(), "c4n+ary");
    assert_eq!(token_of.scope.as_deref(), Some("read"));
    assert_eq!(token_of.extra["id"].expose(), "7");
    assert!(!token_of.extra.contains_key("state"));
    refused(
        token(&format!("{REDIRECT_URI}?{answer}"), ""),
        "no fragment",
    );
}

#[test]
fn the_server_names_itself_in_query_or_fragment() {
    let (iss, answer) = (
        "iss=https%3A%2F%2Flogin.example",
        "access_token=c4nary&token_type=bearer&state=st",
    );
    let issuer = "https://login.example";
    token(&format!("{REDIRECT_URI}?{iss}#{answer}"), issuer).unwrap();
    token(&format!("{REDIRECT_URI}#{answer}&{iss}"), issuer).unwrap();
    refused(token(&format!("{REDIRECT_URI}#{answer}"), issuer), "`iss`");
    refused(
        token(&format!("{REDIRECT_URI}?{iss}#{answer}&iss=other"), issuer),
        "`iss`",
    );
}

#[test]
fn a_refresh_token_that_went_through_a_browser_is_not_kept() {
    let answer = "access_token=t&token_type=bearer&state=st&refresh_token=c4nary";
    let token = token(&format!("{REDIRECT_URI}#{answer}"), "").unwrap();
    assert!(token.refresh_token.is_none());
    assert!(token.extra.is_empty());
}

#[test]
fn a_refused_token_is_a_refusal_in_either_part() {
    for part in ['#', '?'] {
        let url = format!("{REDIRECT_URI}{part}error=unauthorized_client&state=st");
        let error = refused(token(&url, ""), "unauthorized_client");
        assert_eq!(error.refusal().unwrap().code, ErrorCode::UnauthorizedClient);
    }
}

#[test]
fn a_state_that_is_not_ours_or_comes_twice_is_refused() {
    let redirect = |answer: &str| format!("{REDIRECT_URI}#{answer}");
    refused(
        token(
            &redirect("access_token=c4nary&token_type=bearer&state=s"),
            "",
        ),
        "`state`",
    );
    let twice = "access_token=c4nary&access_token=c4nary&token_type=bearer&state=st";
    refused(token(&redirect(twice), ""), "twice");
}

/// Any site can send a user to the redirect URI, with words of its own for the program to show.
#[test]
fn words_of_a_refusal_without_our_state_are_not_passed_on() {
    let told = "error_description=Call+c4nary&error_uri=https%3A%2F%2Fc4nary.example";
    let url = format!("{REDIRECT_URI}#error=access_denied&{told}");
    refused(token(&url, ""), "access_denied");
}

/// RFC 9700 §2.6: the token itself comes back.
#[test]
fn users_return_over_https_or_to_this_machine() {
    let begin = |redirect_uri: &str| Implicit::new(client(), redirect_uri).begin();
    for redirect_uri in [REDIRECT_URI, "http://[::1]/cb", "http://localhost:3000/cb"] {
        assert!(begin(redirect_uri).is_ok(), "{redirect_uri}");
    }
    let plain = "http://app.example/cb";
    begin(plain).unwrap_err();
    let allowed = Implicit::new(client().danger_allow_http_login(), plain);
    assert!(allowed.begin().is_ok());
}

#[test]
fn a_login_that_is_not_announced_is_refused() {
    let grants = announced(r#","grant_types_supported":["client_credentials"]"#);
    is_configuration(grants.begin(), "`implicit`");
    let by_hand = found(r#","grant_types_supported":["client_credentials"]"#)
        .authorization_endpoint("https://login.example/v2/authorize");
    assert!(at(by_hand).begin().is_ok());

    let codes = announced(r#","response_types_supported":["code","code id_token"]"#);
    is_configuration(codes.begin(), "`token`");
    let tokens = announced(r#","response_types_supported":["id_token token","token"]"#);
    assert!(tokens.begin().is_ok());
    assert!(announced("").begin().is_ok());

    // A token cannot be requested in a login that is pushed.
    let pushed = announced(r#","require_pushed_authorization_requests":true"#);
    is_configuration(pushed.begin(), "a login is announced");
}

#[test]
fn its_grant_can_be_revoked() {
    let client = client_of(server().revocation_endpoint("https://login.example/revoke"));
    let grant = Implicit::new(client, REDIRECT_URI).grant();
    let (token, http) = (Secret::new("t"), Script::default().then(200, ""));
    grant.revoke(RevokedToken::Access(&token), &http).unwrap();
    assert!(http.asked()[0].starts_with("POST https://login.example/revoke token=t&"));
}

/// A program that knows the state of a login that waits can complete it.
#[test]
fn a_waiting_login_shows_no_state_and_no_url() {
    let shown = format!("{:?}", resumed(&login(), "st4te").unwrap());
    assert!(
        !shown.contains("st4te") && !shown.contains("response_type"),
        "{shown}"
    );
    assert!(
        shown.contains("PendingImplicit") && shown.contains("\"app\""),
        "{shown}"
    );
}

/// A token in a redirect works for every holder, and the key is there so that no such token is used.
#[cfg(feature = "dpop")]
#[test]
fn a_client_with_a_key_gets_no_token_by_a_redirect() {
    let client = client().dpop(oauth2_generic::DpopKey::generate().unwrap());
    let error = Implicit::new(client, REDIRECT_URI).begin().unwrap_err();
    assert!(error.to_string().contains("`Client::dpop`"), "{error}");
}

const REDIRECT_URI: &str = "https://app.example/cb";
