//! Settings that are refused, and calls that fail without any server.

use std::net::TcpListener;
use std::time::Duration;

use auth_core::clock::{Clock, SystemClock};
use auth_core::error::{Remedy, StoreFailure};
use auth_core::{Error, Secret};
use auth_store_postgres::PostgresStore;

#[test]
fn an_unreadable_string_is_not_quoted() {
    for odd in [
        "",
        "canary",
        "postgres://app:canary",
        "postgres://app:can@ary@db.example.com:canary/app",
        "host=127.0.0.1 canary=1",
        "host=127.0.0.1 password='canary",
        "user=app password=canary",
        "postgres://app:canary@127.0.0.1:1,127.0.0.1:2,127.0.0.1/app?port=1,2",
    ] {
        let error = PostgresStore::connect(odd).unwrap_err();
        assert!(
            matches!(error, Error::Configuration { .. }),
            "{odd}: {error}"
        );
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("postgres://user:password@host"), "{shown}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let settings = PostgresStore::builder("postgres://app:canary@db.example.com/app")
        .password(Secret::new("canary"))
        .table("logins");
    let shown = format!("{settings:?}");
    assert!(
        shown.contains("logins") && !shown.contains("canary") && !shown.contains("example"),
        "{shown}"
    );
}

#[test]
fn an_impossible_time_out_is_refused() {
    let settings = PostgresStore::builder("postgres://127.0.0.1/app");
    let error = settings
        .timeout(Duration::from_millis(99))
        .connect()
        .unwrap_err();
    assert!(error.to_string().contains("`timeout`"), "{error}");
}

#[test]
fn a_server_that_is_down_fails_at_once() {
    let port = {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        taken.local_addr().unwrap().port()
    };
    let url = format!("postgres://app:canary@127.0.0.1:{port}/app");
    let began = SystemClock::new().now();
    let settings = PostgresStore::builder(url).timeout(Duration::from_secs(600));
    let error = settings.connect().unwrap_err();
    let took = SystemClock::new().now().since(began);
    assert!(
        unavailable(&error) && error.remedy() == Remedy::Retry,
        "{error}"
    );
    assert!(error.to_string().contains("check that it runs"), "{error}");
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

#[test]
fn a_silent_server_fails_within_the_time_out() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://app@{}/app", silent.local_addr().unwrap());
    let began = SystemClock::new().now();
    let settings = PostgresStore::builder(url).timeout(Duration::from_millis(400));
    let error = settings.connect().unwrap_err();
    let took = SystemClock::new().now().since(began);
    assert!(unavailable(&error), "{error}");
    assert!(
        took > Duration::from_millis(300) && took < Duration::from_secs(20),
        "{took:?}"
    );
}

#[test]
fn another_protocol_is_a_failure() {
    use std::io::{Read, Write};
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://app@{}/app", other.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
    });
    let error = PostgresStore::connect(url).unwrap_err();
    assert!(unavailable(&error), "{error}");
    server.join().unwrap();
}

fn unavailable(error: &Error) -> bool {
    matches!(
        error,
        Error::Store {
            failure: StoreFailure::Unavailable,
            ..
        }
    )
}
