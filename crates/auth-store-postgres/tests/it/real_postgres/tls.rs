//! TLS, untrusted certificates, and client certificates.

use std::fs;

use auth_core::error::StoreFailure;
use auth_core::store::Store;
use auth_core::transport::ClientCertificate;
use auth_core::{Error, Secret, secret};
use auth_store_postgres::{PostgresStore, PostgresStoreBuilder};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
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
        .only_authorities(&*certificate)
        .connect()
        .unwrap();
    assert_eq!(store.load(&who("jane")).unwrap(), None);
    let encrypted = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE application_name = 'auth-store-postgres'";
    assert_eq!(server.sql(encrypted), "t");

    let error = builder("db.example.com").connect().unwrap_err();
    assert_failure(&error, StoreFailure::Unsafe, "`only_authorities`");
    let wrong_name = builder("other.example.com").only_authorities(&*certificate);
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
    // Debian's packages make a certificate that no authority signed, for a name that is not `localhost`.
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
    assert_failure(&error, StoreFailure::Unavailable, "`ssl = on`");
}

/// A server that requires a certificate of the authority, and the settings of a store there.
struct Strict {
    authority: CertifiedIssuer<'static, KeyPair>,
    server: Postgres,
}

impl Strict {
    fn start() -> Self {
        let authority = authority();
        let (certificate, key) = sign(&authority, "db.example.com");
        let options = Postgres::options().tls(&certificate, &key);
        let server = started(options.clients_of(&authority.pem()).start());
        Self { authority, server }
    }

    fn builder(&self) -> PostgresStoreBuilder {
        PostgresStore::builder(format!(
            "host=db.example.com hostaddr=127.0.0.1 port={} user=postgres dbname=postgres \
             sslmode=require",
            self.server.port()
        ))
        .only_authorities(self.authority.pem())
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key.
fn sign(authority: &CertifiedIssuer<'static, KeyPair>, name: &str) -> (String, String) {
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    (certificate.pem(), key.serialize_pem())
}

#[test]
fn a_client_certificate_is_read_per_connection() {
    let mut strict = Strict::start();
    let error = strict.builder().connect().unwrap_err();
    assert!(error.to_string().contains("28000"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let [chain, key] = ["client.crt", "client.key"].map(|name| folder.path().join(name));
    let issue = |authority: &CertifiedIssuer<'static, KeyPair>| {
        let (certificate, secret) = sign(authority, "gateway.example");
        fs::write(&chain, certificate).unwrap();
        fs::write(&key, secret).unwrap();
    };
    issue(&strict.authority);
    let certificate = ClientCertificate::file(&chain, secret::file(&key));
    let builder = strict.builder().client_certificate(certificate);
    let store = builder.connect().unwrap();
    assert_eq!(store.load(&who("jane")).unwrap(), None);

    issue(&authority());
    strict.server.restart().unwrap();
    let error = store.load(&who("jane")).unwrap_err();
    assert_failure(&error, StoreFailure::Unavailable, "client certificate");

    fs::remove_file(&chain).unwrap();
    let error = store.load(&who("jane")).unwrap_err();
    assert_failure(&error, StoreFailure::Unavailable, "`client_certificate`");
    issue(&strict.authority);
    assert_eq!(store.load(&who("jane")).unwrap(), None);
}

#[test]
fn an_unusable_client_certificate_is_not_quoted() {
    let (ours, theirs) = (sign(&authority(), "a"), sign(&authority(), "b"));
    for (chain, key) in [
        ("canary", "canary"),
        (&*ours.0, "canary"),
        (&*ours.0, &*theirs.1),
    ] {
        let certificate = ClientCertificate::pem(chain, Secret::new(key));
        let builder = PostgresStore::builder("postgres://app@127.0.0.1:1/app?sslmode=require");
        let error = builder.client_certificate(certificate).connect();
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
        assert!(error.to_string().contains("both in PEM"), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
