//! URLs and certificates that are refused before a socket is opened.

#[cfg(feature = "tls")]
use auth_core::Secret;
#[cfg(feature = "tls")]
use auth_core::transport::ClientCertificate;
use auth_store_redis::{Error, RedisStore};

/// The error, which shows nothing of the URL.
#[track_caller]
fn refused(url: &str) -> String {
    let error = RedisStore::connect(url).expect_err("an error");
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
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
fn an_unreadable_url_is_not_quoted() {
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

/// Each error has its own words, with the correction.
#[track_caller]
fn said_of(url: &str, about: &str) {
    let error = refused(url);
    assert!(error.contains(about), "{url}: {error}");
    assert!(
        error.contains("rediss://user:password@host:6379/0"),
        "{error}"
    );
}

#[test]
fn a_character_that_needs_encoding_is_named() {
    for url in [
        "redis://:canary#7Qz@127.0.0.1:6379",
        "redis://ada:canary7Qz#1@127.0.0.1:6379/0",
        "rediss://ada:12#canary7Qz@db.example:6379/0",
        "redis://:p@ss#w/canary7Qz@127.0.0.1:6379",
        "redis://127.0.0.1:6379/0#canary7Qz",
    ] {
        said_of(url, "`%23`");
        assert!(refused(url).contains("password"));
    }
    for url in [
        "redis://:canary7Qz/1@127.0.0.1:6379",
        "redis://ada:12/canary7Qz@127.0.0.1:6379",
        "redis://ada:12?canary7Qz@127.0.0.1:6379",
    ] {
        said_of(url, "`%2F`");
    }
    said_of("redis://ada:canary7Qz%ff@db.example:6379/0", "`%25`");
}

#[test]
fn a_url_of_a_sentinel_is_named() {
    for url in [
        "redis+sentinel://:canary7Qz@127.0.0.1:26379/mymaster",
        "redis-sentinel://127.0.0.1:26379/mymaster/0",
        "rediss+sentinel://127.0.0.1:26379/mymaster",
        "sentinel://127.0.0.1:26379,127.0.0.1:26380/mymaster",
        "valkey-sentinel://127.0.0.1:26379",
        "redis://127.0.0.1:26379/0?sentinelMasterId=mymaster",
        "redis://127.0.0.1:26379?master_name=mymaster",
    ] {
        said_of(url, "the master that the Sentinel names");
    }
    for url in [
        "redis://127.0.0.1:26379,127.0.0.1:26380/0",
        "redis://ada:canary7Qz@db.example,db2.example:6379/0",
    ] {
        said_of(url, "several hosts");
    }
    for url in [
        "redis-cluster://127.0.0.1:7000",
        "redis+cluster://canary7Qz@h",
    ] {
        said_of(url, "a cluster");
    }
}

#[test]
fn a_url_of_another_client_is_named() {
    for (url, about) in [
        ("", "empty"),
        (" \n", "empty"),
        ("\"redis://127.0.0.1:6379\"", "quotes"),
        ("localhost:6379", "no scheme"),
        ("127.0.0.1:6379", "no scheme"),
        ("db.example", "no scheme"),
        ("tcp://127.0.0.1:6379", "`redis`"),
        ("http://db.example", "HTTP"),
        ("https://canary7Qz@db.example", "HTTP"),
        ("redis+tls://db.example:6379", "`rediss`"),
        ("rediss+ssl://db.example:6379", "`rediss`"),
        ("redis+socket:///run/redis.sock", "unix:///"),
        ("unix://ada:canary7Qz@/run/redis.sock", "?user=…&pass=…"),
        (
            "unix:///run/redis.sock?password=canary7Qz",
            "?user=…&pass=…",
        ),
        (
            "redis://127.0.0.1:6379?password=canary7Qz",
            "before the host",
        ),
        ("redis://127.0.0.1:6379?username=ada", "before the host"),
        ("redis://127.0.0.1:6379?ssl=true", "`rediss`"),
        ("redis://0.0.0.0:6379", "127.0.0.1"),
        ("redis://127.0.0.1:6379/mymaster", "a number"),
        ("redis://127.0.0.1:6379?db=canary7Qz", "a number"),
    ] {
        said_of(url, about);
    }
}

#[cfg(feature = "tls")]
#[test]
fn certificates_are_settings_of_the_builder() {
    for url in [
        "rediss://db.example:6379?ssl_ca_certs=/etc/canary7Qz.pem",
        "rediss://db.example:6379?ssl_certfile=x&ssl_keyfile=canary7Qz",
    ] {
        said_of(url, "`RedisStoreBuilder::only_authorities`");
    }
    for url in [
        "rediss://ada:canary7Qz@db.example:6379/0#insecure",
        "rediss://db.example:6379?ssl_cert_reqs=none",
        "rediss://db.example:6379?ssl_cert_reqs=CERT_NONE",
        "rediss://db.example:6379?ssl_check_hostname=false",
        "rediss://db.example:6379?insecure_skip_verify=true",
        "rediss://db.example:6379?ssl=false",
    ] {
        said_of(url, "always verified");
    }
}

#[test]
fn plaintext_stays_on_this_machine() {
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
fn verification_cannot_be_disabled() {
    let error = refused("rediss://ada:canary7Qz@db.example:6379/0#insecure");
    assert!(error.contains("always verified"), "{error}");
}

#[cfg(not(feature = "tls"))]
#[test]
fn without_its_feature_tls_is_named() {
    let error = refused("rediss://ada:canary7Qz@db.example:6379/0");
    assert!(error.contains("the feature `tls`"), "{error}");
}

#[cfg(feature = "tls")]
#[test]
fn an_unreadable_certificate_is_not_quoted() {
    let builder = RedisStore::builder("rediss://127.0.0.1:1");
    let outcomes = [
        builder
            .clone()
            .only_authorities("-----BEGIN CERTIFICATE-----\ncanary7Qz"),
        builder.client_certificate(ClientCertificate::pem(
            "canary7Qz",
            Secret::new("canary7Qz"),
        )),
    ]
    .map(|builder| (format!("{builder:?}"), builder.connect()));
    for (shown, outcome) in outcomes {
        let error = outcome.expect_err("an error");
        assert!(error.to_string().contains("must be PEM"), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary7Qz"));
        assert!(!shown.contains("canary7Qz"), "{shown}");
    }
}
