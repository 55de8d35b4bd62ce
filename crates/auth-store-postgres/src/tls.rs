//! TLS of a connection: required or not, and the trusted authorities.

use std::error::Error as StdError;
#[cfg(feature = "tls")]
use std::fs;
use std::io;
use std::net::IpAddr;
#[cfg(feature = "tls")]
use std::path::Path;

use auth_core::error::StoreFailure;
use auth_core::transport::is_loopback;
use auth_core::{Error, Result};
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host, SslMode};

/// Refuses to send records and passwords over a network in plaintext.
pub(crate) fn require(config: &mut Config, allow_plaintext: bool) -> Result<()> {
    let requested = config.get_ssl_mode();
    let allowed = is_near(config) || allow_plaintext;
    match (allowed, requested) {
        (false, SslMode::Disable) => {
            return Err(Error::configuration(if is_localhost(config) {
                "`sslmode=disable` is for a literal address of this machine: write `127.0.0.1`, because \
                 `localhost` may lead elsewhere (or set `danger_allow_plaintext`)"
            } else {
                "`sslmode=disable` would show every login to the network; remove it, or set \
                 `danger_allow_plaintext` in a network of your own"
            }));
        }
        (false, _) => config.ssl_mode(SslMode::Require),
        // A server on this machine seldom has a certificate that an authority signed.
        (true, SslMode::Prefer) => config.ssl_mode(SslMode::Disable),
        (true, _) => config,
    };
    if config.get_ssl_mode() == SslMode::Disable
        && config.get_channel_binding() == ChannelBinding::Require
    {
        return Err(Error::configuration(
            "`channel_binding=require` needs TLS, which is not used within this machine; remove it, or \
             add `sslmode=require`",
        ));
    }
    if config.get_ssl_mode() == SslMode::Require && cfg!(not(feature = "tls")) {
        return Err(Error::configuration(
            "other machines need TLS, and this program was built without it; switch on the feature \
             `tls` of auth-store-postgres (a server on this machine is `127.0.0.1`)",
        ));
    }
    Ok(())
}

/// Returns `true` if every host is this machine: a socket file or a literal loopback address. A name is not, because the
/// resolver decides where `localhost` leads.
fn is_near(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => is_loopback(name),
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

/// Returns advice for the case that no connection to this machine is made.
pub(crate) fn advice(config: &Config) -> Option<&'static str> {
    if is_localhost(config) {
        Some("`localhost` can be two addresses: write `127.0.0.1`, which needs no TLS")
    } else if is_near(config) && config.get_ssl_mode() == SslMode::Require {
        Some("a server on this machine needs no TLS: remove `sslmode`")
    } else {
        None
    }
}

/// Returns `true` if a host is a name of this machine.
fn is_localhost(config: &Config) -> bool {
    config.get_hostaddrs().is_empty()
        && config.get_hosts().iter().any(|host| match host {
            Host::Tcp(name) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                LOCAL_NAMES.contains(&name.as_str()) || name.ends_with(".localhost")
            }
            #[cfg(unix)]
            Host::Unix(_) => false,
        })
}

const LOCAL_NAMES: [&str; 4] = [
    "localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "ip6-loopback",
];

/// Returns the authorities of the builder, or else those in the file of the connection string.
#[cfg(feature = "tls")]
pub(crate) fn trusted(given: Option<Vec<u8>>, file: Option<&Path>) -> Result<Option<Vec<u8>>> {
    let Some(file) = file.filter(|_| given.is_none()) else {
        return Ok(given);
    };
    fs::read(file).map(Some).map_err(|error| {
        Error::configuration(format!(
            "the file of `sslrootcert` cannot be opened ({}); write its whole path, or set \
             `PostgresStoreBuilder::only_authorities`",
            error.kind()
        ))
    })
}

/// Trusted authorities, and the client certificate; makes the TLS side of a connection.
#[cfg(feature = "tls")]
mod trust {
    use std::sync::Arc;

    use auth_core::transport::ClientCertificate;
    use auth_core::{Error, Result};
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ClientConfig, RootCertStore};
    pub(crate) use tokio_postgres_rustls::MakeRustlsConnect as Connector;

    pub(crate) struct Trust {
        roots: Arc<RootCertStore>,
        certificate: Option<ClientCertificate>,
    }

    impl Trust {
        /// Trusts the public authorities, or these alone.
        pub(crate) fn new(
            authorities: Option<&[u8]>,
            certificate: Option<ClientCertificate>,
        ) -> Result<Self> {
            let mut roots = RootCertStore::empty();
            match authorities {
                None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
                Some(pem) => {
                    let certificates = certificates(pem).ok_or_else(unreadable)?;
                    if roots.add_parsable_certificates(certificates).0 == 0 {
                        return Err(unreadable());
                    }
                }
            }
            Ok(Self {
                roots: Arc::new(roots),
                certificate,
            })
        }

        /// Makes a connector with the client certificate as it is now.
        pub(crate) fn connector(&self) -> Result<Connector> {
            let ring = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(ring)
                .with_safe_default_protocol_versions()
                .map_err(|_| Error::configuration("rustls lacks a version of TLS"))?
                .with_root_certificates(Arc::clone(&self.roots));
            let config = match &self.certificate {
                None => config.with_no_client_auth(),
                Some(certificate) => {
                    let wrong = || {
                        Error::configuration(
                            "it must be a certificate and its own private key, both in PEM",
                        )
                    };
                    let chain = certificates(&certificate.chain()?).ok_or_else(wrong)?;
                    let key = certificate.key()?;
                    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                        .map_err(|_| wrong())?;
                    let config = config.with_client_auth_cert(chain, key);
                    config.map_err(|_| wrong())?
                }
            };
            Ok(Connector::new(config))
        }
    }

    fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
        CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .ok()
    }

    fn unreadable() -> Error {
        Error::configuration(
            "`only_authorities` (or the file of `sslrootcert`) holds no certificate in PEM",
        )
    }
}

