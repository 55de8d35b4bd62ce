//! Who signs certificates.

use std::sync::Arc;

use auth_core::ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};

/// A certificate authority that no list of roots knows.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate, and the key that belongs to it.
pub(super) struct Identity {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// An identity for a host, of which the certificate ends with the year before this one.
    pub(super) fn sign(&self, host: &str, year: i32) -> Identity {
        let mut params = CertificateParams::new([host.to_owned()]).expect("a name");
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Identity {
            certificate: certificate.der().clone(),
            key,
        }
    }

    /// A server at 127.0.0.1 that everybody who trusts this authority trusts.
    pub(super) fn server(&self) -> Arc<ServerConfig> {
        self.sign("127.0.0.1", FAR).server()
    }

    /// The same, for clients that show a certificate of this authority.
    pub(super) fn server_for_clients(
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
                .with_single_cert(vec![certificate], key)
                .expect("a key that fits"),
        )
    }

    /// This authority and no other, as a client is told whom to trust.
    pub(super) fn roots(&self) -> RootCerts {
        RootCerts::new_with_certs(&[Certificate::from_der(self.0.der()).to_owned()])
    }
}

impl Identity {
    pub(super) fn server(self) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .expect("both versions")
            .with_no_client_auth();
        let key = PrivatePkcs8KeyDer::from(self.key).into();
        Arc::new(
            builder
                .with_single_cert(vec![self.certificate], key)
                .expect("a key that fits"),
        )
    }

    /// As a client shows it.
    pub(super) fn client(&self) -> ClientCert {
        let certificate = Certificate::from_der(&self.certificate).to_owned();
        let key = PrivateKey::from_pem(self.key.serialize_pem().as_bytes()).expect("a key");
        ClientCert::new_with_certs(&[certificate], key)
    }
}

/// A year that no test will see.
pub(super) const FAR: i32 = 4000;
