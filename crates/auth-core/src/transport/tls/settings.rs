//! TLS settings as ureq takes them.

use std::ptr;

use ureq::SendBody;
use ureq::config::{Config, ConfigBuilder};
use ureq::tls::{
    Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, TlsProvider, parse_pem,
};
use ureq::typestate::{AgentScope, HttpCrateScope};

use crate::error::{Error, Result};

use super::{ClientCertificate, Library, Tls};

/// TLS settings as ureq takes them, with what a [`Tls`] names read from its files.
#[derive(Clone, Default)]
pub(crate) struct TlsSettings(TlsConfig);

impl TlsSettings {
    /// # Errors
    /// [`Error::Configuration`] if a certificate or a key cannot be read or used.
    pub(super) fn new(tls: &Tls) -> Result<Self> {
        let (provider, roots) = match &tls.library {
            Library::Rustls => (TlsProvider::Rustls, RootCerts::WebPki),
            #[cfg(feature = "native-tls")]
            Library::Native => (TlsProvider::NativeTls, RootCerts::PlatformVerifier),
            #[cfg(feature = "platform-verifier")]
            Library::PlatformVerifier => (TlsProvider::Rustls, RootCerts::PlatformVerifier),
            Library::Lent(settings) => return Ok(settings.clone()),
        };
        let roots = match &tls.authorities {
            None => roots,
            Some(authorities) => {
                let problem = "`Tls::only_authorities` needs certificates in PEM";
                let certificates =
                    certificates(&authorities.0).ok_or_else(|| Error::configuration(problem))?;
                RootCerts::from(certificates)
            }
        };
        let certificate = tls.certificate.as_ref();
        let certificate = certificate.map(|it| client_certificate(it, provider));
        let config = TlsConfig::builder()
            .provider(provider)
            .root_certs(roots)
            .client_cert(certificate.transpose()?);
        Ok(Self(config.build()))
    }

    /// Those of an agent.
    pub(crate) fn of(config: &Config) -> Self {
        Self(config.tls_config().clone())
    }

    /// Sets them for an agent.
    pub(crate) fn of_agent(&self, config: ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> {
        config.tls_config(self.0.clone())
    }

    /// Sets them for one request.
    pub(crate) fn of_request<'a>(
        &self,
        config: ConfigBuilder<HttpCrateScope<SendBody<'a>>>,
    ) -> ConfigBuilder<HttpCrateScope<SendBody<'a>>> {
        config.tls_config(self.0.clone())
    }

    /// Returns `true` if both present the same reading of a client certificate, or both present none.
    pub(crate) fn has_certificate_of(&self, other: &Self) -> bool {
        match (self.0.client_cert(), other.0.client_cert()) {
            (None, None) => true,
            (Some(one), Some(other)) => ptr::eq(one.certs(), other.certs()),
            _ => false,
        }
    }

    /// Returns `true` if the library is rustls.
    pub(crate) fn is_rustls(&self) -> bool {
        self.0.provider() == TlsProvider::Rustls
    }
}

/// The certificates in a text; `None` if it is not PEM, or has none.
fn certificates(pem: &[u8]) -> Option<Vec<Certificate<'static>>> {
    let items: Vec<_> = parse_pem(pem).collect::<Result<_, _>>().ok()?;
    let certificates = items.into_iter().filter_map(|item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    Some(certificates.collect()).filter(|certificates: &Vec<_>| !certificates.is_empty())
}

fn client_certificate(
    certificate: &ClientCertificate,
    provider: TlsProvider,
) -> Result<ClientCert> {
    let wrong = |problem: &str| {
        let ClientCertificate { chain, key } = certificate;
        Error::configuration(format!(
            "client certificate {chain:?} with key {key:?}: {problem}"
        ))
    };
    let chain = certificate.chain()?;
    let chain =
        certificates(&chain).ok_or_else(|| wrong("the first has no `CERTIFICATE` in PEM"))?;
    let key = certificate.key()?;
    let text = key.expose().as_bytes();
    if provider == TlsProvider::NativeTls && !key.expose().contains("-----BEGIN PRIVATE KEY-----") {
        return Err(wrong(
            "the key must be PKCS#8 and not encrypted; convert it with `openssl pkcs8 -topk8 -nocrypt`",
        ));
    }
    let private_key = PrivateKey::from_pem(text)
        .map_err(|_| wrong("the key has no `PRIVATE KEY` in PEM; decrypt it if it is encrypted"))?;
    #[cfg(feature = "rustls")]
    if provider == TlsProvider::Rustls && !belongs(&chain, text) {
        return Err(wrong(
            "the key does not belong to the certificate, or is of a kind that rustls does not support",
        ));
    }
    Ok(ClientCert::new_with_certs(&chain, private_key))
}

/// Returns `true` if rustls can use the key for the certificate: ureq panics if it cannot.
#[cfg(feature = "rustls")]
fn belongs(chain: &[Certificate<'_>], key: &[u8]) -> bool {
    use rustls::crypto::{CryptoProvider, ring};
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::sign::CertifiedKey;

    let chain = chain
        .iter()
        .map(|it| CertificateDer::from(it.der().to_vec()));
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| ring::default_provider().into());
    PrivateKeyDer::from_pem_slice(key)
        .is_ok_and(|key| CertifiedKey::from_der(chain.collect(), key, &provider).is_ok())
}
