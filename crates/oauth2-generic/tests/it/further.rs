//! Parameters that a server requires beyond those of the grant.

use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, Error, Grant, Password, RefreshToken, Secret, Server,
};

use crate::asking::Asking as _;
use crate::requests::{client, client_of, sent, server, unscoped};
use crate::script::Script;

fn kept(client: Client) -> RefreshToken {
    RefreshToken::new(client).user("jsmith")
}

/// The body of a refresh.
fn refreshed(client: Client) -> String {
    let sent = sent(|http| kept(client).refresh(&Secret::new("r"), http)).unwrap();
    sent.body
}

const REFRESH: &str = "grant_type=refresh_token&client_id=app&client_secret=s%26cret";

#[test]
fn a_refresh_sends_the_scope_where_it_is_wanted() {
    assert_eq!(
        refreshed(client().scope_in_refresh()),
        format!("{REFRESH}&refresh_token=r&scope=read%20write")
    );
    assert_eq!(
        refreshed(unscoped(server()).scope_in_refresh()),
        format!("{REFRESH}&refresh_token=r")
    );
}

#[test]
fn a_refresh_has_parameters_of_its_own() {
    let client = client()
        .param("tenant", "a")
        .param("version", "1")
        .refresh_param("version", "2")
        .refresh_param("scope", "read");
    let refresh = format!("{REFRESH}&tenant=a&version=2&scope=read&refresh_token=r");
    assert_eq!(refreshed(client.clone()), refresh);
    let sent = sent(|http| ClientCredentials::new(client).obtain(http)).unwrap();
    assert!(
        sent.body
            .ends_with("&tenant=a&version=1&scope=read%20write"),
        "{}",
        sent.body
    );
}

#[test]
fn what_a_request_does_not_set_may_be_set() {
    let public = client().param("scope", "read").param("username", "u");
    assert_eq!(
        refreshed(public),
        format!("{REFRESH}&scope=read&username=u&refresh_token=r")
    );
    let secret = client().secret_param("scope", Secret::new("read"));
    assert_eq!(
        refreshed(secret),
        format!("{REFRESH}&scope=read&refresh_token=r")
    );
}

#[test]
fn a_setting_that_is_repeated_word_for_word_is_sent_once() {
    let client = client()
        .audience("orders")
        .param("scope", "read write")
        .param("audience", "orders")
        .param("client_id", "app");
    let sent = sent(|http| ClientCredentials::new(client).obtain(http)).unwrap();
    assert_eq!(
        sent.body,
        "grant_type=client_credentials&client_id=app&client_secret=s%26cret&audience=orders&scope=read%20write"
    );
}

#[test]
fn a_repeated_parameter_is_refused_and_its_setting_named() {
    let password = |client| Password::new(client, "u", Secret::new("p"));
    for (name, instead) in [
        ("grant_type", "`ExtensionGrant`"),
        ("scope", "`Client::scope`"),
        ("client_id", "`Client::new`"),
        ("username", "the grant's constructor"),
        ("password", "the grant's constructor"),
        ("resource", "`Client::resource`"),
    ] {
        let plain = || client().resource("https://api.example/");
        let public = plain().param(name, "x");
        let secret = plain().secret_param(name, Secret::new("x"));
        for (client, setting) in [
            (public, "`Client::param`"),
            (secret, "`Client::secret_param`"),
        ] {
            let error = password(client).obtain(&Script::default()).unwrap_err();
            assert!(matches!(error, Error::Configuration { .. }), "{error}");
            let shown = error.to_string();
            assert!(
                shown.contains(&format!("`{name}`")) && shown.contains(setting),
                "{shown}"
            );
            assert!(shown.contains(instead), "{shown}");
        }
    }
}

#[test]
fn a_parameter_that_a_refresh_sets_is_refused_too() {
    for (client, name, setting) in [
        (
            client().param("refresh_token", "x"),
            "`refresh_token`",
            "`Client::param`",
        ),
        (
            client().refresh_param("grant_type", "x"),
            "`grant_type`",
            "`Client::refresh_param`",
        ),
    ] {
        let error = kept(client)
            .refresh(&Secret::new("r"), &Script::default())
            .unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains(name) && shown.contains(setting), "{shown}");
    }
}

#[test]
fn how_a_refresh_is_written_makes_no_other_login() {
    let one = kept(client()).identity();
    let other = client()
        .scope_in_refresh()
        .refresh_param("version", "2")
        .client_id_in_body()
        .auth(ClientAuth::basic_raw(Secret::new("s&cret")));
    assert_eq!(kept(other).identity(), one);
}

#[test]
fn spellings_of_one_endpoint_are_one_login() {
    let at = |endpoint: &str| kept(client_of(Server::new(endpoint))).identity();
    for endpoint in [
        "https://LOGIN.example/token",
        "HTTPS://login.example/token",
        "https://login.example:443/token",
        "https://login.example/token/",
    ] {
        assert_eq!(
            at(endpoint),
            at("https://login.example/token"),
            "{endpoint}"
        );
    }
    assert_ne!(
        at("https://login.example/Token"),
        at("https://login.example/token")
    );
    assert_ne!(
        at("https://login.example:8443/token"),
        at("https://login.example/token")
    );
}
