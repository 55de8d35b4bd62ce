//! One connection, which moves only while somebody waits for it.

use std::fmt::{self, Debug};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio_postgres::{CancelToken, Client, Config};

use crate::failure::{Failure, Outcome};
use crate::password::Asked;
use crate::tls::Connector;

/// Where to connect to, and how.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) config: Config,
    /// The password, if it changes.
    pub(crate) asked: Option<Asked>,
    pub(crate) connector: Connector,
    /// What helps if no connection is made.
    pub(crate) advice: Option<&'static str>,
}

/// A connection. Dropping it closes the socket.
pub(crate) struct Connection {
    client: Client,
    /// Reads and writes the socket; none after the connection has ended.
    traffic: Option<Traffic>,
}

type Traffic = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>;

impl Target {
    /// Connects to the first host that takes writes. A password is asked for in no more than this time.
    pub(crate) async fn connect(&self, at_most: Duration) -> Outcome<Connection> {
        let with_password = self
            .asked
            .as_ref()
            .map(|asked| asked.settings(&self.config, at_most))
            .transpose()?;
        let config = with_password.as_ref().unwrap_or(&self.config);
        let several = config.get_hosts().len().max(config.get_hostaddrs().len()) > 1;
        let connected = config.connect(self.tls()).await;
        let (client, traffic) = connected.map_err(|error| {
            let answered = error.code().is_some();
            let failure = Failure::of_connecting(error, several, self.asked.as_ref());
            match self.advice {
                Some(advice) if !answered => failure.advised(advice),
                _ => failure,
            }
        })?;
        if let Some(asked) = &self.asked {
            asked.accepted();
        }
        Ok(Connection {
            client,
            traffic: Some(Box::pin(traffic)),
        })
    }

    /// Asks the server to drop what a connection waits for; it may have finished meanwhile.
    pub(crate) async fn cancel(&self, token: CancelToken) {
        if token.cancel_query(self.tls()).await.is_err() {
            log::debug!("a statement that took too long could not be canceled");
        }
    }

    fn tls(&self) -> Connector {
        // Not as a method: what stands in for TLS where there is none is `Copy`.
        Clone::clone(&self.connector)
    }
}

impl Connection {
    /// Runs statements to their end, and the connection meanwhile.
    pub(crate) async fn run<T>(
        &mut self,
        statement: &impl AsyncFn(&Client) -> Outcome<T>,
    ) -> Outcome<T> {
        let Self { client, traffic } = self;
        let mut answer = pin!(statement(client));
        poll_fn(|context| {
            let ended = match traffic {
                Some(moving) => moving.as_mut().poll(context),
                None => Poll::Ready(Ok(())),
            };
            if ended.is_ready() {
                *traffic = None;
            }
            match (answer.as_mut().poll(context), ended) {
                // A server that ends a connection of its own accord says why there, and not to the
                // statement.
                (Poll::Pending, Poll::Ready(Err(why))) => Poll::Ready(Err(why.into())),
                (Poll::Ready(Err(_)), Poll::Ready(Err(why))) if why.code().is_some() => {
                    Poll::Ready(Err(why.into()))
                }
                (Poll::Pending, Poll::Ready(Ok(()))) => Poll::Ready(Err(Failure::closed())),
                (answer, _) => answer,
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
