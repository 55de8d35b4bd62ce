//! Settings of a store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_core::secret::SecretSource;
#[cfg(feature = "tls")]
use auth_core::transport::ClientCertificate;
use auth_core::{Result, Secret};

use crate::address::{Address, Password};
use crate::failure::Failure;
use crate::safety::{Role, Settings};
use crate::server::Server;
use crate::{Inner, RedisStore, commands, diagnosis};

/// Settings of a [`RedisStore`].
///
/// ```no_run
/// use std::time::Duration;
/// use auth_core::secret;
/// use auth_store_redis::RedisStore;
/// # use auth_store_redis::auth_core;
///
/// let store = RedisStore::builder("rediss://billing@cache.example.com:6379")
///     .password(secret::file("/run/secrets/redis"))
///     .prefix("billing:auth:")
///     .timeout(Duration::from_secs(2))
///     .connect()?;
/// # Ok::<(), auth_core::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "it does nothing before `connect`"]
pub struct RedisStoreBuilder {
    url: Secret,
    password: Option<SecretSource>,
    prefix: String,
    timeout: Duration,
    allow_plaintext: bool,
    #[cfg(feature = "tls")]
    certificates: Certificates,
}

/// Certificates of trusted authorities, and one to present.
#[cfg(feature = "tls")]
#[derive(Clone, Default)]
pub(crate) struct Certificates {
    pub(crate) authorities: Option<Vec<u8>>,
    pub(crate) client: Option<ClientCertificate>,
}

impl RedisStoreBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url: Secret::new(url),
            password: None,
            prefix: "auth:".to_owned(),
            timeout: Duration::from_secs(4),
            allow_plaintext: false,
            #[cfg(feature = "tls")]
            certificates: Certificates::default(),
        }
    }

    /// Sets the password. It is read for each new connection, so it may change while the program runs. Default: the
    /// URL's password.
    ///
    /// A token of [AWS](https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html) lives for 15 minutes, one
    /// of Azure for an hour. A closure is called on the thread that needs a connection, on several threads at once, and
    /// within the time-out of the load or swap, which does not interrupt it. So it caches its token, has a time-out of
    /// its own, and never uses this store. After the server has refused a password, the next call reads it again.
    ///
    /// ```no_run
    /// use auth_core::secret;
    /// use auth_store_redis::RedisStore;
    /// # use auth_store_redis::auth_core::{self, Result, Secret};
    /// # fn iam_token() -> Result<Secret> { Ok(Secret::new("")) }
    ///
    /// let store = RedisStore::builder("rediss://app@cache.example.com:6379")
    ///     .password(secret::from_fn(iam_token))
    ///     .connect()?;
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    pub fn password(mut self, password: impl Into<SecretSource>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets the first part of every key; the rest is the identity of the login. Default: `auth:`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the most time that a load or a swap takes. Default: 4 s.
    ///
    /// If the connection is lost, or silent for half of that time, the store tries a second one in the other half.
    /// Looking up a host name takes as long as the system lets it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Trusts these authorities, in PEM, and no others. Default: the bundled public ones.
    #[cfg(feature = "tls")]
    pub fn only_authorities(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates.authorities = Some(pem.into());
        self
    }

    /// Presents a certificate to a server that requests one. It is read for each new connection. Default: none.
    #[cfg(feature = "tls")]
    pub fn client_certificate(mut self, certificate: ClientCertificate) -> Self {
        self.certificates.client = Some(certificate);
        self
    }

    /// Allows `redis://` to other machines: every host on the way can read the password and the logins. Default: off.
    pub fn danger_allow_plaintext(mut self) -> Self {
        self.allow_plaintext = true;
        self
    }

    /// Connects, and checks the server's settings.
    ///
    /// # Errors
    /// As [`RedisStore::connect`].
    pub fn connect(self) -> Result<RedisStore> {
        let mut address = Address::parse(
            &self.url,
            self.allow_plaintext,
            #[cfg(feature = "tls")]
            self.certificates,
        )?;
        if let Some(password) = self.password {
            address.password = Some(Password::Source(password));
        }
        let server = Server::new(address, self.timeout);
        check(&server, &self.prefix)
            .map_err(|failure| diagnosis::of(failure, &server, &self.prefix))
            .map_err(Failure::into_error_of_settings)?;
        Ok(RedisStore(Arc::new(Inner {
            server,
            prefix: self.prefix,
        })))
    }
}

/// Fails if this server cannot keep logins.
fn check(server: &Server, prefix: &str) -> Result<(), Failure> {
    let settings = Settings::read(server)?;
    match settings.role() {
        Role::Primary => {}
        Role::Replica => return Err(Failure::replica()),
        Role::OneOfSeveral => return Err(Failure::several_masters()),
        Role::Sentinel => return Err(Failure::sentinel()),
    }
    if let Some(warning) = settings.warning() {
        log::warn!("{warning}");
    }
    server.ask(|talk| commands::rehearse(talk, prefix))
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder")
            .field("password", &self.password)
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .field("danger_allow_plaintext", &self.allow_plaintext)
            .finish_non_exhaustive()
    }
}
