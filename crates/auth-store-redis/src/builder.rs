//! The settings of a store.

use std::sync::Arc;
use std::time::Duration;

use auth_core::{Result, Secret};

use crate::address::Address;
use crate::failure::Failure;
use crate::password::Password;
use crate::safety::{Role, Settings};
use crate::server::Server;
use crate::{Inner, RedisStore, commands, diagnosis};

/// The settings of a [`RedisStore`].
///
/// ```no_run
/// use std::time::Duration;
/// use auth_store_redis::RedisStore;
///
/// # fn main() -> auth_store_redis::Result<()> {
/// let store = RedisStore::builder("redis://127.0.0.1:6379")
///     .prefix("billing:auth:")
///     .timeout(Duration::from_secs(2))
///     .connect()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `connect`"]
pub struct Builder {
    url: Secret,
    password: Option<Password>,
    prefix: String,
    timeout: Duration,
    allow_plain: bool,
    #[cfg(feature = "tls")]
    certificates: Certificates,
}

/// Whom to trust, and what to show, in PEM.
#[cfg(feature = "tls")]
#[derive(Clone, Debug, Default)]
pub(crate) struct Certificates {
    pub(crate) authorities: Option<Vec<u8>>,
    pub(crate) client: Option<(String, Secret)>,
}

impl Builder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: Secret::new(url),
            password: None,
            prefix: "auth:".to_owned(),
            timeout: Duration::from_secs(4),
            allow_plain: false,
            #[cfg(feature = "tls")]
            certificates: Certificates::default(),
        }
    }

    /// The password, so that it need not be in the URL. Default: that of the URL.
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(Password::Fixed(password.into()));
        self
    }

    /// Asks for the password of each new connection, for one that changes while the program runs.
    ///
    /// A token of [AWS](https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html)
    /// lives for 15 minutes, one of Azure for an hour. The store calls `ask` on the thread that needs
    /// a connection, on several threads at once, within the time-out of the load or swap. So `ask` keeps
    /// its token as long as that works, and never uses this store. Default: none.
    ///
    /// Its time counts towards that time-out, but nothing interrupts it: give what it asks a time-out.
    /// An error of `ask` becomes one of the store, which shows its text. After a refused password the
    /// next call asks again.
    ///
    /// ```no_run
    /// use auth_store_redis::RedisStore;
    /// # fn iam_token() -> auth_store_redis::Result<auth_store_redis::Secret> { Ok("".into()) }
    ///
    /// # fn main() -> auth_store_redis::Result<()> {
    /// let store = RedisStore::builder("rediss://app@cache.example.com:6379")
    ///     .password_with(iam_token)
    ///     .connect()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn password_with(
        mut self,
        ask: impl Fn() -> Result<Secret> + Send + Sync + 'static,
    ) -> Self {
        self.password = Some(Password::Asked(Arc::new(ask)));
        self
    }

    /// What the keys begin with; the rest is the identity of the login. Default: `auth:`.
    pub fn prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// How long a load or a swap may take in all. Default: 4 s.
    ///
    /// If the connection is lost, or is silent for half of that time, a second one is tried in the
    /// other half. Looking up a name takes as long as the system lets it.
    pub fn timeout(mut self, at_most: Duration) -> Self {
        self.timeout = at_most;
        self
    }

    /// Certificates in PEM of the authorities to trust, instead of the bundled public ones.
    #[cfg(feature = "tls")]
    pub fn authorities(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates.authorities = Some(pem.into());
        self
    }

    /// Shows this certificate, with what leads to its authority, to a server that asks for one.
    /// Default: none.
    #[cfg(feature = "tls")]
    pub fn client_certificate(mut self, chain: &str, key: impl Into<Secret>) -> Self {
        self.certificates.client = Some((chain.to_owned(), key.into()));
        self
    }

    /// Lets `redis://` leave this machine, so that everybody on the way reads the password and the
    /// logins. Default: off.
    pub fn danger_allow_plain(mut self) -> Self {
        self.allow_plain = true;
        self
    }

    /// Connects, and looks at the server's settings.
    ///
    /// # Errors
    /// As [`RedisStore::connect`].
    pub fn connect(self) -> Result<RedisStore> {
        let mut address = Address::parse(
            &self.url,
            self.allow_plain,
            #[cfg(feature = "tls")]
            &self.certificates,
        )?;
        address.password = self.password.or(address.password);
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

/// Whether this server will do, before anybody's login depends on it.
fn check(server: &Server, prefix: &str) -> std::result::Result<(), Failure> {
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
