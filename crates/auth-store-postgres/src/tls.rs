//! Whether a connection needs TLS, and what is trusted.

use std::error::Error as StdError;
#[cfg(feature = "tls")]
use std::fs;
use std::net::IpAddr;
#[cfg(feature = "tls")]
use std::path::Path;

use auth_core::error::StoreFailure;
use auth_core::{Error, Result};
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host, SslMode};

/// Refuses to send records and passwords over a network in the clear.
pub(crate) fn demand(config: &mut Config, plain_everywhere: bool) -> Result<()> {
    let asked = config.get_ssl_mode();
    let plain = is_near(config) || plain_everywhere;
    match (plain, asked) {
        (false, SslMode::Disable) => {
            return Err(Error::configuration(if is_localhost(config) {
                "`sslmode=disable` is for a literal address of this machine: write `127.0.0.1`, for \
                 `localhost` may lead elsewhere (or say `danger_allow_plain`)"
            } else {
                "`sslmode=disable` would show every login to the network; leave it out, or say \
                 `danger_allow_plain` if you know better"
            }));
        }
        (false, _) => config.ssl_mode(SslMode::Require),
        // What a server on this machine shows is seldom a certificate that anybody signed.
        (true, SslMode::Prefer) => config.ssl_mode(SslMode::Disable),
        (true, _) => config,
    };
    if config.get_ssl_mode() == SslMode::Disable
        && config.get_channel_binding() == ChannelBinding::Require
    {
        return Err(Error::configuration(
            "`channel_binding=require` needs TLS, and none is spoken to this machine; leave it out, or \
             add `sslmode=require`",
        ));
    }
    if config.get_ssl_mode() == SslMode::Require && cfg!(not(feature = "tls")) {
        return Err(Error::configuration(
            "another machine is connected to over TLS alone, and this was built without; switch on \
             the feature `tls` of auth-store-postgres (a server on this machine is `127.0.0.1`)",
        ));
    }
    Ok(())
}

/// Whether every host is this machine: a socket file or a literal loopback address. A name is none:
/// `localhost` is whatever the resolver says.
fn is_near(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

/// What helps if no connection is made to this machine.
pub(crate) fn advice(config: &Config) -> Option<&'static str> {
    if is_localhost(config) {
        Some("`localhost` is a name for two addresses: write `127.0.0.1`, which needs no TLS")
    } else if is_near(config) && config.get_ssl_mode() == SslMode::Require {
        Some("a server on this machine needs no TLS: leave `sslmode` out")
    } else {
        None
    }
}

/// Whether a host is a name of this machine.
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

/// The authorities of the builder, or else those in the file that the connection string names.
#[cfg(feature = "tls")]
pub(crate) fn trusted(given: Option<Vec<u8>>, file: Option<&Path>) -> Result<Option<Vec<u8>>> {
    let Some(file) = file.filter(|_| given.is_none()) else {
        return Ok(given);
    };
    fs::read(file).map(Some).map_err(|error| {
        Error::configuration(format!(
            "the file of `sslrootcert` cannot be opened ({}); give the whole path, or the certificates by \
             `Builder::authorities`",
            error.kind()
        ))
    })
}

#[cfg(feature = "tls")]
mod connector {
    use std::sync::Arc;

    use auth_core::{Error, Result};
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    use rustls::{ClientConfig, RootCertStore};
    pub(crate) use tokio_postgres_rustls::MakeRustlsConnect as Connector;

    /// Trusts the public authorities, or these alone.
    pub(crate) fn connector(authorities: Option<&[u8]>) -> Result<Connector> {
        let mut roots = RootCertStore::empty();
        match authorities {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(pem) => {
                let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
                    .collect::<std::result::Result<_, _>>()
                    .map_err(|_| unreadable())?;
                if roots.add_parsable_certificates(certificates).0 == 0 {
                    return Err(unreadable());
                }
            }
        }
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::configuration("rustls lacks a version of TLS"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Connector::new(config))
    }

    fn unreadable() -> Error {
        Error::configuration(
            "`authorities` (or the file of `sslrootcert`) holds no certificate in PEM",
        )
    }
}

#[cfg(not(feature = "tls"))]
mod connector {
    pub(crate) use tokio_postgres::NoTls as Connector;
}

#[cfg(feature = "tls")]
pub(crate) use connector::connector;

pub(crate) use connector::Connector;

/// Why no TLS connection stands. The library's own words may name the host.
pub(crate) fn refused(cause: Option<&(dyn StdError + 'static)>) -> Error {
    match certificate(cause) {
        Some(wrong) => Error::store(
            StoreFailure::Unsafe,
            format!("PostgreSQL's certificate is not accepted: {wrong}"),
        ),
        None => Error::store(
            StoreFailure::Unavailable,
            "TLS to PostgreSQL failed; is `ssl` on at the server, and is the host given by its name? (in a \
             network that is yours alone, `danger_allow_plain` does without)",
        ),
    }
}

#[cfg(feature = "tls")]
fn certificate(cause: Option<&(dyn StdError + 'static)>) -> Option<&'static str> {
    use rustls::CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, UnknownIssuer,
    };
    let error = cause?.downcast_ref::<std::io::Error>()?.get_ref()?;
    let rustls::Error::InvalidCertificate(wrong) = error.downcast_ref()? else {
        return None;
    };
    Some(match wrong {
        UnknownIssuer => "no trusted authority signed it; give the one that did as `authorities`",
        NotValidForName | NotValidForNameContext { .. } => {
            "it is for another host; connect by the name that it is for"
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

    fn mode(connection: &str, plain_everywhere: bool) -> Result<SslMode> {
        let mut config = connection.parse().unwrap();
        demand(&mut config, plain_everywhere)?;
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
        assert!(error.to_string().contains("danger_allow_plain"), "{error}");
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
            assert!(connector(Some(pem.as_bytes())).is_err(), "{pem}");
        }
        assert!(connector(None).is_ok());
    }
}
