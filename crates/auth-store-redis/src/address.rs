//! Where the server is, and who we are there.

use std::net::IpAddr;

use auth_core::{Error, Result, Secret};
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisError,
};

#[cfg(feature = "tls")]
use crate::builder::Certificates;
use crate::password::Password;
use crate::url;

/// A server, and who we are there.
pub(crate) struct Address {
    pub(crate) client: Client,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Password>,
    pub(crate) database: i64,
}

impl Address {
    /// Reads a URL; none of its errors quotes it.
    pub(crate) fn parse(
        url: &Secret,
        allow_plain: bool,
        #[cfg(feature = "tls")] certificates: &Certificates,
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
                "a server listens at that address; a client connects to 127.0.0.1"
            } else {
                ENCODE
            })
        })?;
        if !allow_plain && !is_private(info.addr()) {
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
                .map(|password| Password::Fixed(Secret::new(password))),
            database,
            client: client(
                anonymous(info.clone()),
                #[cfg(feature = "tls")]
                certificates,
            )
            .map_err(|_| wrong(CERTIFICATES))?,
        })
    }
}

/// We log in ourselves: the library cannot tell a wrong password from a server that is full.
fn anonymous(info: ConnectionInfo) -> ConnectionInfo {
    // A swap is one answer to one question; there is nothing to wait for before it is sent.
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    info.set_tcp_settings(tcp)
        .set_redis_settings(RedisConnectionInfo::default().set_skip_set_lib_name())
}

#[cfg(not(feature = "tls"))]
fn client(info: ConnectionInfo) -> std::result::Result<Client, RedisError> {
    Client::open(info)
}

#[cfg(feature = "tls")]
fn client(
    info: ConnectionInfo,
    certificates: &Certificates,
) -> std::result::Result<Client, RedisError> {
    use redis::{ClientTlsConfig, TlsCertificates};
    use rustls::crypto::{CryptoProvider, ring};

    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        return Client::open(info);
    }
    // Without a default rustls panics in a program in which somebody else brings a second provider.
    if CryptoProvider::get_default().is_none() {
        // Another thread may have been first, which is just as well.
        let _ = ring::default_provider().install_default();
    }
    let client_tls = certificates
        .client
        .as_ref()
        .map(|(chain, key)| ClientTlsConfig {
            client_cert: chain.clone().into(),
            client_key: key.expose().into(),
        });
    let root_cert = certificates.authorities.clone();
    if client_tls.is_none() && root_cert.is_none() {
        return Client::open(info);
    }
    let certificates = TlsCertificates {
        client_tls,
        root_cert,
    };
    Client::build_with_tls(info, certificates)
}

/// Nobody on the way can read what is said: over TLS, or without leaving this machine.
///
/// A name is no loopback address: `localhost` is whatever the resolver says.
fn is_private(address: &ConnectionAddr) -> bool {
    match address {
        ConnectionAddr::Tcp(host, _) => host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        ConnectionAddr::TcpTls { insecure, .. } => !insecure,
        ConnectionAddr::Unix(_) => true,
        _ => false,
    }
}

fn wrong(message: &'static str) -> Error {
    Error::configuration(message)
}

/// A URL that says something else than it should.
fn unreadable(why: &str) -> Error {
    Error::configuration(format!(
        "the Redis URL cannot be used: {why}. It looks like `rediss://user:password@host:6379/0`"
    ))
}

const ENCODE: &str = "it cannot be read; the database is a number, and what is neither a letter nor a \
    digit in the password is percent-encoded (`#` is `%23`, `%` is `%25`, `/` is `%2F`, `@` is `%40`)";
const PLAINTEXT: &str = "`redis://` goes to 127.0.0.1 or [::1] only (`localhost` may be another machine), \
    or the password and the logins could be read on the way; use `rediss://`, or \
    `danger_allow_plain` in a network that is yours alone";
const CERTIFICATES: &str = "a certificate or key for Redis cannot be read; both must be PEM";
