//! What is refused before a socket is opened.

use auth_store_redis::{Error, RedisStore};

/// The error, which shows nothing of the URL.
#[track_caller]
fn refused(url: &str) -> String {
    let error = RedisStore::connect(url).expect_err("an error");
    assert!(matches!(error, Error::Configuration(_)), "{error:?}");
    let shown = format!("{error} {error:?} {:?}", RedisStore::builder(url));
    for part in ["canary7Qz", "db.example", "ada", "6379/0"] {
        let ours = ["host:6379/0", "://user:password@"];
        let shown = ours
            .iter()
            .fold(shown.clone(), |text, it| text.replace(it, ""));
        assert!(!shown.contains(part), "{part} is shown: {shown}");
    }
    error.to_string()
}

#[test]
fn a_url_that_cannot_be_read_is_not_quoted() {
    for url in [
        "",
        "canary7Qz",
        "http://ada:canary7Qz@db.example:6379/0",
        "redis://ada:canary7Qz@db.example:6379/zero",
        "redis://ada:canary/7Qz@db.example:6379/0",
        "redis://ada:canary7Qz#@db.example:6379/0",
        "redis://ada:canary7Qz@db.example:canary7Qz",
        "redis://ada:canary7Qz%ff@db.example:6379/0",
        "redis://ada:canary7Qz@0.0.0.0:6379/0",
        "redis://:canary7Qz@",
    ] {
        let error = refused(url);
        assert!(
            error.contains("rediss://user:password@host:6379/0"),
            "{error}"
        );
    }
}

#[test]
fn plaintext_does_not_leave_this_machine() {
    for host in [
        "db.example",
        "localhost",
        "10.0.0.7",
        "127.0.0.1.db.example",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "[2001:db8::1]",
    ] {
        for scheme in ["redis", "valkey"] {
            let error = refused(&format!("{scheme}://ada:canary7Qz@{host}:6379/0"));
            assert!(error.contains("use `rediss://`"), "{host}: {error}");
        }
    }
}

#[cfg(feature = "tls")]
#[test]
fn nobody_can_switch_verification_off() {
    let error = refused("rediss://ada:canary7Qz@db.example:6379/0#insecure");
    assert!(error.contains("always verified"), "{error}");
}

#[cfg(not(feature = "tls"))]
#[test]
fn without_its_feature_tls_is_refused_by_name() {
    let error = refused("rediss://ada:canary7Qz@db.example:6379/0");
    assert!(error.contains("the feature `tls`"), "{error}");
}

#[cfg(feature = "tls")]
#[test]
fn a_certificate_that_is_none_is_refused_without_quoting_it() {
    let builder = RedisStore::builder("rediss://127.0.0.1:1");
    let outcomes = [
        builder
            .clone()
            .authorities("-----BEGIN CERTIFICATE-----\ncanary7Qz"),
        builder.client_certificate("canary7Qz", "canary7Qz"),
    ]
    .map(|builder| (format!("{builder:?}"), builder.connect()));
    for (shown, outcome) in outcomes {
        let error = outcome.expect_err("an error");
        assert!(error.to_string().contains("must be PEM"), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary7Qz"));
        assert!(!shown.contains("Secret(canary"), "{shown}");
    }
}
