//! Servers in front of Redis: the Sentinel that watches it, and a proxy.

use std::fs;
use std::net::TcpStream;
use std::path::Path;

use tempfile::TempDir;

use crate::process::Process;
use crate::{Error, Redis, Result, free_port};

/// A running Sentinel, which returns the address of its master and stores nothing itself.
#[derive(Debug)]
pub struct Sentinel(Running);

/// A running `nutcracker`, which forwards some commands and hangs up on all others.
#[derive(Debug)]
pub struct Twemproxy(Running);

#[derive(Debug)]
struct Running {
    _process: Process,
    port: u16,
    _folder: TempDir,
}

impl Sentinel {
    /// Starts one that watches a server under the name `mymaster`. It requires a password if one is given.
    ///
    /// # Errors
    /// If its program is missing or does not start.
    pub fn of(redis: &Redis, password: Option<&str>) -> Result<Self> {
        let running = run(|folder, port| {
            let settings = folder.join("sentinel.conf");
            let guard = password.map_or(String::new(), |it| format!("requirepass {it}\n"));
            let text = format!(
                "port {port}\nbind 127.0.0.1\n{guard}sentinel monitor mymaster 127.0.0.1 {} 1\n",
                redis.port()
            );
            fs::write(&settings, text)?;
            let args = [settings.display().to_string(), "--sentinel".to_owned()];
            Process::start("redis-server", &args, "KILL", "Sentinel ID is")
        });
        running.map(Self)
    }

    /// Returns its URL.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// Returns its port at 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.0.port
    }
}

impl Twemproxy {
    /// Starts a proxy in front of a server.
    ///
    /// # Errors
    /// If its program is missing or does not start.
    pub fn before(redis: &Redis) -> Result<Self> {
        // Debian does not put it on the path of ordinary users.
        let aside = Path::new("/usr/sbin/nutcracker").exists();
        let program = if aside {
            "/usr/sbin/nutcracker"
        } else {
            "nutcracker"
        };
        let running = run(|folder, port| {
            let settings = folder.join("nutcracker.yml");
            let text = format!(
                "one:\n  listen: 127.0.0.1:{port}\n  redis: true\n  servers:\n   - 127.0.0.1:{}:1\n",
                redis.port()
            );
            fs::write(&settings, text)?;
            let statistics = free_port()?.to_string();
            let settings = settings.display().to_string();
            let mut args = vec!["-c", &settings, "-a", "127.0.0.1", "-s", &statistics];
            args.extend(["-v", "6", "-o", "/dev/stdout"]);
            let process = Process::start(program, &args, "KILL", "run, rabbit run")?;
            // It prints that before it listens.
            let mut visits = (0..200_000).map(|_| TcpStream::connect(("127.0.0.1", port)));
            match visits.any(|visit| visit.is_ok()) {
                true => Ok(process),
                false => Err(Error::Failed(format!("`{program}` does not listen"))),
            }
        });
        running.map(Self)
    }

    /// Returns its URL.
    pub fn url(&self) -> String {
        self.0.url()
    }
}

impl Running {
    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

/// Runs a server at a free port. Another process may take the port first, so it tries three.
fn run(start: impl Fn(&Path, u16) -> Result<Process>) -> Result<Running> {
    let folder = tempfile::tempdir()?;
    let mut failure = None;
    for _ in 0..3 {
        let port = free_port()?;
        match start(folder.path(), port) {
            Ok(process) => {
                return Ok(Running {
                    _process: process,
                    port,
                    _folder: folder,
                });
            }
            Err(error @ Error::Missing(_)) => return Err(error),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| Error::Failed("three ports were taken".to_owned())))
}
