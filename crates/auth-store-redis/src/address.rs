//! Address of a server, and the login there.

use auth_core::secret::SecretSource;
use auth_core::transport::is_loopback;
use auth_core::{Error, Result, Secret};
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};

#[cfg(feature = "tls")]
use crate::builder::Certificates;
use crate::failure::Failure;
use crate::url;

/// Address of a server, and the login there.
pub(crate) struct Address {
    info: ConnectionInfo,
    #[cfg(feature = "tls")]
    certificates: Certificates,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Password>,
    pub(crate) database: i64,
}

/// Password of new connections.
pub(crate) enum Password {
    OfUrl(Secret),
    Source(SecretSource),
}

impl Address {
    /// Reads a URL; none of its errors quotes it.
    pub(crate) fn parse(
        url: &Secret,
        allow_plaintext: bool,
        #[cfg(feature = "tls")] certificates: Certificates,
    ) -> Result<Self> {
        let text = url.expose();
        if let Some(wrong) = url::oddity(text) {
            return Err(unreadable(wrong));
        }
        let url = redis::parse_redis_url(text).ok_or_else(|| unreadable(ENCODE))?;
        if matches!(url.scheme(), "rediss" | "valkeys") && !cfg!(feature = "tls") {
            return Err(wrong(
                "`rediss://` needs the feature `tls` of auth-store-redis",
            ));
        }
        let listens = matches!(url.host_str(), Some("0.0.0.0" | "[::]"));
        let info = url.into_connection_info().map_err(|_| {
            unreadable(if listens {
                "only a server listens at that address; a client connects to 127.0.0.1"
            } else {
                ENCODE
            })
        })?;
        if !allow_plaintext && !is_private(info.addr()) {
            return Err(wrong(PLAINTEXT));
        }
        let settings = info.redis_settings();
        let (user, password) = (settings.username(), settings.password());
        let database = match url::database(text) {
            Some(number) if settings.db() == 0 => number.parse().map_err(|_| unreadable(ENCODE))?,
            _ => settings.db(),
        };
        Ok(Self {
            user: user.map(str::to_owned),
            password: password
                .or(user.and(Some("")))
                .map(|password| Password::OfUrl(Secret::new(password))),
            database,
            info: anonymous(info.clone()),
            #[cfg(feature = "tls")]
            certificates,
        })
    }

    /// Returns the client for a new connection, with the client certificate as it is now.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        #[cfg(feature = "tls")]
        if matches!(self.info.addr(), ConnectionAddr::TcpTls { .. }) {
            return tls_client(self.info.clone(), &self.certificates);
        }
        Client::open(self.info.clone()).map_err(|_| Failure::certificates())
    }
}

/// The store logs in itself: the library cannot tell a wrong password from a server that is full.
fn anonymous(info: ConnectionInfo) -> ConnectionInfo {
    // A swap is one request and one response, so its packet is sent at once.
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    info.set_tcp_settings(tcp)
        .set_redis_settings(RedisConnectionInfo::default().set_skip_set_lib_name())
}

#[cfg(feature = "tls")]
fn tls_client(info: ConnectionInfo, certificates: &Certificates) -> Result<Client, Failure> {
    use redis::{ClientTlsConfig, TlsCertificates};
    use rustls::crypto::{CryptoProvider, ring};

    // Without a default, rustls panics in a program in which another crate brings a second provider.
    if CryptoProvider::get_default().is_none() {
        // Another thread may have been first, with the same result.
        let _ = ring::default_provider().install_default();
    }
    let unread = |error: Error| Failure::unread("client_certificate", &error);
    let client_tls = match &certificates.client {
        Some(certificate) => Some(ClientTlsConfig {
            client_cert: certificate.chain().map_err(unread)?.into_owned(),
            client_key: certificate.key().map_err(unread)?.expose().into(),
        }),
        None => None,
    };
    let root_cert = certificates.authorities.clone();
    let client = if client_tls.is_none() && root_cert.is_none() {
        Client::open(info)
    } else {
        let certificates = TlsCertificates {
            client_tls,
            root_cert,
        };
        Client::build_with_tls(info, certificates)
    };
    client.map_err(|_| Failure::certificates())
}

/// Returns `true` if no host on the way can read the traffic: over TLS, or within this machine.
///
/// A name is not a loopback address: the resolver decides where `localhost` leads.
fn is_private(address: &ConnectionAddr) -> bool {
    match address {
        ConnectionAddr::Tcp(host, _) => is_loopback(host),
        ConnectionAddr::TcpTls { insecure, .. } => !insecure,
        ConnectionAddr::Unix(_) => true,
        _ => false,
    }
}

fn wrong(message: &'static str) -> Error {
    Error::configuration(message)
}

/// An error about the URL, which it does not quote.
fn unreadable(why: &str) -> Error {
    Error::configuration(format!(
        "the Redis URL cannot be used: {why}. It looks like `rediss://user:password@host:6379/0`"
    ))
}

const ENCODE: &str = "it cannot be read; the database is a number, and every character of the password that is \
    not a letter or a digit is percent-encoded (`#` is `%23`, `%` is `%25`, `/` is `%2F`, `@` is `%40`)";
const PLAINTEXT: &str = "`redis://` is for 127.0.0.1 and [::1] only (`localhost` may lead to another machine), because \
    every host on the way could read the password and the logins; use `rediss://`, or `danger_allow_plaintext` in a \
    network of your own";
