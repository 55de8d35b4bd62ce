//! Where the processes of a fleet keep their login, and how a test makes it fail.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use auth_tests::fleet;
use services::{Postgres, Redis, started};
use tempfile::TempDir;

/// A real place for a login.
pub(super) enum Place {
    Directory(TempDir),
    Redis(Redis),
    /// A separate database in a server that tests share.
    Postgres(Arc<Postgres>, String),
}

impl Place {
    pub(super) fn directory() -> Self {
        Self::Directory(tempfile::tempdir().unwrap())
    }

    pub(super) fn redis() -> Self {
        Self::Redis(started(Redis::start()))
    }

    pub(super) fn postgres() -> Self {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        static DATABASES: AtomicUsize = AtomicUsize::new(0);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let server = match shared.upgrade() {
            Some(server) => server,
            None => Arc::new(started(Postgres::start())),
        };
        *shared = Arc::downgrade(&server);
        let database = format!("fleet_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        server.sql(&format!("CREATE DATABASE {database}"));
        Self::Postgres(server, database)
    }

    /// Gives a place on a shared server a server of its own.
    pub(super) fn alone(self) -> Self {
        match self {
            Self::Postgres(..) => {
                Self::Postgres(Arc::new(Postgres::start().unwrap()), "postgres".to_owned())
            }
            other => other,
        }
    }

    /// The place in the settings of a worker.
    pub(super) fn for_workers(&self) -> fleet::Place {
        match self {
            Self::Directory(folder) => fleet::Place::Directory(logins(folder)),
            Self::Redis(server) => fleet::Place::Redis(server.url()),
            Self::Postgres(server, database) => {
                fleet::Place::Postgres(server.url_of("postgres", database))
            }
        }
    }

    /// Returns `true` if the store detects at once that a process has exited.
    pub(super) fn sees_the_dead(&self) -> bool {
        matches!(self, Self::Directory(_))
    }

    /// Makes the store fail.
    pub(super) fn take_away(&mut self) {
        match self {
            Self::Directory(folder) => fs::rename(logins(folder), elsewhere(folder)).unwrap(),
            Self::Redis(server) => server.kill(),
            Self::Postgres(server, _) => {
                // PostgreSQL's backend processes may outlive the killed server for a moment.
                while server.terminate("auth-store-postgres") > 0 {}
                Arc::get_mut(server).unwrap().kill();
            }
        }
    }

    /// Makes the store work again, with its content.
    pub(super) fn bring_back(&mut self) {
        match self {
            Self::Directory(folder) => fs::rename(elsewhere(folder), logins(folder)).unwrap(),
            Self::Redis(server) => server.restart().unwrap(),
            Self::Postgres(server, _) => Arc::get_mut(server).unwrap().restart().unwrap(),
        }
    }

    /// Deletes the content of Redis.
    pub(super) fn flush(&self) {
        let Self::Redis(server) = self else {
            panic!("{} cannot be flushed", self.name());
        };
        let mut connection = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        connection.write_all(b"FLUSHALL\r\n").unwrap();
        let mut answer = [0; 5];
        connection.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"+OK\r\n");
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Directory(_) => "a directory",
            Self::Redis(_) => "Redis",
            Self::Postgres(..) => "PostgreSQL",
        }
    }
}

fn logins(folder: &TempDir) -> PathBuf {
    folder.path().join("logins")
}

fn elsewhere(folder: &TempDir) -> PathBuf {
    folder.path().join("gone")
}
