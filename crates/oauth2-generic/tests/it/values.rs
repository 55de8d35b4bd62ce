//! Values that cannot be meant are refused before anything is sent.

use oauth2_generic::{
    AuthorizationCode, Client, ClientAuth, ClientCredentials, Error, Metadata, Password,
    RefreshToken, Secret, Session, TokenExchange,
};

use crate::asking::Asking as _;
use crate::requests::client;
use crate::script::Script;

/// The error of a login that sends nothing.
fn refused(client: Client) -> String {
    let error = ClientCredentials::new(client)
        .obtain(&Script::default())
        .unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    error.to_string()
}

#[test]
fn a_secret_with_the_line_break_of_its_file_is_refused() {
    for client_auth in [ClientAuth::Body, ClientAuth::Basic, ClientAuth::BasicRaw] {
        let mut client = Client {
            client_auth,
            ..client()
        };
        for secret in ["s3cret\n", "s3cret\r\n"] {
            client.client_secret = secret.into();
            assert_eq!(
                refused(client.clone()),
                "`client_secret` ends in a line break; trim it"
            );
        }
        client.client_secret = "s3crét".into();
        let shown = refused(client.clone());
        assert!(
            shown.contains("`client_secret`") && shown.contains("ASCII"),
            "{shown}"
        );
        client.client_secret = "s".into();
        client.client_id = "app\n".into();
        assert_eq!(refused(client), "`client_id` ends in a line break; trim it");
    }
}

#[test]
fn so_is_a_further_secret() {
    let client = Client {
        extra_secrets: vec![("api_key".into(), "k3y\n".into())],
        ..client()
    };
    assert_eq!(refused(client), "`api_key` ends in a line break; trim it");
}

#[test]
fn a_user_s_name_and_password_may_be_in_any_script() {
    let answer = r#"{"access_token":"t","token_type":"Bearer"}"#;
    let login = |username: &str, password: &str| {
        let grant = Password::new(client(), username, Secret::new(password));
        grant.obtain(&Script::default().then(200, answer))
    };
    login("jörg", "пароль 🐎").unwrap();
    for (username, password, setting) in [
        ("j\n", "p", "`username`"),
        ("j", "p\n", "`password`"),
        ("j", "p\0p", "`password`"),
    ] {
        let error = login(username, password).unwrap_err();
        assert!(error.to_string().starts_with(setting), "{error}");
    }
}

#[test]
fn a_refresh_token_with_a_line_break_is_not_sent() {
    let grant = || RefreshToken::new(client()).user("jsmith");
    let error = grant()
        .refresh(&Secret::from("r\n"), &Script::default())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`refresh_token` ends in a line break; trim it"
    );
    let session = Session::builder(grant())
        .refresh_token("r\n")
        .transport(Script::default())
        .build();
    let error = session.token().unwrap_err();
    assert!(
        error.to_string().contains("ends in a line break; trim it"),
        "{error}"
    );
}

#[test]
fn a_user_is_not_sent_to_a_url_with_a_line_break() {
    let login = |id: &str, redirect_uri: &str| AuthorizationCode {
        client: Client {
            client_id: id.into(),
            ..client()
        },
        redirect_uri: redirect_uri.into(),
        ..AuthorizationCode::default()
    };
    let uri = "https://app.example/cb";
    let error = login("app\n", uri).begin().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`client_id` ends in a line break; trim it"
    );
    let error = login("app", "https://app.example/cb\n")
        .begin()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`redirect_uri` ends in a line break; trim it"
    );
    assert!(login("app", uri).begin().is_ok());
}

#[test]
fn so_is_a_token_that_is_to_be_traded() {
    let grant = TokenExchange {
        client: client(),
        subject_token: "t\n".into(),
        resource_owner: "jsmith".into(),
        ..TokenExchange::default()
    };
    let error = grant.obtain(&Script::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`subject_token` ends in a line break; trim it"
    );
}

#[test]
fn a_url_with_the_line_break_of_its_file_is_named() {
    for end in ["\n", "\r\n", "\t", " ", "\u{a0}", "\u{feff}"] {
        let shown = refused(Client {
            token_endpoint: format!("https://login.example/token{end}"),
            ..client()
        });
        assert!(shown.contains("line break, a space"), "{end:?}: {shown}");
        let issuer = format!("https://login.example{end}");
        let error = Metadata::discover(&issuer, &Script::default()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the issuer has a line break, a space"),
            "{end:?}: {error}"
        );
    }
}
