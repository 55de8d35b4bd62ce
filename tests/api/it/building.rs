//! Faults that `build` finds without a network, in the vendors' own words, and the effect of a rotated secret.

use std::fs;
use std::time::Duration;

use auth_all::aeris::Aeris;
use auth_all::ermeo::Ermeo;
use auth_all::error::Remedy;
use auth_all::store::MemoryStore;
use auth_all::testing::{CannedTransport, ManualClock};
use auth_all::{Grant, Secret, Session, SessionBuilder, secret};

fn ermeo() -> Ermeo {
    Ermeo::new("1_abc", Secret::new("s3cret"))
}

fn aeris() -> Aeris {
    Aeris::new("my-client", Secret::new("s3cret")).requester("ops@example.com")
}

/// The error of `build`, which must not need the network.
fn message(builder: SessionBuilder) -> String {
    let http = CannedTransport::new();
    let built = builder.transport(http.clone()).build();
    assert!(http.requests().is_empty());
    built.map(drop).unwrap_err().to_string()
}

#[test]
fn a_forgotten_setting_is_found() {
    let text = message(Session::builder(aeris()));
    assert!(text.contains("`Aeris::account`"), "{text}");
    let error = aeris().login_request().unwrap_err();
    assert_eq!(error.remedy(), Remedy::Configure);
    assert_eq!(error.remedy().exit_code(), 78);
}

#[test]
fn an_unset_variable_is_found() {
    let unset = secret::env("NOT_SET_ANYWHERE");
    let text = message(Session::builder(aeris().account("1", unset)));
    assert_eq!(text, "environment variable `NOT_SET_ANYWHERE` is not set");
}

#[test]
fn a_store_needs_the_name_of_the_user() {
    let text = message(Session::builder(ermeo()).store(MemoryStore::new()));
    assert!(text.starts_with("a store needs the user"), "{text}");
    let named = Session::builder(ermeo().username("jsmith")).store(MemoryStore::new());
    assert!(named.build().is_ok());
}

#[test]
fn a_login_without_a_password_needs_the_user() {
    let error = ermeo().username("jsmith").login_request().unwrap_err();
    assert_eq!(error.remedy(), Remedy::LogIn);
    assert_eq!(error.remedy().exit_code(), 77);
    let session = Session::builder(ermeo()).refresh_token(Secret::new("r"));
    assert!(session.build().is_ok());
}

#[test]
fn debug_names_where_a_secret_is_and_not_the_secret() {
    let ermeo = Ermeo::new("1_abc", secret::env("ERMEO_CLIENT_SECRET"));
    let text = format!(
        "{:?}",
        ermeo.password("jsmith", Secret::new("correct horse"))
    );
    assert!(text.contains("env(ERMEO_CLIENT_SECRET)"), "{text}");
    assert!(!text.contains("horse"), "{text}");
}

#[test]
fn a_rotated_password_is_tried_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "old\n").unwrap();
    let http = CannedTransport::new()
        .json(400, r#"{"error":"invalid_grant"}"#)
        .json(
            200,
            r#"{"access_token":"a","token_type":"bearer","refresh_token":"r"}"#,
        );
    let grant = ermeo().password("jsmith", secret::file(&file));
    let builder = Session::builder(grant)
        .transport(http.clone())
        .clock(ManualClock::new());
    let session = builder.retries(0).build().unwrap();

    for _ in 0..2 {
        assert_eq!(session.token().unwrap_err().remedy(), Remedy::LogIn);
    }
    assert_eq!(
        http.requests().len(),
        1,
        "the refused password is not sent again"
    );

    fs::write(&file, "new\n").unwrap();
    assert_eq!(session.token().unwrap().expose(), "a", "without any wait");
    let body = String::from_utf8(http.requests()[1].body().clone()).unwrap();
    assert!(body.contains(r#""new""#), "{body}");
}

#[test]
fn a_test_of_your_own_code_needs_no_network_or_wait() {
    let clock = ManualClock::new();
    let http = CannedTransport::new()
        .json(
            200,
            r#"{"access_token":"a","token_type":"bearer","refresh_token":"r"}"#,
        )
        .json(
            200,
            r#"{"access_token":"b","token_type":"bearer","refresh_token":"s"}"#,
        );
    let grant = ermeo().password("jsmith", Secret::new("correct horse"));
    let builder = Session::builder(grant)
        .transport(http.clone())
        .clock(clock.clone());
    let session = builder.build().unwrap();
    assert_eq!(session.token().unwrap().expose(), "a");
    clock.advance(Duration::from_secs(2 * 3600));
    assert_eq!(session.token().unwrap().expose(), "b");
    assert_eq!(http.requests().len(), 2);
}
