//! One connection, which makes progress only while a caller waits for it.

use std::fmt::{self, Debug};
use std::future::{Future, poll_fn};
use std::panic;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use auth_core::clock::{Clock, SystemClock};
use auth_core::secret::SecretSource;
use tokio_postgres::{CancelToken, Client, Config};

use crate::failure::{Failure, Outcome};
use crate::tls::{Connector, Trust};

/// Address of a server, and how to connect to it.
pub(crate) struct Target {
    pub(crate) config: Config,
    /// The password of new connections, if the connection string's is not used.
    pub(crate) password: Option<SecretSource>,
    pub(crate) trust: Trust,
    /// Advice for the case that no connection is made.
    pub(crate) advice: Option<&'static str>,
    /// Set after the first connection: the settings were right once.
    pub(crate) was_right: AtomicBool,
}

/// A connection. Dropping it closes the socket.
pub(crate) struct Connection {
    client: Client,
    /// Reads and writes the socket; `None` after the connection has ended.
    traffic: Option<Traffic>,
}

type Traffic = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>;

impl Target {
    /// Connects to the first host that accepts writes. Reading the password must not take longer than this.
    pub(crate) async fn connect(&self, at_most: Duration) -> Outcome<Connection> {
        let with_password = self
            .password
            .as_ref()
            .map(|password| self.settings(password, at_most))
            .transpose()?;
        let config = with_password.as_ref().unwrap_or(&self.config);
        let connector = self.connector()?;
        let several = config.get_hosts().len().max(config.get_hostaddrs().len()) > 1;
        let connected = config.connect(connector).await;
        let (client, traffic) = connected.map_err(|error| {
            let responded = error.code().is_some();
            let refused = self.password.as_ref().map(|_| self.was_right());
            let failure = Failure::of_connecting(error, several, refused);
            match self.advice {
                Some(advice) if !responded => failure.advised(advice),
                _ => failure,
            }
        })?;
        self.was_right.store(true, Ordering::Relaxed);
        Ok(Connection {
            client,
            traffic: Some(Box::pin(traffic)),
        })
    }

    /// Asks the server to cancel the statement of a connection, which may have finished meanwhile.
    pub(crate) async fn cancel(&self, token: CancelToken) {
        let canceled = match self.connector() {
            Ok(connector) => token.cancel_query(connector).await.is_ok(),
            Err(_) => false,
        };
        if !canceled {
            log::debug!("a statement that took too long could not be canceled");
        }
    }

    /// Returns the settings with the password, which is read now.
    fn settings(&self, password: &SecretSource, at_most: Duration) -> Outcome<Config> {
        let clock = SystemClock::new();
        let began = clock.now();
        let password = apart(|| password.read())
            .map_err(|error| Failure::unread("password", &error, self.was_right()))?;
        if clock.now().since(began) >= at_most {
            return Err(Failure::late_password());
        }
        let mut config = self.config.clone();
        config.password(password.expose());
        Ok(config)
    }

    fn connector(&self) -> Outcome<Connector> {
        apart(|| self.trust.connector())
            .map_err(|error| Failure::unread("client_certificate", &error, self.was_right()))
    }

    fn was_right(&self) -> bool {
        self.was_right.load(Ordering::Relaxed)
    }
}

impl Connection {
    /// Runs statements to their end, and the connection meanwhile.
    pub(crate) async fn run<T>(
        &mut self,
        statement: &impl AsyncFn(&Client) -> Outcome<T>,
    ) -> Outcome<T> {
        let Self { client, traffic } = self;
        let mut response = pin!(statement(client));
        poll_fn(|context| {
            let ended = match traffic {
                Some(moving) => moving.as_mut().poll(context),
                None => Poll::Ready(Ok(())),
            };
            if ended.is_ready() {
                *traffic = None;
            }
            match (response.as_mut().poll(context), ended) {
                // A server that ends a connection gives its reason there, and not to the statement.
                (Poll::Pending, Poll::Ready(Err(why))) => Poll::Ready(Err(why.into())),
                (Poll::Ready(Err(_)), Poll::Ready(Err(why))) if why.code().is_some() => {
                    Poll::Ready(Err(why.into()))
                }
                (Poll::Pending, Poll::Ready(Ok(()))) => Poll::Ready(Err(Failure::closed())),
                (response, _) => response,
            }
        })
        .await
    }

    pub(crate) fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }
}

impl Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").finish_non_exhaustive()
    }
}

impl Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// Reads on another thread: this one runs a runtime, and a closure of the caller's that runs one of its own would panic.
fn apart<T: Send>(read: impl FnOnce() -> T + Send) -> T {
    let read = thread::scope(|scope| scope.spawn(read).join());
    read.unwrap_or_else(|panic| panic::resume_unwind(panic))
}
