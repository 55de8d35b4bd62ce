//! Redirects of the authorization endpoint, and what is refused of them.

use auth_core::error::{ErrorCode, Remedy};
use auth_core::grant::TokenResponse;
use oauth2_generic::{AuthorizationCode, Error, Result};

use crate::pending::resumed;
use crate::requests::{client, client_at, refused, sent};
use crate::script::Script;

/// The outcome of this redirect for a login; the code is sent if it is not refused here.
fn returned(login: &AuthorizationCode, url: &str) -> Result<TokenResponse> {
    let http = Script::default().then(200, TOKEN);
    let pending = resumed(login, "st", &"v".repeat(43)).unwrap();
    let outcome = pending.exchange(url, &http);
    assert_eq!(http.asked().len(), usize::from(outcome.is_ok()));
    outcome
}

/// The redirect of a login with the state `st`, at a server that calls itself `issuer`.
fn code(url: &str, issuer: &str) -> Result<TokenResponse> {
    returned(
        &AuthorizationCode::new(client_at(issuer), REDIRECT_URI),
        url,
    )
}

#[test]
fn a_code_is_decoded_exactly_once() {
    for (encoded, sent_as) in [
        ("a%3D", "code=a%3D&"),
        ("a%253D", "code=a%253D&"),
        ("a+b%2Bc", "code=a%20b%2Bc&"),
        ("%c3%bc", "code=%C3%BC&"),
    ] {
        let login = AuthorizationCode::new(client(), REDIRECT_URI);
        let pending = resumed(&login, "st", &"v".repeat(43)).unwrap();
        let url = format!("{REDIRECT_URI}?state=st&code={encoded}");
        let body = sent(|http| pending.exchange(&url, http)).unwrap().body;
        assert!(body.contains(sent_as), "{encoded}: {body}");
    }
}

#[test]
fn a_state_that_is_not_ours_is_refused() {
    refused(
        code(&format!("{REDIRECT_URI}?code=c4nary&state=other"), ""),
        "`state` mismatch",
    );
    refused(
        code(&format!("{REDIRECT_URI}?code=c4nary"), ""),
        "no `state`",
    );
    refused(
        code(&format!("{REDIRECT_URI}?code=c4nary&state="), ""),
        "no `state`",
    );
    // A refusal with another `state` does not belong to this login.
    refused(
        code(
            &format!("{REDIRECT_URI}?error=access_denied&state=other"),
            "",
        ),
        "`state` mismatch",
    );
}

#[test]
fn a_repeated_parameter_is_refused() {
    refused(
        code(
            &format!("{REDIRECT_URI}?code=c4nary&code=c4nary2&state=st"),
            "",
        ),
        "`code` twice",
    );
    refused(
        code(&format!("{REDIRECT_URI}?code=c4nary&state=st&state=st"), ""),
        "`state` twice",
    );
    refused(
        code(&format!("{REDIRECT_URI}?code=c4nary&state=st&c%6Fde=2"), ""),
        "`code` twice",
    );
}

#[test]
fn a_redirect_without_a_code_is_refused() {
    let error = refused(
        code(&format!("{REDIRECT_URI}?state=st"), ""),
        "neither `code` nor `error`",
    );
    assert!(matches!(error, Error::Response(_)));
    refused(
        code(&format!("{REDIRECT_URI}?state=st&code="), ""),
        "neither `code`",
    );
    // A code belongs into the query.
    refused(
        code(&format!("{REDIRECT_URI}#state=st&code=c4nary"), ""),
        "no `state`",
    );
    refused(
        code(&format!("{REDIRECT_URI}?state=st&code=%ff"), ""),
        "UTF-8",
    );
}

