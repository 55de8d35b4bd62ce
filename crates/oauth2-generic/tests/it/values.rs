//! Values that cannot be meant are refused before anything is sent.

use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, Error, Password, RefreshToken, Secret, SecurityToken,
    Server, Session, TokenExchange,
};

use crate::asking::Asking as _;
use crate::requests::{client, client_of, server};
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
    let ways: [fn(Secret) -> ClientAuth; 3] =
        [ClientAuth::post, ClientAuth::basic, ClientAuth::basic_raw];
    for way in ways {
        let with = |secret: &str| client().auth(way(Secret::new(secret)));
        for secret in ["s3cret\n", "s3cret\r\n"] {
            assert_eq!(
                refused(with(secret)),
                "`client_secret` ends in a line break; trim it"
            );
        }
        let shown = refused(with("s3crét"));
        assert!(
            shown.contains("`client_secret`") && shown.contains("ASCII"),
            "{shown}"
        );
        let client = Client::new(server(), "app\n").auth(way(Secret::new("s")));
        assert_eq!(refused(client), "`client_id` ends in a line break; trim it");
    }
}

#[test]
fn so_is_a_further_secret() {
    let client = client().secret_param("api_key", Secret::new("k3y\n"));
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
        .refresh(&Secret::new("r\n"), &Script::default())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`refresh_token` ends in a line break; trim it"
    );
    let session = Session::builder(grant())
        .refresh_token(Secret::new("r\n"))
        .transport(Script::default())
        .build()
        .unwrap();
    let error = session.token().unwrap_err();
    assert!(
        error.to_string().contains("ends in a line break; trim it"),
        "{error}"
    );
}

#[test]
fn so_is_a_token_that_is_to_be_traded() {
    let subject = SecurityToken::access_token(Secret::new("t\n"));
    let grant = TokenExchange::new(client(), subject).user("jsmith");
    let error = grant.obtain(&Script::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`subject_token` ends in a line break; trim it"
    );
}

#[test]
fn a_url_with_the_line_break_of_its_file_is_named() {
    for end in ["\n", "\r\n", "\t", " ", "\u{a0}", "\u{feff}"] {
        let endpoint = format!("https://login.example/token{end}");
        let shown = refused(client_of(Server::new(endpoint)));
        assert!(shown.contains("line break, a space"), "{end:?}: {shown}");
        let issuer = format!("https://login.example{end}");
        let error = Server::discover_with(&issuer, &Script::default()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the issuer has a line break, a space"),
            "{end:?}: {error}"
        );
    }
}
