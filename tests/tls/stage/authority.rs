//! Certificates, and the authority that signs them.

use std::sync::Arc;

use auth_all::Secret;
use auth_all::transport::{ClientCertificate, Tls};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
};
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};

/// A certificate authority that no list of roots knows.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate, and the key that belongs to it.
#[derive(Debug)]
pub struct Identity {
    certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    /// A new authority of this name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// An identity for a host, of which the certificate ends with the year before this one.
    pub fn sign(&self, host: &str, year: i32) -> Identity {
        let mut params = CertificateParams::new([host.to_owned()]).expect("a name");
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Identity { certificate, key }
    }

    /// A server at 127.0.0.1 with a certificate of this authority.
    pub fn server(&self) -> Arc<ServerConfig> {
        self.sign("127.0.0.1", FAR).server()
    }

    /// A server at 127.0.0.1 for clients with a certificate of this authority.
    pub fn server_for_clients(
        &self,
        version: &'static SupportedProtocolVersion,
    ) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("a root");
        let ring = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&ring));
        let builder = ServerConfig::builder_with_provider(ring)
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_client_cert_verifier(verifier.build().expect("a verifier"));
        let Identity { certificate, key } = self.sign("127.0.0.1", FAR);
        let key = PrivatePkcs8KeyDer::from(key).into();
        Arc::new(
            builder
                .with_single_cert(vec![certificate.der().clone()], key)
                .expect("a key that fits"),
        )
    }

    /// TLS settings that trust this authority and no other.
    pub fn trusted(&self) -> Tls {
        Tls::default().only_authorities(self.0.pem())
    }

    /// As a file has it.
    pub fn pem(&self) -> String {
        self.0.pem()
    }
}

impl Identity {
    /// A server with this identity.
    pub fn server(self) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .expect("both versions")
            .with_no_client_auth();
        let key = PrivatePkcs8KeyDer::from(self.key).into();
        Arc::new(
            builder
                .with_single_cert(vec![self.certificate.der().clone()], key)
                .expect("a key that fits"),
        )
    }

    /// As a client presents it.
    pub fn client(&self) -> ClientCertificate {
        ClientCertificate::pem(self.pem(), Secret::new(self.key_pem()))
    }

    /// The certificate, as a file has it.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// The certificate in DER.
    pub fn der(&self) -> Vec<u8> {
        self.certificate.der().to_vec()
    }

    /// The key, as a file has it.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

/// A year that no test will see.
pub const FAR: i32 = 4000;
