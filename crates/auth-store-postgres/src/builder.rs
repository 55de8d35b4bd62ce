//! The settings of a store.

use std::fmt::{self, Debug};
use std::time::Duration;

use auth_core::{Error, Result, Secret};
use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;

use crate::address::Address;
use crate::connection::Target;
use crate::line::Line;
use crate::password::Asked;
use crate::statements::Statements;
use crate::store::PostgresStore;
use crate::tls;

/// The settings of a [`PostgresStore`].
///
/// ```no_run
/// use auth_store_postgres::PostgresStore;
///
/// # fn password() -> String { String::new() }
/// # fn main() -> auth_store_postgres::Result<()> {
/// let store = PostgresStore::builder("postgres://app@db.example.com/app")
///     .password(password())
///     .schema("auth")
///     .table("logins")
///     .connect()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing happens before `connect`"]
pub struct Builder {
    connection: Secret,
    password: Option<Secret>,
    asked: Option<Asked>,
    schema: Option<String>,
    table: String,
    timeout: Duration,
    plain: bool,
    #[cfg(feature = "tls")]
    authorities: Option<Vec<u8>>,
}

impl Builder {
    pub(crate) fn new(connection: Secret) -> Self {
        Self {
            connection,
            password: None,
            asked: None,
            schema: None,
            table: "auth_logins".to_owned(),
            timeout: Duration::from_secs(5),
            plain: false,
            #[cfg(feature = "tls")]
            authorities: None,
        }
    }

    /// The password, so that it need not be in the connection string.
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self.asked = None;
        self
    }

    /// Asks for the password of each new connection, for one that changes while the program runs.
    ///
    /// A token of [AWS](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html)
    /// lives for 15 minutes, one of Azure for an hour. The store calls `ask` on a thread of its own,
    /// within the time-out of the load or swap. So `ask` keeps its token as long as that works, and never
    /// uses this store. Default: none.
    ///
    /// Its time counts towards that time-out, but nothing interrupts it: give what it asks a time-out.
    /// An error of `ask` becomes one of the store, which shows its text. After a refused password the
    /// next call asks again.
    ///
    /// ```no_run
    /// use auth_store_postgres::PostgresStore;
    ///
    /// # fn iam_token() -> auth_store_postgres::Result<auth_store_postgres::Secret> { Ok("".into()) }
    /// # fn main() -> auth_store_postgres::Result<()> {
    /// let store = PostgresStore::builder("postgres://app@db.example.com/app")
    ///     .password_with(iam_token)
    ///     .connect()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn password_with(
        mut self,
        ask: impl Fn() -> Result<Secret> + Send + Sync + 'static,
    ) -> Self {
        self.asked = Some(Asked::new(ask));
        self
    }

    /// The table, which is created if it is missing. Default: `auth_logins`.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// The schema of the table, which must be there. Default: the first of the search path.
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = Some(name.into());
        self
    }

    /// How long one step may take: waiting for other threads, connecting and repeating included.
    /// Default: 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Certificates in PEM of the authorities to trust, instead of the public ones.
    #[cfg(feature = "tls")]
    pub fn authorities(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities = Some(pem.into());
        self
    }

    /// Connects without TLS to whatever host, unless `sslmode=require` is set.
    ///
    /// Whoever can listen on the network then reads every login. By default a connection is plain only
    /// to this machine: over a socket file, `127.0.0.1` or `::1`.
    pub fn danger_allow_plain(mut self) -> Self {
        self.plain = true;
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
                "`timeout` must be 100 ms or more: a durable write needs some",
            ));
        }
        let config = self.config(address.config)?;
        let target = Target {
            advice: tls::advice(&config),
            config,
            asked: self.asked,
            #[cfg(feature = "tls")]
            connector: tls::connector(
                tls::trusted(self.authorities, address.authorities.as_deref())?.as_deref(),
            )?,
            #[cfg(not(feature = "tls"))]
            connector: tls::Connector,
        };
        PostgresStore::over(Line::new(target, self.timeout)?, statements)
    }

    fn config(&self, mut config: Config) -> Result<Config> {
        if let Some(password) = &self.password {
            config.password(password.expose());
        }
        tls::demand(&mut config, self.plain)?;
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
        self.limit(&mut config, u32::try_from(hosts).unwrap_or(u32::MAX));
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_application_name().is_none() {
            config.application_name("auth-store-postgres");
        }
        Ok(config)
    }

    /// A dead host must leave time for the next one, and a dead connection for a new one.
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

impl Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("schema", &self.schema)
            .field("table", &self.table)
            .field("timeout", &self.timeout)
            .field("danger_allow_plain", &self.plain)
            .finish_non_exhaustive()
    }
}

const SHORTEST_TIMEOUT: Duration = Duration::from_millis(100);
