//! TLS, as a value.

#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod compiled;
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
mod no_settings;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod settings;
mod updated;

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::secret::{Secret, SecretSource};

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(crate) use no_settings::TlsSettings;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) use settings::TlsSettings;
pub(super) use updated::Updated;

/// TLS settings: the library, the authorities that it trusts, a client certificate.
///
/// The features `rustls`, `native-tls` and `platform-verifier` add the constructors with their names, and choose
/// nothing. [`Tls::default`] is rustls with bundled roots, whichever features are on; without the feature `rustls` a
/// program chooses here, and https is [`Error::Configuration`] if it does not.
///
/// ```
/// # fn demo(company_ca: Vec<u8>) {
/// use auth_core::transport::Tls;
///
/// let tls = Tls::default().only_authorities(company_ca);
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Tls {
    library: Library,
    authorities: Option<Authorities>,
    certificate: Option<ClientCertificate>,
}

#[derive(Clone, Default)]
enum Library {
    #[default]
    Rustls,
    #[cfg(feature = "native-tls")]
    Native,
    #[cfg(feature = "platform-verifier")]
    PlatformVerifier,
    /// That of an agent of the caller, with all of its settings.
    Lent(TlsSettings),
}

#[derive(Clone)]
struct Authorities(Arc<[u8]>);

impl Tls {
    /// rustls with bundled roots, those of Mozilla.
    #[cfg(feature = "rustls")]
    pub fn rustls() -> Self {
        Self::default()
    }

    /// The TLS library and the roots of the operating system.
    ///
    /// The key of a [client certificate](Tls::client_certificate) must be PKCS#8.
    #[cfg(feature = "native-tls")]
    pub fn native() -> Self {
        Self {
            library: Library::Native,
            ..Self::default()
        }
    }

    /// rustls, with the operating system's verifier and its roots.
    #[cfg(feature = "platform-verifier")]
    pub fn platform_verifier() -> Self {
        Self {
            library: Library::PlatformVerifier,
            ..Self::default()
        }
    }

    /// Trusts these authorities and no others; the text is PEM.
    pub fn only_authorities(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities = Some(Authorities(pem.into().into()));
        self
    }

    /// Presents a certificate to servers that request one (RFC 8705).
    pub fn client_certificate(mut self, certificate: ClientCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Fails if the library is not compiled in.
    pub(crate) fn check_compiled(&self) -> Result<()> {
        match &self.library {
            Library::Rustls if cfg!(feature = "rustls") => Ok(()),
            Library::Rustls if cfg!(feature = "native-tls") => Err(Error::configuration(
                "https needs a TLS library: set `SessionBuilder::tls(Tls::native())`, or \
                 `HttpTransportBuilder::tls`, or switch on the feature `rustls`",
            )),
            Library::Rustls => Err(Error::configuration(
                "https needs a TLS library: switch on the feature `rustls`, or the feature `native-tls` and set \
                 `SessionBuilder::tls(Tls::native())`",
            )),
            Library::Lent(settings) => settings.check_compiled(),
            #[cfg(any(feature = "native-tls", feature = "platform-verifier"))]
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rustls => "rustls",
            #[cfg(feature = "native-tls")]
            Self::Native => "native",
            #[cfg(feature = "platform-verifier")]
            Self::PlatformVerifier => "platform_verifier",
            Self::Lent(_) => "of the agent",
        })
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// A client certificate and its private key, both PEM.
///
/// [`HttpTransport`](super::HttpTransport) and the agents of its sessions read files again for each request, and present
/// the new certificate as soon as it and its key belong together: a certificate that another program renews needs no
/// restart. While they do not, or cannot be read, the last certificate continues to be presented, and a warning is
/// logged. A key that comes from a program or a closure is read again when the certificate changes.
///
/// ```
/// use auth_core::secret;
/// use auth_core::transport::ClientCertificate;
///
/// let certificate = ClientCertificate::file("client.crt", secret::file("client.key"));
/// assert!(certificate.chain().unwrap_err().to_string().starts_with("client.crt: "));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientCertificate {
    chain: Chain,
    key: SecretSource,
}

#[derive(Clone)]
enum Chain {
    File(PathBuf),
    Pem(Arc<[u8]>),
}

impl ClientCertificate {
    /// A certificate in a file, followed by those of the authorities between it and the root, if the server needs them.
    pub fn file(chain: impl Into<PathBuf>, key: impl Into<SecretSource>) -> Self {
        Self {
            chain: Chain::File(chain.into()),
            key: key.into(),
        }
    }

    /// A certificate as text, as in [`file`](ClientCertificate::file).
    pub fn pem(chain: impl Into<Vec<u8>>, key: impl Into<SecretSource>) -> Self {
        Self {
            chain: Chain::Pem(chain.into().into()),
            key: key.into(),
        }
    }

    /// Returns the certificates now, as PEM; for stores and transports of your own.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the file cannot be read.
    pub fn chain(&self) -> Result<Cow<'_, [u8]>> {
        match &self.chain {
            Chain::Pem(pem) => Ok(Cow::Borrowed(pem)),
            Chain::File(path) => match std::fs::read(path) {
                Ok(pem) => Ok(Cow::Owned(pem)),
                Err(error) => Err(Error::configuration(format!("{}: {error}", path.display()))),
            },
        }
    }

    /// Returns the private key now, as PEM; for stores and transports of your own.
    ///
    /// ```
    /// use auth_core::transport::ClientCertificate;
    /// use auth_core::{Result, Secret};
    ///
    /// /// One text with both, as `reqwest::Identity::from_pem` and others take it.
    /// fn one_text(certificate: &ClientCertificate) -> Result<Secret> {
    ///     let chain = certificate.chain()?;
    ///     Ok(Secret::new(format!("{}\n{}", String::from_utf8_lossy(&chain), certificate.key()?.expose())))
    /// }
    ///
    /// let key = Secret::new("-----BEGIN PRIVATE KEY-----…");
    /// let certificate = ClientCertificate::pem("-----BEGIN CERTIFICATE-----…", key);
    /// assert_eq!(one_text(&certificate)?.expose().lines().count(), 2);
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`SecretSource::read`].
    pub fn key(&self) -> Result<Secret> {
        self.key.read()
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file({})", path.display()),
            Self::Pem(pem) => write!(f, "{} bytes", pem.len()),
        }
    }
}