#[test]
fn a_url_that_leads_elsewhere_is_refused() {
    let elsewhere = [
        "",
        "not a URL c4nary",
        "/cb?code=c4nary&state=st",
        "https://app.example/other?code=c4nary&state=st",
        "https://app.example:444/cb?code=c4nary&state=st",
        "http://app.example/cb?code=c4nary&state=st",
        "https://app.example.evil/cb?code=c4nary&state=st",
        "https://app.example/cb/?code=c4nary&state=st",
        "https://app.example@evil.example/cb?code=c4nary&state=st",
    ];
    for url in elsewhere {
        let error = refused(code(url, ""), "`redirect_uri`");
        assert!(matches!(error, Error::Configuration { .. }), "{url}");
    }
}

#[test]
fn a_url_may_be_spelled_as_browsers_spell_it() {
    code("HTTPS://APP.example:443/cb?code=c&state=st#_=_", "").unwrap();
    code(" https://app.example/cb?code=c&state=st\n", "").unwrap();
}

#[test]
fn a_query_of_the_redirect_uri_must_come_back() {
    let login = AuthorizationCode::new(client(), "https://app.example/cb?server=a%20b&x=1");
    let redirected = |url: &str| returned(&login, url);
    redirected("https://app.example/cb?server=a+b&x=1&code=c&state=st").unwrap();
    refused(
        redirected("https://app.example/cb?server=other&x=1&code=c4nary&state=st"),
        "`redirect_uri`",
    );
    refused(
        redirected("https://app.example/cb?x=1&code=c4nary&state=st"),
        "`redirect_uri`",
    );
}

#[test]
fn the_server_must_name_itself_where_its_name_is_known() {
    let (ours, other) = ("https://login.example", "https%3A%2F%2Fevil.example");
    let encoded = "https%3A%2F%2Flogin.example";
    code(
        &format!("{REDIRECT_URI}?code=c&state=st&iss={encoded}"),
        ours,
    )
    .unwrap();
    refused(
        code(
            &format!("{REDIRECT_URI}?code=c4nary&state=st&iss={other}"),
            ours,
        ),
        "`iss`",
    );
    refused(
        code(&format!("{REDIRECT_URI}?code=c4nary&state=st"), ours),
        "`iss`",
    );
    refused(
        code(
            &format!("{REDIRECT_URI}?error=access_denied&state=st&iss={other}"),
            ours,
        ),
        "`iss`",
    );
    // Not checked unless it is set.
    code(&format!("{REDIRECT_URI}?code=c&state=st&iss={other}"), "").unwrap();
}

#[test]
fn a_refusal_keeps_its_code_and_description() {
    let url = format!(
        "{REDIRECT_URI}?error=access_denied&error_description=The+user%0Asaid%20no\
         &error_uri=https%3A%2F%2Fhelp.example%3Fsession%3Dc4nary&state=st"
    );
    let error = refused(code(&url, ""), "access_denied");
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.code, ErrorCode::AccessDenied);
    assert_eq!(
        refusal.description.as_deref(),
        Some("The user\\nsaid no; see https://help.example")
    );
    assert_eq!(refusal.status, None);
    assert!(error.remedy() != Remedy::Retry);
}

#[test]
fn a_refusal_without_state_and_issuer_is_read() {
    let error = refused(
        code(
            &format!("{REDIRECT_URI}?error=temporarily_unavailable"),
            "https://login.example",
        ),
        "temporarily",
    );
    assert!(error.remedy() == Remedy::Retry);
}

/// Any site can send a user to the redirect URI, with words of its own for the program to show.
#[test]
fn the_words_of_a_refusal_without_our_state_are_not_passed_on() {
    let told = "error_description=Call+c4nary&error_uri=https%3A%2F%2Fc4nary.example";
    let url = format!("{REDIRECT_URI}?error=access_denied&{told}");
    let error = refused(code(&url, ""), "access_denied");
    assert_eq!(error.refusal().unwrap().description, None);
    let url = format!("{REDIRECT_URI}?error=Call+c4nary&{told}");
    refused(code(&url, ""), "no `state`");
}

const TOKEN: &str = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
const REDIRECT_URI: &str = "https://app.example/cb";
