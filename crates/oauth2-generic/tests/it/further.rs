//! Parameters that a server wants besides those of the grant.

use oauth2_generic::{
    AuthorizationCode, Client, ClientAuth, ClientCredentials, Error, Grant, Password, RefreshToken,
    Secret,
};

use crate::asking::Asking as _;
use crate::requests::{client, sent};
use crate::script::Script;

fn kept(client: Client) -> RefreshToken {
    RefreshToken::new(client).user("jsmith")
}

/// The body of a refresh.
fn refreshed(client: Client) -> String {
    let sent = sent(|http| kept(client).refresh(&Secret::from("r"), http)).unwrap();
    sent.body
}

const REFRESH: &str = "grant_type=refresh_token&client_id=app&client_secret=s%26cret";

fn pair(name: &str, value: &str) -> (String, String) {
    (name.into(), value.into())
}

#[test]
fn a_refresh_sends_the_scope_where_it_is_wanted() {
    let mut client = Client {
        scope_in_refresh: true,
        ..client()
    };
    assert_eq!(
        refreshed(client.clone()),
        format!("{REFRESH}&refresh_token=r&scope=read%20write")
    );
    client.scope.clear();
    assert_eq!(refreshed(client), format!("{REFRESH}&refresh_token=r"));
}

#[test]
fn a_refresh_has_parameters_of_its_own() {
    let client = Client {
        extra: vec![pair("tenant", "a"), pair("version", "1")],
        extra_in_refresh: vec![pair("version", "2"), pair("scope", "read")],
        ..client()
    };
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
    let mut client = Client {
        extra: vec![pair("scope", "read"), pair("username", "u")],
        ..client()
    };
    assert_eq!(
        refreshed(client.clone()),
        format!("{REFRESH}&scope=read&username=u&refresh_token=r")
    );
    client.extra = Vec::new();
    client.extra_secrets = vec![("scope".into(), "read".into())];
    assert_eq!(
        refreshed(client),
        format!("{REFRESH}&scope=read&refresh_token=r")
    );
}

#[test]
fn a_field_that_is_repeated_word_for_word_is_sent_once() {
    let client = Client {
        audience: "orders".into(),
        extra: vec![
            pair("scope", "read write"),
            pair("audience", "orders"),
            pair("client_id", "app"),
        ],
        ..client()
    };
    let sent = sent(|http| ClientCredentials::new(client).obtain(http)).unwrap();
    assert_eq!(
        sent.body,
        "grant_type=client_credentials&client_id=app&client_secret=s%26cret&audience=orders&scope=read%20write"
    );
}

#[test]
fn what_stands_twice_is_refused_and_its_field_named() {
    let password = |client| Password::new(client, "u", Secret::new("p"));
    for (name, instead) in [
        ("grant_type", "`ExtensionGrant`"),
        ("scope", "field of that name"),
        ("client_id", "field of that name"),
        ("username", "field of that name"),
        ("password", "field of that name"),
        ("resource", "`further_resources`"),
    ] {
        let plain = Client {
            resource: "https://api.example/".into(),
            ..client()
        };
        let public = Client {
            extra: vec![pair(name, "x")],
            ..plain.clone()
        };
        let secret = Client {
            extra_secrets: vec![(name.into(), "x".into())],
            ..plain.clone()
        };
        for (client, list) in [(public, "`extra`"), (secret, "`extra_secrets`")] {
            let error = password(client).obtain(&Script::default()).unwrap_err();
            assert!(matches!(error, Error::Configuration { .. }), "{error}");
            let shown = error.to_string();
            assert!(
                shown.contains(&format!("`{name}`")) && shown.contains(list),
                "{shown}"
            );
            assert!(shown.contains(instead), "{shown}");
        }
    }
}

#[test]
fn what_a_refresh_sets_is_refused_too() {
    for (name, list) in [
        ("refresh_token", "`extra`"),
        ("grant_type", "`extra_in_refresh`"),
    ] {
        let mut client = client();
        let parameter = vec![pair(name, "x")];
        match list {
            "`extra`" => client.extra = parameter,
            _ => client.extra_in_refresh = parameter,
        }
        let error = kept(client)
            .refresh(&Secret::from("r"), &Script::default())
            .unwrap_err();
        let shown = error.to_string();
        assert!(
            shown.contains(&format!("`{name}`")) && shown.contains(list),
            "{shown}"
        );
    }
}

#[test]
fn an_authorization_url_takes_what_it_does_not_set() {
    let mut login = AuthorizationCode {
        client: client(),
        redirect_uri: "https://app.example/cb".into(),
        parameters: vec![pair("audience", "orders"), pair("username", "jsmith")],
    };
    let pending = login.begin().unwrap();
    assert!(
        pending.url().ends_with("&audience=orders&username=jsmith"),
        "{}",
        pending.url()
    );
    for name in ["scope", "state", "client_secret", "code_challenge"] {
        login.parameters = vec![pair(name, "x")];
        let shown = login.begin().unwrap_err().to_string();
        assert!(
            shown.contains(&format!("`{name}`")) && shown.contains("`parameters`"),
            "{shown}"
        );
    }
}

#[test]
fn how_a_refresh_is_written_makes_no_other_login() {
    let one = kept(client()).identity();
    let other = Client {
        scope_in_refresh: true,
        extra_in_refresh: vec![pair("version", "2")],
        client_id_in_body: true,
        client_auth: ClientAuth::BasicRaw,
        ..client()
    };
    assert_eq!(kept(other).identity(), one);
}

#[test]
fn spellings_of_one_endpoint_are_one_login() {
    let at = |endpoint: &str| {
        let mut client = client();
        client.token_endpoint = endpoint.into();
        kept(client).identity()
    };
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
