//! Connections: one for each thread that needs one, replaced when they are lost.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use auth_core::Secret;
use redis::{
    Cmd, Connection, ErrorKind, FromRedisValue, Pipeline, RedisResult, ServerErrorKind, cmd,
};

use crate::address::{Address, Password};
use crate::failure::{self, Failure};

/// A server, and its idle connections.
///
/// A caller takes one or opens another, so no thread waits for another's response, and the number of connections is that
/// of the most concurrent calls.
pub(crate) struct Server {
    address: Address,
    timeout: Duration,
    idle: Mutex<Vec<Connection>>,
}

/// A connection, and the deadline of its responses.
pub(crate) struct Talk<'a> {
    connection: &'a mut Connection,
    until: Instant,
}

impl Server {
    pub(crate) fn new(address: Address, timeout: Duration) -> Self {
        Self {
            address,
            timeout,
            idle: Mutex::default(),
        }
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends commands that can be repeated. If the connection is lost, they are repeated over a new one.
    ///
    /// Redis may have closed an old connection, or been restarted. Only lost commands are repeated, and those that a
    /// replica refused, because the name may lead to the new primary by now.
    pub(crate) fn ask<T>(
        &self,
        commands: impl Fn(&mut Talk<'_>) -> RedisResult<T>,
    ) -> Result<T, Failure> {
        let half = self.timeout / 2;
        let mut until = from_now(half);
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.open(until)?,
        };
        let mut response = commands(&mut Talk::new(&mut connection, until));
        if is_lost(&response) {
            // The same event has probably ended the other connections.
            self.idle().clear();
            until = from_now(half);
            connection = self.open(until)?;
            response = commands(&mut Talk::new(&mut connection, until));
        }
        if !is_lost(&response) {
            self.idle().push(connection);
        }
        Ok(response?)
    }

    /// Sends commands over a connection of its own, even if the server refused the login, to find out what is wrong.
    pub(crate) fn ask_bare<T>(
        &self,
        commands: impl FnOnce(&mut Talk<'_>) -> RedisResult<T>,
    ) -> Result<T, Failure> {
        let until = from_now(self.timeout / 2);
        let password = self.password(until)?;
        let mut connection = self.connect(until)?;
        // The response to the password does not matter here.
        let _ = self.log_in(&mut connection, password.as_ref(), until);
        Ok(commands(&mut Talk::new(&mut connection, until))?)
    }

    /// Opens a connection and logs in.
    pub(crate) fn open(&self, until: Instant) -> Result<Connection, Failure> {
        // Read first: a server may hang up on a client that connects and then sends nothing.
        let password = self.password(until)?;
        let mut connection = self.connect(until)?;
        self.log_in(&mut connection, password.as_ref(), until)?;
        if self.address.database != 0 {
            let mut talk = Talk::new(&mut connection, until);
            talk.ask::<()>(cmd("SELECT").arg(self.address.database))?;
        }
        Ok(connection)
    }

    pub(crate) fn database(&self) -> i64 {
        self.address.database
    }

    fn connect(&self, until: Instant) -> Result<Connection, Failure> {
        let client = self.address.client()?;
        Ok(client.get_connection_with_timeout(left(until)?)?)
    }

    fn password(&self, until: Instant) -> Result<Option<Secret>, Failure> {
        match &self.address.password {
            None => Ok(None),
            Some(Password::OfUrl(password)) => Ok(Some(password.clone())),
            Some(Password::Source(source)) => match source.read() {
                Ok(_) if now() >= until => Err(Failure::late_password()),
                Ok(password) => Ok(Some(password)),
                Err(error) => Err(Failure::unread("password", &error)),
            },
        }
    }

    fn log_in(
        &self,
        connection: &mut Connection,
        password: Option<&Secret>,
        until: Instant,
    ) -> Result<(), Failure> {
        let Some(password) = password else {
            return Ok(());
        };
        let mut login = cmd("AUTH");
        login.arg(self.address.user.as_ref()).arg(password.expose());
        let response = Talk::new(connection, until).ask::<()>(&login);
        response.map_err(|error| match &self.address.password {
            Some(Password::Source(_)) => Failure::from(error).of_source(),
            _ => error.into(),
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A connection is added and removed as a whole.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Talk<'a> {
    pub(crate) fn new(connection: &'a mut Connection, until: Instant) -> Self {
        Self { connection, until }
    }

    /// Sends one command.
    pub(crate) fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        self.limit()?;
        command.query(self.connection)
    }

    /// Sends several commands at once.
    pub(crate) fn pipeline<T: FromRedisValue>(&mut self, commands: &Pipeline) -> RedisResult<T> {
        self.limit()?;
        commands.query(self.connection)
    }

    /// Waits for a message of a subscription.
    pub(crate) fn listen(&mut self) -> RedisResult<()> {
        self.limit()?;
        self.connection.recv_response()?.extract_error()?;
        Ok(())
    }

    fn limit(&self) -> RedisResult<()> {
        let left = left(self.until)?;
        self.connection.set_write_timeout(Some(left))?;
        self.connection.set_read_timeout(Some(left))
    }
}

/// Returns `true` if the connection cannot be used any more.
fn is_lost<T>(response: &RedisResult<T>) -> bool {
    response.as_ref().is_err_and(|error| match error.kind() {
        ErrorKind::Server(kind) => kind == ServerErrorKind::ReadOnly,
        // The login of the connection has ended, at the server or at a proxy before it.
        ErrorKind::Extension => failure::code_of(error).as_deref() == Some("NOAUTH"),
        _ => true,
    })
}

/// A deadline; a day is long enough, and does not overflow.
pub(crate) fn from_now(wait: Duration) -> Instant {
    now() + wait.min(Duration::from_secs(86_400))
}

/// Returns the time until the deadline; a time-out if it has passed.
fn left(until: Instant) -> RedisResult<Duration> {
    let left = until.saturating_duration_since(now());
    if left.is_zero() {
        return Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
    }
    Ok(left)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a socket is silent in the machine's time, whatever clock a session has"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
