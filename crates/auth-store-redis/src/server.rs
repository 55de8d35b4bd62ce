//! Connections: enough for everybody, replaced when they are lost.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::{
    Cmd, Connection, ErrorKind, FromRedisValue, Pipeline, RedisResult, ServerErrorKind, cmd,
};

use crate::address::Address;
use crate::failure::Failure;

/// A server, and the connections to it that nobody is using just now.
///
/// Whoever asks something takes one, or opens another; so nobody waits for anybody else's answer, and
/// there are as many as have been needed at once.
pub(crate) struct Server {
    address: Address,
    timeout: Duration,
    idle: Mutex<Vec<Connection>>,
}

/// A connection, and until when its answers may come.
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

    /// Asks something that may be asked twice: if the connection is lost, it is, over a new one.
    ///
    /// Redis may have closed an old one, or been restarted. Only what was lost on the way is repeated,
    /// and what a replica refused, for the name may lead to the new primary by now.
    pub(crate) fn ask<T>(
        &self,
        question: impl Fn(&mut Talk<'_>) -> RedisResult<T>,
    ) -> Result<T, Failure> {
        let half = self.timeout / 2;
        let mut until = from_now(half);
        let idle = self.idle().pop();
        let mut connection = idle.map_or_else(|| self.open(until), Ok)?;
        let mut answer = question(&mut Talk::new(&mut connection, until));
        if is_lost(&answer) {
            // Whatever ended this one has probably ended the others.
            self.idle().clear();
            until = from_now(half);
            connection = self.open(until)?;
            answer = question(&mut Talk::new(&mut connection, until));
        }
        if !is_lost(&answer) {
            self.idle().push(connection);
        }
        Ok(answer?)
    }

    /// A new connection, logged in.
    pub(crate) fn open(&self, until: Instant) -> RedisResult<Connection> {
        let Address {
            client,
            user,
            password,
            database,
        } = &self.address;
        let mut connection = client.get_connection_with_timeout(left(until)?)?;
        let mut talk = Talk::new(&mut connection, until);
        if let Some(password) = password {
            let mut login = cmd("AUTH");
            talk.ask::<()>(login.arg(user.as_ref()).arg(password.expose()))?;
        }
        if *database != 0 {
            talk.ask::<()>(cmd("SELECT").arg(*database))?;
        }
        Ok(connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A connection is put in and taken out as a whole.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Talk<'a> {
    pub(crate) fn new(connection: &'a mut Connection, until: Instant) -> Self {
        Self { connection, until }
    }

    /// Asks one thing.
    pub(crate) fn ask<T: FromRedisValue>(&mut self, question: &Cmd) -> RedisResult<T> {
        self.limit()?;
        question.query(self.connection)
    }

    /// Asks several things at once.
    pub(crate) fn pipeline<T: FromRedisValue>(&mut self, questions: &Pipeline) -> RedisResult<T> {
        self.limit()?;
        questions.query(self.connection)
    }

    /// Waits for something to be said without having been asked.
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

/// Whether the connection is of no more use.
fn is_lost<T>(answer: &RedisResult<T>) -> bool {
    answer.as_ref().is_err_and(|error| match error.kind() {
        ErrorKind::Server(kind) => kind == ServerErrorKind::ReadOnly,
        kind => kind != ErrorKind::Extension,
    })
}

/// A day is for ever, and does not overflow.
pub(crate) fn from_now(wait: Duration) -> Instant {
    now() + wait.min(Duration::from_secs(86_400))
}

/// How long it is until then, if it is not past.
fn left(until: Instant) -> RedisResult<Duration> {
    let left = until.saturating_duration_since(now());
    if left.is_zero() {
        return Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
    }
    Ok(left)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a socket may be silent is the machine's time, whatever clock a session has"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
