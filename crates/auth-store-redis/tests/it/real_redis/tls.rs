//! Certificates of the server and of the client.

use std::fs;

use auth_core::store::{Store, SwapOutcome};
use auth_core::transport::ClientCertificate;
use auth_core::{Secret, secret};
use auth_store_redis::RedisStore;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use services::{Redis, started};

use super::{failed, found, login, put};

/// A certificate authority that no list of roots knows.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate and its key.
    fn sign(&self, host: &str) -> (String, String) {
        let params = CertificateParams::new([host.to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }
}

#[test]
fn tls_changes_nothing() {
    let authority = Authority::new("ours");
    let (certificate, key) = authority.sign("127.0.0.1");
    let options = Redis::options().password("s3cret").tls(&certificate, &key);
    let redis = started(options.start());
    assert!(redis.url().starts_with("rediss://"));
    let builder = RedisStore::builder(redis.url()).only_authorities(authority.pem());
    let store = builder.connect().unwrap();
    let long = "x".repeat(64 * 1024);
    assert_eq!(put(&store, &login("ada"), None, &long), SwapOutcome::Stored);
    assert_eq!(found(&store, &login("ada")), Some(long));
}

#[test]
fn a_wrong_certificate_is_refused_with_the_reason() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    for (host, trusted, reason) in [
        ("127.0.0.1", Some(&theirs), "UnknownIssuer"),
        ("127.0.0.1", None, "UnknownIssuer"),
        ("redis.example", Some(&ours), "not valid for name"),
    ] {
        let (certificate, key) = ours.sign(host);
        let redis = started(Redis::options().tls(&certificate, &key).start());
        let mut builder = RedisStore::builder(redis.url());
        if let Some(trusted) = trusted {
            builder = builder.only_authorities(trusted.pem());
        }
        let error = failed(builder.connect()).to_string();
        assert!(
            error.contains("TLS handshake") && error.contains(reason),
            "{error}"
        );
    }
}

#[test]
fn a_client_certificate_is_shown() {
    let authority = Authority::new("ours");
    let (certificate, key) = authority.sign("127.0.0.1");
    let options = Redis::options()
        .tls(&certificate, &key)
        .clients_of(&authority.pem());
    let redis = started(options.start());
    let builder = RedisStore::builder(redis.url()).only_authorities(authority.pem());
    let (certificate, key) = authority.sign("gateway.example");
    let introduced = builder
        .clone()
        .client_certificate(ClientCertificate::pem(certificate, Secret::new(key)));
    let store = introduced.connect().unwrap();
    assert_eq!(put(&store, &login("ada"), None, "a"), SwapOutcome::Stored);

    let error = failed(builder.connect()).to_string();
    assert!(error.contains("CertificateRequired"), "{error}");
}

#[test]
fn a_client_certificate_is_read_per_connection() {
    let authority = Authority::new("ours");
    let (certificate, key) = authority.sign("127.0.0.1");
    let options = Redis::options()
        .tls(&certificate, &key)
        .clients_of(&authority.pem());
    let mut redis = started(options.start());
    let folder = tempfile::tempdir().expect("a folder");
    let [chain, key] = ["client.crt", "client.key"].map(|name| folder.path().join(name));
    let issue = |authority: &Authority| {
        let (certificate, secret) = authority.sign("gateway.example");
        fs::write(&chain, certificate).expect("a file");
        fs::write(&key, secret).expect("a file");
    };
    issue(&authority);
    let store = RedisStore::builder(redis.url())
        .only_authorities(authority.pem())
        .client_certificate(ClientCertificate::file(&chain, secret::file(&key)))
        .connect()
        .unwrap();
    issue(&Authority::new("theirs"));
    redis.restart().expect("a restart");
    let error = failed(store.load(&login("ada"))).to_string();
    assert!(error.contains("TLS handshake"), "{error}");
    fs::remove_file(&chain).expect("a file");
    let error = failed(store.load(&login("ada"))).to_string();
    assert!(error.contains("`client_certificate`"), "{error}");
    issue(&authority);
    assert_eq!(found(&store, &login("ada")), None);
}

/// A program can name its authority and still use a server on its own machine.
#[test]
fn certificates_need_tls() {
    let redis = super::redis();
    let builder = RedisStore::builder(redis.url()).only_authorities(Authority::new("ours").pem());
    assert_eq!(found(&builder.connect().unwrap(), &login("ada")), None);
}

#[test]
fn a_server_without_tls_is_refused() {
    let redis = super::redis();
    let url = format!("rediss://:canary7Qz@127.0.0.1:{}", redis.port());
    let error = failed(RedisStore::connect(&url)).to_string();
    assert!(error.contains("without TLS"), "{error}");
}
