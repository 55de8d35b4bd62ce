//! TLS settings as ureq takes them.

use std::ptr;

use ureq::SendBody;
use ureq::config::{Config, ConfigBuilder};
use ureq::tls::{
    Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, TlsProvider, parse_pem,
};
use ureq::typestate::{AgentScope, HttpCrateScope};

use crate::error::{Error, Result};

use super::compiled::is_compiled_in;
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

    /// Fails for https if these settings, which are a caller's, name a library without which `ureq` is built: it panics.
    pub(crate) fn check_compiled(&self) -> Result<()> {
        let (named, other) = match self.0.provider() {
            provider if is_compiled_in(provider) => return Ok(()),
            TlsProvider::NativeTls => ("native-tls", "Rustls"),
            _ => ("rustls", "NativeTls"),
        };
        Err(Error::configuration(format!(
            "the `TlsConfig` of the agent names {named}, which is not compiled in: set `TlsProvider::{other}` there, or \
             switch on the feature `{named}`",
        )))
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
    let text = key.expose();
    let private_key = PrivateKey::from_pem(text.as_bytes());
    let belongs = match provider {
        #[cfg(feature = "rustls")]
        TlsProvider::Rustls => rustls_takes(&chain, text),
        #[cfg(feature = "native-tls")]
        TlsProvider::NativeTls => match text.find("-----BEGIN PRIVATE KEY-----") {
            Some(start) => native_tls_takes(&chain, &text[start..]),
            None => {
                return Err(wrong(
                    "the key must be PKCS#8 and not encrypted; convert it with `openssl pkcs8 -topk8 -nocrypt`",
                ));
            }
        },
        _ => true,
    };
    let private_key = private_key
        .map_err(|_| wrong("the key has no `PRIVATE KEY` in PEM; decrypt it if it is encrypted"))?;
    if !belongs {
        return Err(wrong(
            "the key does not belong to the certificate, or is of a kind that the TLS library does not support",
        ));
    }
    Ok(ClientCert::new_with_certs(&chain, private_key))
}

/// Returns `true` if rustls can use the key for the certificate: ureq panics if it cannot.
#[cfg(feature = "rustls")]
fn rustls_takes(chain: &[Certificate<'_>], key: &str) -> bool {
    use rustls::crypto::{CryptoProvider, ring};
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::sign::CertifiedKey;

    let chain = chain
        .iter()
        .map(|it| CertificateDer::from(it.der().to_vec()));
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| ring::default_provider().into());
    PrivateKeyDer::from_pem_slice(key.as_bytes())
        .is_ok_and(|key| CertifiedKey::from_der(chain.collect(), key, &provider).is_ok())
}

/// Returns `true` if the system's library can use the key for the certificate: ureq tries it with the first request only.
#[cfg(feature = "native-tls")]
fn native_tls_takes(chain: &[Certificate<'_>], key: &str) -> bool {
    use base64::engine::{Engine as _, general_purpose::STANDARD};
    use native_tls::{Identity, TlsConnector};

    let mut pem = String::new();
    for certificate in chain {
        pem += "-----BEGIN CERTIFICATE-----\n";
        for line in certificate.der().chunks(48) {
            pem += &STANDARD.encode(line);
            pem += "\n";
        }
        pem += "-----END CERTIFICATE-----\n";
    }
    Identity::from_pkcs8(pem.as_bytes(), key.as_bytes())
        .and_then(|identity| TlsConnector::builder().identity(identity).build())
        .is_ok()
}
