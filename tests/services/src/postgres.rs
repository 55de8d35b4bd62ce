//! A PostgreSQL server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::folder::Folder;
use crate::process::Process;
use crate::{Error, Result, free_port};

/// A running `postgres`, with a superuser of that name who needs no password.
///
/// Members of the role `with_password` need one, once a test has created that role.
#[derive(Debug)]
pub struct Postgres {
    process: Option<Process>,
    port: u16,
    settings: Vec<(String, String)>,
    folder: Folder,
}

/// Settings of a PostgreSQL server.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    settings: Vec<(String, String)>,
    identity: Option<(String, String)>,
    clients_of: Option<String>,
}

impl Postgres {
    /// Starts a server whose acknowledged writes are durable.
    ///
    /// # Errors
    /// If its programs are missing or do not start.
    pub fn start() -> Result<Self> {
        Self::options().start()
    }

    /// Returns the settings of [`start`](Postgres::start), to be changed.
    pub fn options() -> PostgresOptions {
        PostgresOptions {
            settings: Vec::new(),
            identity: None,
            clients_of: None,
        }
        .set("fsync", "on")
        // Small, and without background work that a test has not requested.
        .set("shared_buffers", "4MB")
        .set("max_connections", "60")
        .set("autovacuum", "off")
        .set("max_wal_senders", "4")
        .set("checkpoint_timeout", "1h")
    }

    /// Returns its URL for the superuser and the database `postgres`.
    pub fn url(&self) -> String {
        self.url_of("postgres", "postgres")
    }

    /// Returns its URL for a user (with a password after a colon, if needed) and a database.
    pub fn url_of(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// Returns its port at 127.0.0.1, which it keeps.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the folder of its socket file.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs SQL in the database `postgres`, and returns the result, one row per line.
    ///
    /// # Panics
    /// If it fails.
    pub fn sql(&self, sql: &str) -> String {
        self.sql_in("postgres", sql)
    }

    /// Runs SQL in a database.
    ///
    /// # Panics
    /// If it fails.
    pub fn sql_in(&self, database: &str, sql: &str) -> String {
        match self.psql(database, sql) {
            Ok(rows) => rows,
            Err(error) => panic!("{error}"),
        }
    }

    /// Ends every connection with this application name, as an administrator would.
    ///
    /// Returns how many there were.
    ///
    /// # Panics
    /// If that fails.
    pub fn terminate(&self, application: &str) -> usize {
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{application}'"
        );
        self.sql(&sql).lines().count()
    }

    /// Kills it as in a power cut, except that data which the system holds for the disk survives.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            // Its children end when they notice that it has gone.
            process.signal("KILL");
        }
    }

    /// Starts it again, with the same port and folder.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        let mut last = Err(Error::Failed("never tried".to_owned()));
        // It refuses to start while a child of the killed one is still ending.
        for _ in 0..50 {
            last = self.run().map(|process| self.process = Some(process));
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// Suspends it: its port is open, but connections are not accepted.
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

    /// Starts a standby of this server, which follows it and refuses writes.
    ///
    /// # Errors
    /// If it does not start.
    pub fn standby(&self) -> Result<Postgres> {
        let folder = Folder::new()?;
        let primary = format!("host=127.0.0.1 port={} user=postgres", self.port);
        let copy = data(&folder).to_string_lossy().into_owned();
        let copied = folder
            .command(&program("pg_basebackup")?)
            .args(["--checkpoint=fast", "--write-recovery-conf", "--no-sync"])
            .args(["--dbname", &primary, "--pgdata", &copy])
            .output()?;
        succeeded("pg_basebackup", &copied)?;
        Postgres::in_folder(folder, self.settings.clone())
    }

    fn psql(&self, database: &str, sql: &str) -> Result<String> {
        let output = Command::new(program("psql")?)
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .arg(self.url_of("postgres", database))
            .output()?;
        succeeded("psql", &output)?;
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned())
    }

    fn signal(&self, name: &str) {
        match &self.process {
            Some(process) => process.signal(name),
            None => panic!("the server does not run"),
        }
    }

    fn in_folder(folder: Folder, settings: Vec<(String, String)>) -> Result<Self> {
        let mut server = Postgres {
            process: None,
            port: 0,
            settings,
            folder,
        };
        let mut failure = None;
        // Another process may take the port before the server does.
        for _ in 0..3 {
            server.port = free_port()?;
            match server.run() {
                Ok(process) => {
                    server.process = Some(process);
                    return Ok(server);
                }
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| Error::Failed("three ports were taken".to_owned())))
    }

    fn run(&self) -> Result<Process> {
        let sockets = self.folder.path().to_string_lossy().into_owned();
        let mut args = vec!["-D".to_owned(), data(&self.folder).display().to_string()];
        let mut set =
            |name: &str, value: &str| args.extend(["-c".to_owned(), format!("{name}={value}")]);
        for (name, value) in &self.settings {
            set(name, value);
        }
        set("listen_addresses", "127.0.0.1");
        set("unix_socket_directories", &sockets);
        set("port", &self.port.to_string());
        // Immediate shutdown, which also ends its children.
        let (end, ready) = ("QUIT", "database system is ready to accept");
        self.folder.start(&program("postgres")?, &args, end, ready)
    }
}

