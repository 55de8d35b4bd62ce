//! A Redis server.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::Process;
use crate::{Error, Result, free_port};

/// A running `redis-server`.
#[derive(Debug)]
pub struct Redis {
    process: Option<Process>,
    port: u16,
    options: RedisOptions,
    folder: TempDir,
}

/// Settings of a Redis server.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    directives: Vec<(String, String)>,
    unknown: Vec<String>,
    password: Option<String>,
    identity: Option<(String, String)>,
    clients_of: Option<String>,
}

impl Redis {
    /// Starts a server whose acknowledged writes are durable, and that needs no password.
    ///
    /// # Errors
    /// If the program is missing or does not start.
    pub fn start() -> Result<Self> {
        Self::options().start()
    }

    /// Returns the settings of [`start`](Redis::start), to be changed.
    pub fn options() -> RedisOptions {
        RedisOptions {
            directives: Vec::new(),
            unknown: Vec::new(),
            password: None,
            identity: None,
            clients_of: None,
        }
        .set("save", "")
        .set("appendonly", "yes")
        .set("appendfsync", "always")
    }

    /// Returns its URL, with the password if it has one, and with TLS if it uses that.
    pub fn url(&self) -> String {
        let scheme = match self.options.identity {
            Some(_) => "rediss",
            None => "redis",
        };
        let user = match &self.options.password {
            Some(password) => format!(":{password}@"),
            None => String::new(),
        };
        format!("{scheme}://{user}127.0.0.1:{}", self.port)
    }

    /// Returns its port at 127.0.0.1, which it keeps.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the folder of its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it as in a power cut, except that data which the system holds for the disk survives.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again, with the same port and folder.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        self.process = Some(self.run()?);
        Ok(())
    }

    /// Suspends it: its port is open, but there are no responses.
    ///
    /// # Panics
    /// If it is not running.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Resumes it.
    ///
    /// # Panics
    /// If it is not running.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        match &self.process {
            Some(process) => process.signal(name),
            None => panic!("the server does not run"),
        }
    }

    fn run(&self) -> Result<Process> {
        let mut args = Vec::new();
        let mut set =
            |name: &str, value: &str| args.extend([format!("--{name}"), value.to_owned()]);
        for (name, value) in &self.options.directives {
            set(name, value);
        }
        set("bind", "127.0.0.1");
        set("dir", &self.folder.path().to_string_lossy());
        let port = self.port.to_string();
        if self.options.identity.is_some() {
            set("port", "0");
            set("tls-port", &port);
            set("tls-cert-file", &self.file("certificate").to_string_lossy());
            set("tls-key-file", &self.file("key").to_string_lossy());
            if self.options.clients_of.is_some() {
                set(
                    "tls-ca-cert-file",
                    &self.file("authority").to_string_lossy(),
                );
            } else {
                set("tls-auth-clients", "no");
            }
        } else {
            set("port", &port);
        }
        for command in &self.options.unknown {
            args.extend(["--rename-command", command, ""].map(str::to_owned));
        }
        Process::start("redis-server", &args, "KILL", "Ready to accept connections")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.pem"))
    }
}

impl RedisOptions {
    /// Sets a directive of `redis.conf`; the last value of a name wins.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.directives.retain(|(other, _)| other != name);
        self.directives.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Disables these commands, as services do that rename them.
    #[must_use]
    pub fn without(mut self, commands: &[&str]) -> Self {
        self.unknown
            .extend(commands.iter().map(|&command| command.to_owned()));
        self
    }

    /// Requires this password, of letters and digits.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self.set("requirepass", password)
    }

    /// Accepts TLS connections only, with this certificate and key in PEM.
    #[must_use]
    pub fn tls(mut self, certificate: &str, key: &str) -> Self {
        self.identity = Some((certificate.to_owned(), key.to_owned()));
        self
    }

    /// Requires a client certificate signed by this authority; its certificate is PEM. Needs [`tls`](Self::tls).
    #[must_use]
    pub fn clients_of(mut self, authority: &str) -> Self {
        self.clients_of = Some(authority.to_owned());
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// If the program is missing or does not start.
    pub fn start(self) -> Result<Redis> {
        let mut redis = Redis {
            process: None,
            port: 0,
            options: self,
            folder: tempfile::tempdir()?,
        };
        if let Some((certificate, key)) = &redis.options.identity {
            fs::write(redis.file("certificate"), certificate)?;
            fs::write(redis.file("key"), key)?;
        }
        if let Some(authority) = &redis.options.clients_of {
            fs::write(redis.file("authority"), authority)?;
        }
        let mut failure = None;
        // Another process may take the port before the server does.
        for _ in 0..3 {
            redis.port = free_port()?;
            match redis.run() {
                Ok(process) => {
                    redis.process = Some(process);
                    return Ok(redis);
                }
                Err(error @ Error::Missing(_)) => return Err(error),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| Error::Failed("three ports were taken".to_owned())))
    }
}
