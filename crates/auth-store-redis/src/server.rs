//! Connections: enough for everybody, replaced when they are lost.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use auth_core::Secret;
use redis::{
    Cmd, Connection, ErrorKind, FromRedisValue, Pipeline, RedisResult, ServerErrorKind, cmd,
};

use crate::address::Address;
use crate::failure::{self, Failure};
use crate::password::Password;

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
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.open(until)?,
        };
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

    /// Asks something over a connection of its own, as much logged in as the server lets us be: to find
    /// out what is wrong with it.
    pub(crate) fn ask_bare<T>(
        &self,
        question: impl FnOnce(&mut Talk<'_>) -> RedisResult<T>,
    ) -> Result<T, Failure> {
        let until = from_now(self.timeout / 2);
        let password = self.password(until)?;
        let mut connection = self.connect(until)?;
        // What it answers to the password is no matter here.
        let _ = self.log_in(&mut connection, password.as_ref(), until);
        Ok(question(&mut Talk::new(&mut connection, until))?)
    }

    /// A new connection, logged in.
    pub(crate) fn open(&self, until: Instant) -> Result<Connection, Failure> {
        // Asked first: a server may hang up on who connects and then says nothing.
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

    fn connect(&self, until: Instant) -> RedisResult<Connection> {
        let client = &self.address.client;
        client.get_connection_with_timeout(left(until)?)
    }

    fn password(&self, until: Instant) -> Result<Option<Secret>, Failure> {
        match &self.address.password {
            None => Ok(None),
            Some(Password::Fixed(password)) => Ok(Some(password.clone())),
            Some(Password::Asked(ask)) => match ask() {
                Ok(_) if now() >= until => Err(Failure::late_password()),
                Ok(password) => Ok(Some(password)),
                Err(error) => Err(Failure::no_password(&error)),
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
        let answer = Talk::new(connection, until).ask::<()>(&login);
        answer.map_err(|error| match &self.address.password {
            Some(Password::Asked(_)) => Failure::from(error).of_asked_password(),
            _ => error.into(),
        })
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
        // One whose login has ended, at the server or at a proxy before it.
        ErrorKind::Extension => failure::code_of(error).as_deref() == Some("NOAUTH"),
        _ => true,
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
