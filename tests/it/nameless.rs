//! A login without a user is not stored, because the next user would be given it.

use aerion_auth::Aerion;
use auth_core::http::{Request, Response};
use auth_core::store::MemoryStore;
use auth_core::{Grant, Result, Secret, Session, SessionBuilder, transport};
use ermeo_auth::Ermeo;
use oauth2_generic::{Client, RefreshToken, Server};

/// Grants that use this user's refresh token.
fn of(user: Option<&str>) -> [Box<dyn Grant>; 3] {
    let aerion = Aerion::new("acme");
    let ermeo = Ermeo::new("app", Secret::new("s3cret"));
    let server = Server::new("https://login.example.com/token");
    let kept = RefreshToken::new(Client::new(server, "app"));
    match user {
        None => [Box::new(aerion), Box::new(ermeo), Box::new(kept)],
        Some(user) => [
            Box::new(aerion.username(user)),
            Box::new(ermeo.username(user)),
            Box::new(kept.user(user)),
        ],
    }
}

fn session(grant: Box<dyn Grant>) -> SessionBuilder {
    let response = |_: Request<Vec<u8>>| {
        let token = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
        Ok(Response::new(token.into()))
    };
    Session::builder(grant)
        .transport(transport::from_fn(response))
        .refresh_token(Secret::new("r"))
}

fn never(_: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
    panic!("a request was sent")
}

#[test]
fn a_store_needs_the_user() {
    for grant in of(None) {
        let identity = grant.identity();
        let built = session(grant).store(MemoryStore::new()).build();
        let error = built.unwrap_err().to_string();
        assert!(error.contains("name the user"), "{identity}: {error}");
    }
}

#[test]
fn without_a_store_no_user_is_needed() {
    for grant in of(None) {
        let session = session(grant).build().unwrap();
        assert_eq!(session.token().unwrap().expose(), "t");
    }
}

#[test]
fn the_login_of_a_user_is_stored() {
    for (grant, again) in of(Some("jsmith")).into_iter().zip(of(Some("jsmith"))) {
        let store = MemoryStore::new();
        let first = session(grant).store(store.clone()).build().unwrap();
        first.token().unwrap();
        let next = session(again).store(store);
        let next = next.transport(transport::from_fn(never)).build().unwrap();
        assert_eq!(next.token().unwrap().expose(), "t");
    }
}
