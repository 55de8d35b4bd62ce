//! Checks of `build`, and secrets that are read when they are sent.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_core::error::Remedy;
use auth_core::grant::{Identity, Policy, TokenRequest};
use auth_core::secret::{self, SecretSource};
use auth_core::store::MemoryStore;
use auth_core::testing::{CannedTransport, ManualClock};
use auth_core::{Error, Grant, Result, Secret, Session, SessionBuilder};

use crate::script::{Script, seconds, served};

/// A vendor whose secret comes from the source that a test sets.
#[derive(Clone, Debug)]
struct Vendor {
    secret: SecretSource,
    user: Option<&'static str>,
    api: &'static str,
    endpoint: &'static str,
}

fn vendor(secret: impl Into<SecretSource>) -> Vendor {
    Vendor {
        secret: secret.into(),
        user: None,
        api: "https://api.example.com",
        endpoint: "https://login.example.com/token",
    }
}

impl Grant for Vendor {
    fn identity(&self) -> Identity {
        Identity::new("vendor").user(self.user)
    }

    fn policy(&self) -> Policy {
        Policy::for_password().api(self.api)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        Ok(TokenRequest::form(self.endpoint)
            .param("client_id", "batch")
            .secret("client_secret", &self.secret))
    }
}

fn message(builder: SessionBuilder) -> String {
    let error = builder.build().unwrap_err();
    assert_eq!(error.remedy(), Remedy::Configure);
    error.to_string()
}

fn token(access_token: &str) -> String {
    format!(r#"{{"access_token":"{access_token}","token_type":"bearer","expires_in":3600}}"#)
}

#[test]
fn build_reads_files_and_variables() {
    let unset = Session::builder(vendor(secret::env("NOT_SET_ANYWHERE")));
    assert_eq!(
        message(unset),
        "environment variable `NOT_SET_ANYWHERE` is not set"
    );
    let missing = Session::builder(vendor(secret::file("/no/such/file")));
    assert!(message(missing).starts_with("/no/such/file: "));
    let empty = Session::builder(vendor(Secret::new("")));
    assert_eq!(message(empty), "`client_secret` is empty; set it");
    let refresh = Session::builder(vendor(Secret::new("s"))).refresh_token(Secret::new(""));
    assert_eq!(message(refresh), "`refresh_token` is empty; set it");
}

#[test]
fn build_runs_no_program_and_no_closure() {
    let never = secret::from_fn(|| panic!("it is read when a request is sent"));
    assert!(Session::builder(vendor(never)).build().is_ok());
    let missing = secret::command(["/no/such/program"]);
    let session = Session::builder(vendor(missing)).build().unwrap();
    let error = session.token().unwrap_err();
    assert_eq!(error.remedy(), Remedy::Configure);
    assert!(error.to_string().contains("`/no/such/program`"), "{error}");
}

#[test]
fn build_refuses_a_store_without_a_user() {
    let nameless = Session::builder(vendor(Secret::new("s"))).store(MemoryStore::new());
    assert!(message(nameless).starts_with("a store needs the user"));
    let named = Vendor {
        user: Some("jsmith"),
        ..vendor(Secret::new("s"))
    };
    let named = Session::builder(named).store(MemoryStore::new());
    assert!(named.build().is_ok());
    assert!(Session::builder(vendor(Secret::new("s"))).build().is_ok());
}

#[test]
fn build_refuses_an_unusable_origin() {
    for api in [
        "",
        "htps://x",
        "https://api.example.com?x=1",
        "http://localhost:1",
    ] {
        let wrong = Vendor {
            api,
            ..vendor(Secret::new("s"))
        };
        assert!(Session::builder(wrong).build().is_err(), "{api}");
    }
}

#[test]
fn build_refuses_an_endpoint_that_is_no_url() {
    for (endpoint, problem) in [
        ("api.example.com/token", "is not a URL"),
        ("https://:443/token", "is not a URL"),
        (
            "https://ann:pass@api.example.com/token",
            "holds a user name",
        ),
        ("https://api.example.com/token#here", "has a fragment"),
        ("https://api.example.com/to ken", "a space"),
    ] {
        let wrong = Vendor {
            endpoint,
            ..vendor(Secret::new("s"))
        };
        let message = message(Session::builder(wrong));
        assert!(message.contains(problem), "{message}");
        assert!(!message.contains("pass@"), "{message}");
    }
    let with_a_query = Vendor {
        endpoint: "https://login.example.com/token?tenant=a",
        ..vendor(Secret::new("s"))
    };
    assert!(Session::builder(with_a_query).build().is_ok());
}

#[test]
fn a_session_that_cannot_fail_reports_with_the_first_call() {
    let session = Session::new(vendor(secret::env("NOT_SET_ANYWHERE")));
    assert_eq!(session.token().unwrap_err().remedy(), Remedy::Configure);
}

#[test]
fn a_rotated_file_is_tried_at_once_after_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let (clock, http) = (ManualClock::new(), CannedTransport::new());
    let refusal = r#"{"error":"invalid_client"}"#;
    let http = http.json(401, refusal).json(200, &token("one"));
    fs::write(&file, "old\n").unwrap();
    let builder = Session::builder(vendor(secret::file(&file)));
    let builder = builder.transport(http.clone()).clock(clock).retries(0);
    let session = builder.build().unwrap();
    assert!(session.token().is_err());
    assert!(matches!(
        session.token(),
        Err(Error::LoginRequired { .. } | Error::BackOff { .. })
    ));
    assert_eq!(
        http.requests().len(),
        1,
        "the same secret is not sent again"
    );
    fs::write(&file, "new\n").unwrap();
    assert_eq!(served(&session), "one");
    let sent = String::from_utf8(http.requests()[1].body().clone()).unwrap();
    assert!(sent.ends_with("client_secret=new"), "{sent}");
}