#[cfg(not(feature = "tls"))]
mod trust {
    pub(crate) use tokio_postgres::NoTls as Connector;

    pub(crate) struct Trust;

    impl Trust {
        #[expect(clippy::unnecessary_wraps, reason = "with TLS it can fail")]
        pub(crate) fn connector(&self) -> auth_core::Result<Connector> {
            Ok(Connector)
        }
    }
}

pub(crate) use trust::{Connector, Trust};

/// Describes a failed handshake. The library's own words may name the host.
pub(crate) fn refused(cause: Option<&(dyn StdError + 'static)>) -> Error {
    match certificate(cause) {
        Some(wrong) => Error::store(
            StoreFailure::Unsafe,
            format!("PostgreSQL's certificate was refused: {wrong}"),
        ),
        None => Error::store(
            StoreFailure::Unavailable,
            "TLS handshake with PostgreSQL failed; check `ssl = on` and that the host name matches the \
             certificate (in a network of your own, `danger_allow_plaintext` works without TLS)",
        ),
    }
}

/// Returns `true` if the server ended TLS with an alert, as when it refuses a client certificate.
pub(crate) fn is_alert(error: &io::Error) -> bool {
    #[cfg(feature = "tls")]
    {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        matches!(cause, Some(rustls::Error::AlertReceived(_)))
    }
    #[cfg(not(feature = "tls"))]
    {
        let _ = error;
        false
    }
}

#[cfg(feature = "tls")]
fn certificate(cause: Option<&(dyn StdError + 'static)>) -> Option<&'static str> {
    use rustls::CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, UnknownIssuer,
    };
    let error = cause?.downcast_ref::<io::Error>()?.get_ref()?;
    let rustls::Error::InvalidCertificate(wrong) = error.downcast_ref()? else {
        return None;
    };
    Some(match wrong {
        UnknownIssuer => {
            "no trusted authority signed it; set its authority with `only_authorities`"
        }
        NotValidForName | NotValidForNameContext { .. } => {
            "it is for another host; connect by the name in the certificate"
        }
        Expired | ExpiredContext { .. } => "it has expired; renew it",
        NotValidYet | NotValidYetContext { .. } => "it is not valid yet; check the clocks",
        _ => "it is not valid; renew it",
    })
}

#[cfg(not(feature = "tls"))]
fn certificate(_: Option<&(dyn StdError + 'static)>) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(connection: &str, allow_plaintext: bool) -> Result<SslMode> {
        let mut config = connection.parse().unwrap();
        require(&mut config, allow_plaintext)?;
        Ok(config.get_ssl_mode())
    }

    #[test]
    fn this_machine_needs_no_tls() {
        for near in [
            "postgres://127.0.0.1/app",
            "postgres://127.1.2.3:5433/app",
            "postgres://[::1]/app",
            "host=/run/postgresql",
            "postgres:///app?host=/run/postgresql",
            "host=db.example.com hostaddr=127.0.0.1",
        ] {
            assert_eq!(mode(near, false).unwrap(), SslMode::Disable, "{near}");
        }
    }

    #[test]
    #[cfg(feature = "tls")]
    fn every_name_needs_tls() {
        for far in [
            "postgres://db.example.com/app",
            "postgres://localhost/app",
            "postgres://127.0.0.1,db.example.com/app",
            "postgres://192.0.2.1/app",
            "host=127.0.0.1 hostaddr=192.0.2.1",
            "postgres://127.0.0.1/app?sslmode=require",
            "postgres://127.0.0.1.example.com/app",
        ] {
            assert_eq!(mode(far, false).unwrap(), SslMode::Require, "{far}");
        }
    }

    #[test]
    fn only_a_dangerous_setting_disables_tls() {
        let error = mode("postgres://db.example.com/app?sslmode=disable", false).unwrap_err();
        assert!(
            error.to_string().contains("danger_allow_plaintext"),
            "{error}"
        );
        let plain = mode("postgres://db.example.com/app", true).unwrap();
        assert_eq!(plain, SslMode::Disable);
    }

    #[test]
    #[cfg(not(feature = "tls"))]
    fn without_tls_only_this_machine_is_accepted() {
        let error = mode("postgres://db.example.com/app", false).unwrap_err();
        assert!(error.to_string().contains("feature `tls`"), "{error}");
    }

    #[test]
    #[cfg(feature = "tls")]
    fn unreadable_authorities_are_refused() {
        for pem in [
            "",
            "not PEM",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert!(Trust::new(Some(pem.as_bytes()), None).is_err(), "{pem}");
        }
        assert!(Trust::new(None, None).unwrap().connector().is_ok());
    }
}
