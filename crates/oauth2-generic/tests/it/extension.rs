//! A grant type of the server's own.

use auth_core::store::MemoryStore;
use oauth2_generic::{ClientAuth, Error, ExtensionGrant, Grant, Secret, Session};

use crate::asking::Asking as _;
use crate::requests::{client, sent, server, unscoped};
use crate::script::Script;

fn zoom() -> ExtensionGrant {
    let client = unscoped(server()).auth(ClientAuth::basic(Secret::new("s&cret")));
    ExtensionGrant::for_client(client, "account_credentials").param("account_id", "acc")
}

#[test]
fn a_grant_type_and_its_parameters_are_sent() {
    let sent = sent(|http| zoom().obtain(http)).unwrap();
    assert_eq!(sent.body, "grant_type=account_credentials&account_id=acc");
    assert_eq!(
        sent.headers["authorization"].to_str().unwrap(),
        "Basic YXBwOnMmY3JldA=="
    );
}

#[test]
fn a_pin_of_a_person_is_a_secret() {
    let grant = ExtensionGrant::for_password(client(), "urn:example:pin")
        .user("jsmith")
        .param("user", "jsmith")
        .secret("pin", Secret::new("c4nary"));
    let sent = sent(|http| grant.obtain(http)).unwrap();
    assert_eq!(
        sent.body,
        "grant_type=urn%3Aexample%3Apin&client_id=app&client_secret=s%26cret&user=jsmith&pin=c4nary\
         &scope=read%20write"
    );
    let shown = format!("{grant:?} {}", grant.identity());
    assert!(!shown.contains("c4nary"), "{shown}");
}

#[test]
fn a_refresh_token_that_comes_with_it_is_used() {
    let sent = sent(|http| zoom().refresh(&Secret::new("r"), http)).unwrap();
    assert_eq!(sent.body, "grant_type=refresh_token&refresh_token=r");
}

#[test]
fn a_scope_of_its_own_replaces_that_of_the_client() {
    let grant = ExtensionGrant::for_client(client(), "own").param("scope", "mine");
    let sent = sent(|http| grant.obtain(http)).unwrap();
    assert_eq!(
        sent.body,
        "grant_type=own&client_id=app&client_secret=s%26cret&scope=mine"
    );
}

#[test]
fn a_repeated_or_missing_parameter_is_refused() {
    for (grant, hint) in [
        (zoom().param("grant_type", "x"), "`grant_type`"),
        (
            ExtensionGrant::for_client(client(), "own").secret("client_secret", Secret::new("x")),
            "`client_secret`",
        ),
        (ExtensionGrant::for_client(client(), ""), "`grant_type`"),
        (zoom().param("account", ""), "`account`"),
        (
            zoom().secret("pin", Secret::new("1234\n")),
            "`pin` ends in a line break",
        ),
    ] {
        let error = grant.obtain(&Script::default()).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert!(error.to_string().contains(hint), "{error}");
    }
}

#[test]
fn all_that_is_asked_for_is_part_of_the_identity() {
    let pin = |user: &str| {
        ExtensionGrant::for_password(client(), "pin")
            .user(user)
            .secret("pin", Secret::new("1"))
    };
    assert_ne!(pin("jsmith").identity(), pin("bob").identity());
    assert_ne!(zoom().identity(), zoom().param("a", "b").identity());
    let other = ExtensionGrant::for_client(client(), "other").param("account_id", "acc");
    assert_ne!(zoom().identity(), other.identity());
    assert_eq!(
        pin("jsmith").identity(),
        pin("jsmith").secret("device", Secret::new("2")).identity()
    );
}

#[test]
fn a_store_needs_the_user_of_a_pin_and_none_of_a_client() {
    let pin = || {
        let grant = ExtensionGrant::for_password(client(), "pin");
        grant.secret("pin", Secret::new("1"))
    };
    for (grant, is_enough) in [
        (pin(), false),
        (pin().user(""), false),
        (pin().user("jsmith"), true),
        (zoom(), true),
    ] {
        let session = Session::builder(grant).store(MemoryStore::new());
        assert_eq!(session.build().is_ok(), is_enough);
    }
}
