//! A token is traded for another.

use auth_core::store::MemoryStore;
use oauth2_generic::{Client, Error, Grant, Secret, SecurityToken, Session, TokenExchange};

use crate::asking::Asking as _;
use crate::requests::{client, sent, server, unscoped};
use crate::script::Script;

fn exchange_of(client: Client) -> TokenExchange {
    let subject = SecurityToken::access_token(Secret::new("subj&ct"));
    TokenExchange::new(client, subject)
}

fn exchange() -> TokenExchange {
    exchange_of(client()).user("jsmith")
}

fn actor() -> SecurityToken {
    SecurityToken::access_token(Secret::new("act0r"))
}

#[test]
fn a_token_is_sent_with_its_kind() {
    let sent = sent(|http| exchange().obtain(http)).unwrap();
    assert_eq!(
        sent.body,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
         &client_id=app&client_secret=s%26cret&subject_token=subj%26ct\
         &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
         &scope=read%20write"
    );
}

#[test]
fn the_actor_and_the_wanted_type_are_sent_where_they_are_set() {
    let client = unscoped(server()).audience("orders");
    let subject = SecurityToken::jwt(Secret::new("subj&ct"));
    let exchange = TokenExchange::new(client, subject)
        .actor(actor())
        .requested_token_type("urn:ietf:params:oauth:token-type:access_token");
    let sent = sent(|http| exchange.obtain(http)).unwrap();
    assert_eq!(
        sent.body,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
         &client_id=app&client_secret=s%26cret&audience=orders&subject_token=subj%26ct\
         &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt\
         &actor_token=act0r\
         &actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
         &requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
    );
}

#[test]
fn the_kind_of_what_was_issued_is_at_hand() {
    let answer = r#"{"access_token":"t","token_type":"Bearer","expires_in":60,
        "issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}"#;
    let session = Session::builder(exchange())
        .transport(Script::default().then(200, answer))
        .build()
        .unwrap();
    let token = session.token().unwrap();
    let kind = token.extra("issued_token_type").map(Secret::expose);
    assert_eq!(kind, Some("urn:ietf:params:oauth:token-type:access_token"));
    assert!(session.refresh_token().is_none());
}

#[test]
fn what_is_no_access_token_is_refused() {
    let answer = r#"{"access_token":"saml","token_type":"N_A",
        "issued_token_type":"urn:ietf:params:oauth:token-type:saml2"}"#;
    let error = exchange()
        .obtain(&Script::default().then(200, answer))
        .unwrap_err();
    assert!(error.to_string().contains("token_type"), "{error}");
}

#[test]
fn it_is_traded_again_unless_it_has_a_refresh_token() {
    for (with, expected) in [
        ("", "subject_token="),
        (r#","refresh_token":"r""#, "refresh_token=r"),
    ] {
        let answer = format!(r#"{{"access_token":"t","token_type":"Bearer"{with}}}"#);
        let http = Script::default().then(200, &answer).then(200, &answer);
        let session = Session::builder(exchange()).transport(http.clone());
        let session = session.build().unwrap();
        assert!(session.reject(&session.token().unwrap()));
        session.token().unwrap();
        assert!(http.asked()[1].contains(expected));
    }
}

#[test]
fn no_user_gets_the_token_of_another() {
    let nameless = Session::builder(exchange_of(client())).store(MemoryStore::new());
    let error = nameless.build().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    assert!(error.to_string().contains("name the user"), "{error}");

    let named = |name: &str| exchange_of(client()).user(name).identity();
    assert_ne!(named("jsmith"), named("bob"));
    let other = exchange().requested_token_type("urn:ietf:params:oauth:token-type:jwt");
    assert_ne!(other.identity(), exchange().identity());
}

#[test]
fn neither_token_is_shown_by_debug_or_part_of_the_identity() {
    let exchange = exchange().actor(actor());
    let shown = format!("{exchange:?} {}", exchange.identity());
    assert!(
        !shown.contains("subj&ct") && !shown.contains("act0r"),
        "{shown}"
    );
}
