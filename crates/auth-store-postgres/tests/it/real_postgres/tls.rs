//! TLS, and certificates that are not to be trusted.

use std::fs;

use auth_core::error::StoreFailure;
use auth_core::store::Store;
use auth_store_postgres::PostgresStore;
use rcgen::{CertificateParams, KeyPair};
use services::{Postgres, started};

use super::{assert_failure, who};

#[test]
fn certificate_and_host_name_are_verified() {
    let key = KeyPair::generate().unwrap();
    let names = vec!["db.example.com".to_owned()];
    let certificate = CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap()
        .pem();
    let options = Postgres::options().tls(&certificate, &key.serialize_pem());
    let server = started(options.start());
    let builder = |name: &str| {
        PostgresStore::builder(format!(
            "host={name} hostaddr=127.0.0.1 port={} user=postgres dbname=postgres sslmode=require",
            server.port()
        ))
    };
    let store = builder("db.example.com")
        .authorities(&*certificate)
        .connect()
        .unwrap();
    assert_eq!(store.load(&who("jane")).unwrap(), None);
    let encrypted = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE application_name = 'auth-store-postgres'";
    assert_eq!(server.sql(encrypted), "t");

    let error = builder("db.example.com").connect().unwrap_err();
    assert_failure(&error, StoreFailure::Unsafe, "`authorities`");
    let wrong_name = builder("other.example.com").authorities(&*certificate);
    let error = wrong_name.connect().unwrap_err();
    assert_failure(&error, StoreFailure::Unsafe, "another host");
    assert!(
        !format!("{error} {error:?}").contains("example.com"),
        "{error:?}"
    );
}

#[test]
fn a_file_of_authorities_is_trusted() {
    let key = KeyPair::generate().unwrap();
    let names = vec!["db.example.com".to_owned()];
    let certificate = CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap()
        .pem();
    let options = Postgres::options().tls(&certificate, &key.serialize_pem());
    let server = started(options.start());
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &certificate).unwrap();
    let port = server.port();
    for mode in ["require", "verify-ca", "verify-full"] {
        let words = format!(
            "host=db.example.com hostaddr=127.0.0.1 port={port} user=postgres dbname=postgres \
             sslmode={mode} sslrootcert='{}'",
            file.path().display()
        );
        assert!(PostgresStore::connect(&*words).is_ok(), "{mode}");
        let other = words.replace("host=db.example.com", "host=other.example.com");
        let error = PostgresStore::connect(other).unwrap_err();
        assert_failure(&error, StoreFailure::Unsafe, "another host");
    }
    // What Debian's packages do: a certificate that no authority signed, for a name that is not `localhost`.
    let error = PostgresStore::connect(format!("postgres://postgres@localhost:{port}/postgres"));
    let error = error.unwrap_err();
    assert_failure(
        &error,
        StoreFailure::Unsafe,
        "`127.0.0.1`, which needs no TLS",
    );
}

#[test]
fn a_server_without_tls_is_refused() {
    let server = started(Postgres::start());
    let url = format!("{}?sslmode=require", server.url());
    let error = PostgresStore::connect(url).unwrap_err();
    assert_failure(&error, StoreFailure::Unavailable, "`ssl`");
}
