//! Settings of a store.

use std::fmt::{self, Debug};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use auth_core::secret::SecretSource;
#[cfg(feature = "tls")]
use auth_core::transport::ClientCertificate;
use auth_core::{Error, Result, Secret};
use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;

use crate::address::Address;
use crate::connection::Target;
use crate::line::Line;
use crate::statements::Statements;
use crate::store::PostgresStore;
use crate::tls::{self, Trust};

/// Settings of a [`PostgresStore`].
///
/// ```no_run
/// use auth_core::secret;
/// use auth_store_postgres::PostgresStore;
/// # use auth_store_postgres::auth_core;
///
/// let store = PostgresStore::builder("postgres://app@db.example.com/app")
///     .password(secret::env("DATABASE_PASSWORD"))
///     .schema("auth")
///     .table("logins")
///     .connect()?;
/// # Ok::<(), auth_core::Error>(())
/// ```
#[must_use = "it does nothing before `connect`"]
pub struct PostgresStoreBuilder {
    connection: Secret,
    password: Option<SecretSource>,
    schema: Option<String>,
    table: String,
    timeout: Duration,
    allow_plaintext: bool,
    #[cfg(feature = "tls")]
    authorities: Option<Vec<u8>>,
    #[cfg(feature = "tls")]
    certificate: Option<ClientCertificate>,
}

impl PostgresStoreBuilder {
    pub(crate) fn new(connection: String) -> Self {
        Self {
            connection: Secret::new(connection),
            password: None,
            schema: None,
            table: "auth_logins".to_owned(),
            timeout: Duration::from_secs(5),
            allow_plaintext: false,
            #[cfg(feature = "tls")]
            authorities: None,
            #[cfg(feature = "tls")]
            certificate: None,
        }
    }

    /// Sets the password. It is read for each new connection, so it may change while the program runs. Default: the
    /// connection string's password.
    ///
    /// A token of [AWS](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html) lives for 15
    /// minutes, one of Azure for an hour. A closure is called on a thread of its own, within the time-out of the load or
    /// swap, which does not interrupt it. So it caches its token, has a time-out of its own, and never uses this store.
    /// After the server has refused a password, the next call reads it again.
    ///
    /// ```no_run
    /// use auth_core::secret;
    /// use auth_store_postgres::PostgresStore;
    /// # use auth_store_postgres::auth_core::{self, Result, Secret};
    /// # fn iam_token() -> Result<Secret> { Ok(Secret::new("")) }
    ///
    /// let store = PostgresStore::builder("postgres://app@db.example.com/app")
    ///     .password(secret::from_fn(iam_token))
    ///     .connect()?;
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    pub fn password(mut self, password: impl Into<SecretSource>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets the table, which is created if it is missing. Default: `auth_logins`.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// Sets the schema of the table, which must exist. Default: the first of the search path.
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = Some(name.into());
        self
    }

    /// Sets the most time that a load or a swap takes, with waiting for other threads, connecting and repeating. Default:
    /// 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Trusts these authorities, in PEM, and no others. Default: those in the file of `sslrootcert`, or the bundled public
    /// ones.
    #[cfg(feature = "tls")]
    pub fn only_authorities(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities = Some(pem.into());
        self
    }

    /// Presents a certificate to a server that requests one. It is read for each new connection. Default: none.
    #[cfg(feature = "tls")]
    pub fn client_certificate(mut self, certificate: ClientCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Connects to any host without TLS, unless `sslmode=require` is set: every host on the way can read the password and
    /// the logins.
    ///
    /// Default: off. Connections within this machine, over a socket file, `127.0.0.1` or `::1`, need no TLS.
    pub fn danger_allow_plaintext(mut self) -> Self {
        self.allow_plaintext = true;
        self
    }

    /// Connects, and creates the table if it is missing.
    ///
    /// # Errors
    /// As [`PostgresStore::connect`].
    pub fn connect(self) -> Result<PostgresStore> {
        let address = Address::read(&self.connection)?;
        let schema = self.schema.as_deref().or(address.schema.as_deref());
        let statements = Statements::new(schema, &self.table)?;
        if self.timeout < SHORTEST_TIMEOUT {
            return Err(Error::configuration(
                "`timeout` must be at least 100 ms: a durable write takes some",
            ));
        }
        let config = self.config(address.config)?;
        let target = Target {
            advice: tls::advice(&config),
            config,
            password: self.password,
            #[cfg(feature = "tls")]
            trust: Trust::new(
                tls::trusted(self.authorities, address.authorities.as_deref())?.as_deref(),
                self.certificate,
            )?,
            #[cfg(not(feature = "tls"))]
            trust: Trust,
            was_right: AtomicBool::new(false),
        };
        PostgresStore::over(Line::new(target, self.timeout)?, statements)
    }

    fn config(&self, mut config: Config) -> Result<Config> {
        tls::require(&mut config, self.allow_plaintext)?;
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
        self.limit(&mut config, u32::try_from(hosts).unwrap_or(u32::MAX));
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_application_name().is_none() {
            config.application_name("auth-store-postgres");
        }
        Ok(config)
    }

    /// Limits the time of a dead host, so that the next one is tried, and of a dead connection.
    fn limit(&self, config: &mut Config, hosts: u32) {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(self.timeout / hosts.saturating_add(1));
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(self.timeout / 2);
        }
        config
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3);
    }
}

impl Debug for PostgresStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStoreBuilder")
            .field("password", &self.password)
            .field("schema", &self.schema)
            .field("table", &self.table)
            .field("timeout", &self.timeout)
            .field("danger_allow_plaintext", &self.allow_plaintext)
            .finish_non_exhaustive()
    }
}

const SHORTEST_TIMEOUT: Duration = Duration::from_millis(100);