#[test]
fn the_secret_that_is_compared_is_the_one_that_is_sent() {
    let reads = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&reads);
    let rotating = secret::from_fn(move || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        Ok(Secret::new(format!("secret-{number}")))
    });
    let (clock, http) = (ManualClock::new(), CannedTransport::new());
    let http = http.json(200, &token("one")).json(200, &token("two"));
    let builder = Session::builder(vendor(rotating)).transport(http.clone());
    let session = builder.clock(clock.clone()).build().unwrap();
    assert_eq!(served(&session), "one");
    assert_eq!(reads.load(Ordering::Relaxed), 1);
    clock.advance(seconds(3600));
    assert_eq!(served(&session), "two");
    assert_eq!(reads.load(Ordering::Relaxed), 2, "read for each renewal");
}

#[test]
fn one_line_break_at_the_end_of_a_file_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    for (text, read) in [
        ("abc\n", "abc"),
        ("abc\r\n", "abc"),
        ("abc", "abc"),
        ("a\n\n", "a\n"),
    ] {
        fs::write(&file, text).unwrap();
        assert_eq!(secret::file(&file).read().unwrap().expose(), read);
    }
    fs::write(&file, "\n").unwrap();
    assert!(secret::file(&file).read().is_err());
}

#[test]
fn a_file_that_is_too_large_for_a_secret_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let longest = "s".repeat(64 * 1024);
    for (text, is_read) in [(longest.clone(), true), (longest + "s", false)] {
        fs::write(&file, text).unwrap();
        assert_eq!(secret::file(&file).read().is_ok(), is_read);
    }
    // No more than that is read: one of these does not fit into memory, the other never ends.
    fs::File::create(&file).unwrap().set_len(1 << 40).unwrap();
    let endless = cfg!(unix).then(|| "/dev/zero".into());
    for file in [file].into_iter().chain(endless) {
        let error = secret::file(&file).read().unwrap_err();
        let expected = format!(
            "{}: more than 65536 bytes, too many for a secret; name another file",
            file.display()
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.remedy(), Remedy::Configure);
    }
}

#[cfg(unix)]
#[test]
fn a_program_that_prints_without_end_is_an_error() {
    let error = secret::command(["yes"]).read().unwrap_err();
    let expected = "the program `yes` printed more than 65536 bytes";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_refresh_token_is_read_once() {
    let clock = ManualClock::new();
    let script = Script::new().without_password().token("one", "r2");
    let reads = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&reads);
    let kept = secret::from_fn(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Secret::new("r1"))
    });
    let session = script.builder(&clock).refresh_token(kept).build().unwrap();
    assert_eq!(served(&session), "one");
    assert_eq!(script.asked(), ["refresh r1"]);
    assert_eq!(reads.load(Ordering::Relaxed), 1);
}