impl PostgresOptions {
    /// Sets a setting of `postgresql.conf`; the last value of a name wins.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Accepts TLS connections too, with this certificate and key in PEM.
    #[must_use]
    pub fn tls(mut self, certificate: &str, key: &str) -> Self {
        self.identity = Some((certificate.to_owned(), key.to_owned()));
        self.set("ssl", "on")
    }

    /// Requires TLS over TCP, with a client certificate signed by this authority; its certificate is PEM. Needs
    /// [`tls`](Self::tls).
    #[must_use]
    pub fn clients_of(mut self, authority: &str) -> Self {
        self.clients_of = Some(authority.to_owned());
        self.set("ssl_ca_file", "clients.crt")
    }

    /// Starts the server.
    ///
    /// # Errors
    /// If its programs are missing or do not start.
    pub fn start(self) -> Result<Postgres> {
        let folder = Folder::new()?;
        let data = data(&folder);
        let made = folder
            .command(&program("initdb")?)
            .args(["--no-sync", "--username=postgres", "--encoding=UTF8"])
            .args(["--locale=C", "--auth=trust", "--wal-segsize=1", "--pgdata"])
            .arg(&data)
            .output()?;
        succeeded("initdb", &made)?;
        match &self.clients_of {
            Some(authority) => {
                folder.write(&data.join("clients.crt"), authority)?;
                fs::write(data.join("pg_hba.conf"), ONLY_WITH_CERTIFICATE)?;
            }
            None => fs::write(data.join("pg_hba.conf"), WHO_MAY_CONNECT)?,
        }
        if let Some((certificate, key)) = &self.identity {
            folder.write(&data.join("server.crt"), certificate)?;
            folder.write(&data.join("server.key"), key)?;
        }
        Postgres::in_folder(folder, self.settings)
    }
}

fn data(folder: &Folder) -> PathBuf {
    folder.path().join("data")
}

/// Returns the path of a program: Debian has a folder of the server's programs per version, and keeps the
/// pooler in a folder that is not on every user's path.
pub(crate) fn program(name: &str) -> Result<String> {
    let versions = fs::read_dir("/usr/lib/postgresql");
    let newest = versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin").join(name))
        .filter(|path| path.exists())
        .max();
    let aside = PathBuf::from("/usr/sbin").join(name);
    let found = newest.or_else(|| Some(aside).filter(|path| path.exists()));
    let on_path = || Command::new(name).arg("--version").output().is_ok();
    match found {
        Some(path) => Ok(path.display().to_string()),
        None if on_path() => Ok(name.to_owned()),
        None => Err(Error::Missing(name.to_owned())),
    }
}

fn succeeded(what: &str, output: &Output) -> Result<()> {
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(Error::Failed(format!(
                "`{what}` failed; its output:\n{said}"
            )))
        }
    }
}

const WHO_MAY_CONNECT: &str = "\
host all +with_password 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
host replication all 127.0.0.1/32 trust
local all all trust
";
const ONLY_WITH_CERTIFICATE: &str = "\
hostssl all all 127.0.0.1/32 trust clientcert=verify-ca
local all all trust
";
