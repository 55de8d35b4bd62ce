//! TLS settings that keep up with the files of a client certificate.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ureq::config::Config;

use crate::error::Result;
use crate::fingerprint::Digest;
use crate::secret::Secret;

use super::{ClientCertificate, Library, Tls, TlsSettings};

/// TLS settings that are made anew when the client certificate or its key changes.
pub(in crate::transport) struct Updated {
    tls: Tls,
    /// The settings at the start.
    first: TlsSettings,
    newest: Mutex<Newest>,
}

struct Newest {
    settings: TlsSettings,
    /// A hash of the certificate and its key, where the key can be read each time.
    print: u64,
    /// A problem has been logged since the last settings that worked.
    is_warned: bool,
}

impl Updated {
    /// # Errors
    /// [`crate::Error::Configuration`] if a certificate or its key cannot be read or used.
    pub(in crate::transport) fn new(tls: Tls) -> Result<Self> {
        let certificate = tls.certificate.as_ref();
        let print = certificate.map_or(Ok(0), ClientCertificate::print)?;
        let settings = TlsSettings::new(&tls)?;
        Ok(Self::with(tls, settings, print))
    }

    /// Those of an agent that was made elsewhere.
    pub(in crate::transport) fn lent(config: &Config) -> Self {
        let settings = TlsSettings::of(config);
        let tls = Tls {
            library: Library::Lent(settings.clone()),
            ..Tls::default()
        };
        Self::with(tls, settings, 0)
    }

    fn with(tls: Tls, settings: TlsSettings, print: u64) -> Self {
        Self {
            tls,
            first: settings.clone(),
            newest: Mutex::new(Newest {
                settings,
                print,
                is_warned: false,
            }),
        }
    }

    pub(in crate::transport) fn tls(&self) -> &Tls {
        &self.tls
    }

    /// The settings now.
    pub(in crate::transport) fn now(&self) -> TlsSettings {
        if let Some(certificate) = &self.tls.certificate
            && let Err(error) = self.read(certificate)
        {
            let mut newest = self.newest();
            if !newest.is_warned {
                newest.is_warned = true;
                log::warn!("the last client certificate continues to be presented: {error}");
            }
        }
        self.newest().settings.clone()
    }

    /// The settings now, if they are others than `old`.
    pub(in crate::transport) fn after(&self, old: &TlsSettings) -> Option<TlsSettings> {
        self.tls.certificate.as_ref()?;
        Some(self.now()).filter(|now| !now.has_certificate_of(old))
    }

    /// The settings now, if they are others than at the start.
    pub(in crate::transport) fn after_start(&self) -> Option<TlsSettings> {
        self.after(&self.first)
    }

    /// Reads certificate and key, without the lock: a file may be on a disk that is slow.
    fn read(&self, certificate: &ClientCertificate) -> Result<()> {
        let print = certificate.print()?;
        if self.newest().print == print {
            return Ok(());
        }
        let settings = TlsSettings::new(&self.tls)?;
        let mut newest = self.newest();
        // Another thread may have read the same.
        if newest.print != print {
            *newest = Newest {
                settings,
                print,
                is_warned: false,
            };
        }
        Ok(())
    }

    fn newest(&self) -> MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Updated {
    /// [`Tls::default`], which reads nothing.
    fn default() -> Self {
        Self::with(Tls::default(), TlsSettings::default(), 0)
    }
}

impl ClientCertificate {
    fn print(&self) -> Result<u64> {
        let mut print = Digest::new();
        print.bytes(&self.chain()?);
        let key = self.key.peek()?;
        print.text(key.as_ref().map_or("", Secret::expose));
        Ok(print.long())
    }
}
