//! A server that requests a client certificate, and certificates that change.

use std::fs;
use std::path::{Path, PathBuf};

use auth_core::agent::{self, ureq};
use auth_core::error::Delivery;
use auth_core::grant::TokenResponse;
use auth_core::transport::{ClientCertificate, HttpTransport};
use auth_core::{Error, Secret, Session, secret};
use rustls::{SupportedProtocolVersion, version};

use super::authority::{Authority, FAR, Identity};
use super::endpoint::{Turn, endpoint, https};
use super::visits::Visits;
use super::{
    access_token, aeris, answer, ermeo, no_connection, on_refresh_token, refresh_token, trusting,
    with,
};
use crate::support::{journal, quiet};

fn presenting(authority: &Authority, certificate: ClientCertificate) -> HttpTransport {
    with(authority.trusted().client_certificate(certificate))
        .build()
        .expect("a certificate")
}

const BOTH: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];

#[test]
fn a_client_certificate_is_presented() {
    let authority = Authority::new("ours");
    for version in BOTH {
        let endpoint = endpoint([Turn::Tls(authority.server_for_clients(version), answer(1))]);
        let client = authority.sign("gateway.example", FAR);
        let transport = presenting(&authority, client.client());
        let session = Session::builder(ermeo(&https(&endpoint)))
            .transport(transport)
            .build()
            .unwrap();

        assert_eq!(session.token().unwrap().expose(), access_token(1));
        let visits = endpoint.all();
        assert_eq!(visits.len(), 1, "{visits:?}");
        assert_eq!(
            visits[0].certificate,
            client.der(),
            "{version:?}: {visits:?}"
        );
    }
}

#[test]
fn tls_1_2_without_a_certificate_sends_nothing() {
    let authority = Authority::new("ours");
    let endpoint = endpoint([Turn::Tls(
        authority.server_for_clients(&version::TLS12),
        answer(1),
    )]);
    let (session, _) = on_refresh_token(&https(&endpoint), trusting(&authority), 0);

    let error = quiet(session.token());
    let (reason, delivery) = no_connection(&error);
    assert!(reason.contains("received fatal alert"), "{reason}");
    assert_eq!(delivery, Delivery::NotSent);
    assert_eq!(session.refresh_token().unwrap().expose(), refresh_token(1));
    assert_eq!(endpoint.all()[0].heard(), "");
}

/// With TLS 1.3 a client finishes the handshake first: it sends its request before the server rejects its certificate.
/// The error has the reason, and `Delivery::Unknown`.
#[test]
fn tls_1_3_without_a_certificate_names_the_reason() {
    let authority = Authority::new("ours");
    let turn = || Turn::Tls(authority.server_for_clients(&version::TLS13), answer(1));
    let endpoint = endpoint([turn(), turn()]);
    let url = https(&endpoint);
    let ermeo = Session::builder(ermeo(&url)).transport(trusting(&authority));
    let aeris = Session::builder(aeris(&url)).transport(trusting(&authority));
    for builder in [ermeo, aeris] {
        let error = quiet(builder.retries(0).build().unwrap().token());
        let expected = (
            "received fatal alert: CertificateRequired",
            Delivery::Unknown,
        );
        assert_eq!(no_connection(&error), expected);
    }
    for visit in endpoint.all() {
        assert_eq!(visit.heard(), "", "the server received nothing");
        assert_eq!(visit.failure.as_deref(), Some("peer sent no certificates"));
    }
}

/// Files of a certificate and its key, which another program renews.
struct Files(tempfile::TempDir);

impl Files {
    fn with(identity: &Identity) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.write_certificate(identity);
        files.write_key(identity);
        files
    }

    fn write_certificate(&self, identity: &Identity) {
        fs::write(self.path("client.crt"), identity.pem()).unwrap();
    }

    fn write_key(&self, identity: &Identity) {
        fs::write(self.path("client.key"), identity.key_pem()).unwrap();
    }

    fn certificate(&self) -> ClientCertificate {
        ClientCertificate::file(
            self.path("client.crt"),
            secret::file(self.path("client.key")),
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.0.path()).join(name)
    }
}

/// An endpoint for this many clients with certificates, and the certificate of each.
fn endpoint_for(authority: &Authority, count: u32) -> Visits<super::endpoint::Visit> {
    let server = authority.server_for_clients(&version::TLS13);
    endpoint((1..=count).map(|n| Turn::Tls(server.clone(), answer(n))))
}

fn presented(endpoint: Visits<super::endpoint::Visit>) -> Vec<Vec<u8>> {
    let visits = endpoint.all();
    visits.into_iter().map(|visit| visit.certificate).collect()
}

