//! A login of nobody in particular is not kept where the next user would be handed it.

use aerion_auth::Aerion;
use auth_all::Secret;
use auth_core::error::StoreFailure;
use auth_core::grant::TokenResponse;
use auth_core::http::{Request, Response};
use auth_core::store::{MemoryStore, Store};
use auth_core::transport::Transport;
use auth_core::{Error, Grant, Result, Session};
use ermeo_auth::Ermeo;
use oauth2_generic::{Client, Implicit, RefreshToken};

fn client() -> Client {
    Client {
        token_endpoint: "https://login.example.com/token".into(),
        client_id: "app".into(),
        ..Client::default()
    }
}

/// Grants that live on a refresh token or a token that is there, of this user.
fn of(user: &str) -> [Box<dyn Grant>; 4] {
    let aerion = Aerion::new("acme").username(user);
    let ermeo = Ermeo::new("app", Secret::new("s3cret")).username(user);
    let kept = RefreshToken::new(client()).user(user);
    let implicit = Implicit {
        client: client(),
        resource_owner: user.into(),
        ..Implicit::default()
    };
    [
        Box::new(aerion),
        Box::new(ermeo),
        Box::new(kept),
        Box::new(implicit),
    ]
}

fn answer(_: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
    let token = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
    Ok(Response::new(token.into()))
}

fn never(_: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
    panic!("a server was asked")
}

fn session(
    grant: Box<dyn Grant>,
    store: Option<MemoryStore>,
    transport: impl Transport + 'static,
) -> Session {
    let mut builder = Session::builder(grant)
        .transport(transport)
        .refresh_token(Secret::new("r"));
    if let Some(store) = store {
        builder = builder.store(store);
    }
    builder.build().unwrap()
}

#[test]
fn a_login_without_a_name_is_not_kept_in_a_store_and_nothing_is_sent() {
    for grant in of("") {
        let identity = grant.identity();
        let error = session(grant, Some(MemoryStore::new()), never)
            .token()
            .unwrap_err();
        let Error::Store { failure, .. } = &error else {
            panic!("{identity}: {error}");
        };
        assert_eq!(*failure, StoreFailure::Unsafe);
        assert!(error.to_string().contains("name the user"), "{error}");
    }
}

#[test]
fn a_login_without_a_name_works_without_a_store() {
    for grant in of("").into_iter().take(3) {
        assert_eq!(session(grant, None, answer).token().unwrap().expose(), "t");
    }
}

#[test]
fn a_login_with_a_name_is_kept() {
    for (grant, again) in of("jsmith").into_iter().zip(of("jsmith")).take(3) {
        let store = MemoryStore::new();
        session(grant, Some(store.clone()), answer).token().unwrap();
        let next = Session::builder(again)
            .store(store)
            .transport(never)
            .build()
            .unwrap();
        assert_eq!(next.token().unwrap().expose(), "t");
    }
}

/// Without a password there is nothing to log in with, whoever is named.
#[test]
fn a_name_without_a_password_is_not_sent_to_log_in() {
    for grant in of("jsmith").into_iter().take(2) {
        let session = Session::builder(grant).transport(never).build().unwrap();
        let error = session.token().unwrap_err();
        assert!(matches!(error, Error::LoginRequired { .. }), "{error}");
    }
}

/// It is served, as every valid token is; it is only not kept.
#[test]
fn a_token_without_a_name_that_is_there_is_served_and_not_kept() {
    let store = MemoryStore::new();
    for grant in of("") {
        let (identity, began) = (grant.identity(), TokenResponse::new(Secret::new("t")));
        let builder = Session::builder(grant).transport(never).response(began);
        let session = builder.store(store.clone()).build().unwrap();
        assert_eq!(session.token().unwrap().expose(), "t", "{identity}");
        assert!(store.load(&identity).unwrap().is_none());
    }
}
