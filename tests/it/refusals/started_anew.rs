//! A program that restarts, with its login in files.

use std::time::Duration;

use auth_core::store::FileStore;
use auth_core::{Error, Session};

use super::asker::{DAY, HOUR, Who, variant};
use super::server::{Answer, Asked, Server};

/// Sessions over one folder, as each new process creates one.
struct Starts {
    folder: tempfile::TempDir,
    server: Server,
}

impl Starts {
    fn refused(answer: Answer, requests: usize) -> Self {
        let server = Server::refusing(Asked::Login, answer);
        server.recovers_after(requests);
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, server }
    }

    fn session(&self, who: Who) -> Session {
        let store = FileStore::open(self.folder.path().join("logins")).expect("a store");
        let session = Session::builder(who.grant("right")).transport(self.server.clone());
        session
            .clock(self.server.clock.clone())
            .store(store)
            .build()
            .unwrap()
    }
}

#[test]
fn a_login_that_was_refused_once_works_at_the_next_start() {
    for (status, body) in [
        (404, &br#"{"status":404,"error":"Not Found","path":"/oauth/token"}"#[..]),
        (401, br#"{"error":"unauthorized_client","error_description":"Client not enabled to retrieve service account"}"#),
        (401, br#"{"error":"invalid_client"}"#),
        (400, br#"{"error":"invalid_scope"}"#),
        (400, br#"{"error":"invalid_request"}"#),
        (400, br#"{"error":"invalid_target"}"#),
        (403, br#"{"error":"access_denied"}"#),
        (400, br#"{"error":"unsupported_grant_type"}"#),
        (400, br#"{"error":"org_internal"}"#),
        (400, br#"{"error":"invalid_grant"}"#),
    ] {
        for who in [Who::Client, Who::Aeris] {
            let starts = Starts::refused((status, &[], body), 1);
            assert!(starts.session(who).token().is_err());
            let waits = starts.session(who).token();
            assert!(matches!(waits, Err(Error::BackOff { .. })), "{waits:?}");
            starts.server.clock.advance(Duration::from_secs(HOUR));
            let text = String::from_utf8_lossy(body);
            assert!(starts.session(who).token().is_ok(), "{status} {text}");
            assert_eq!(starts.server.asked(Asked::Login), [0, HOUR], "{text}");
        }
    }
}

#[test]
fn a_start_a_day_gives_a_wrong_password_one_more_try() {
    let body = br#"{"error":"invalid_grant","error_description":"login rate exceeded"}"#;
    let starts = Starts::refused((400, &[], body), 2);
    assert!(starts.session(Who::Password).token().is_err());
    for _ in 0..3 {
        let error = starts.session(Who::Password).token();
        let error = error.expect_err("remembered");
        assert_eq!(variant(Some(&error)), "CredentialsRefused");
        assert!(error.to_string().contains("`Session::forget`"), "{error}");
    }
    assert_eq!(starts.server.asked(Asked::Login).len(), 1);
    starts
        .server
        .clock
        .advance(Duration::from_secs(DAY * 11 / 10 + 60));
    assert!(starts.session(Who::Password).token().is_err());
    assert_eq!(starts.server.asked(Asked::Login).len(), 2);
    let unlocked = starts.session(Who::Password);
    unlocked.forget().expect("in files");
    assert!(unlocked.token().is_ok());
}