/// A session that logs in with each call.
fn log_in(url: &str, transport: &HttpTransport) {
    let session = Session::builder(ermeo(url)).transport(transport.clone());
    session.build().unwrap().token().unwrap();
}

#[test]
fn a_renewed_certificate_is_presented_without_a_restart() {
    let authority = Authority::new("ours");
    let (old, new) = (
        authority.sign("old.example", FAR),
        authority.sign("new.example", FAR),
    );
    let files = Files::with(&old);
    let endpoint = endpoint_for(&authority, 4);
    let url = https(&endpoint);
    let transport = presenting(&authority, files.certificate());

    log_in(&url, &transport);
    let ((), logged) = journal::of(|| {
        // Until both files are new, the old pair is presented, and the problem is logged once.
        files.write_certificate(&new);
        log_in(&url, &transport);
        log_in(&url, &transport);
    });
    let warnings = logged
        .lines()
        .filter(|line| line.contains("client certificate"));
    assert_eq!(warnings.count(), 1, "{logged}");
    files.write_key(&new);
    log_in(&url, &transport);
    assert_eq!(
        presented(endpoint),
        [old.der(), old.der(), old.der(), new.der()]
    );
}

#[test]
fn an_agent_presents_the_renewed_certificate_too() {
    let authority = Authority::new("ours");
    let (old, new) = (
        authority.sign("old.example", FAR),
        authority.sign("new.example", FAR),
    );
    let files = Files::with(&old);
    let endpoint = endpoint_for(&authority, 4);
    let url = https(&endpoint);
    let tls = authority.trusted().client_certificate(files.certificate());
    let session = Session::builder(ermeo(&url))
        .transport(with(tls).build().unwrap())
        .tokens(TokenResponse::new(Secret::new(access_token(1))))
        .build()
        .unwrap();
    let kept = session.agent();
    let get = |agent: &ureq::Agent| agent.get(format!("{url}/orders")).call().unwrap();

    get(&kept);
    files.write_certificate(&new);
    files.write_key(&new);
    get(&kept);
    get(&session.agent());
    // The agent presents the certificate in an unsigned request too.
    let own = kept
        .get(format!("{url}/orders"))
        .header("authorization", "Basic eA==");
    own.call().unwrap();
    assert_eq!(
        presented(endpoint),
        [old.der(), new.der(), new.der(), new.der()]
    );
}

/// The agent from before the renewal opens a connection for each request, because its settings cannot be changed.
#[test]
fn a_new_agent_has_the_renewed_certificate() {
    let authority = Authority::new("ours");
    let files = Files::with(&authority.sign("old.example", FAR));
    let tls = authority.trusted().client_certificate(files.certificate());
    let transport = with(tls).build().unwrap();
    let session = Session::builder(ermeo("https://127.0.0.1:1"))
        .transport(transport)
        .build()
        .unwrap();
    let client = |agent: &ureq::Agent| {
        let tls = agent.config().tls_config().clone();
        tls.client_cert().unwrap().certs()[0].der().to_vec()
    };
    let before = client(&session.agent());
    assert_eq!(client(&session.agent()), before);
    let new = authority.sign("new.example", FAR);
    files.write_certificate(&new);
    files.write_key(&new);
    assert_eq!(client(&session.agent()), new.der());
    let with_settings = agent::agent_with(&session, |config| config.http_status_as_error(false));
    assert_eq!(client(&with_settings), new.der());
}

#[test]
fn a_certificate_that_cannot_be_used_is_a_configuration_error() {
    let authority = Authority::new("ours");
    let (one, other) = (authority.sign("a", FAR), authority.sign("b", FAR));
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let key = |text: &str| Secret::new(text);
    let own = || key(&one.key_pem());
    for (certificate, words) in [
        (
            ClientCertificate::pem(one.pem(), key(&other.key_pem())),
            "does not belong to the certificate",
        ),
        (ClientCertificate::pem("", own()), "no `CERTIFICATE`"),
        (
            ClientCertificate::pem(one.pem(), key("canary7Qz")),
            "no `PRIVATE KEY`",
        ),
        (
            ClientCertificate::pem(one.pem(), key("-----BEGIN PRIVATE KEY-----\ncanary7Qz")),
            "no `PRIVATE KEY`",
        ),
        (ClientCertificate::file(&missing, own()), "missing: "),
        (
            ClientCertificate::pem(one.pem(), secret::file(&missing)),
            "missing: ",
        ),
    ] {
        let tls = authority.trusted().client_certificate(certificate);
        let error = quiet(with(tls.clone()).build());
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        let session = Session::builder(ermeo("https://127.0.0.1:1")).tls(tls);
        assert_eq!(quiet(session.build()).to_string(), error.to_string());
    }
}
