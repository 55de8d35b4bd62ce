//! The authorization servers of `tests/servers`, which other projects wrote.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{Error, Result};

/// A running authorization server.
///
/// It ends when this is dropped, and when the standard input that we hold closes, so not even a killed
/// test leaves it behind.
#[derive(Debug)]
pub struct Installed {
    process: Child,
    /// The line with its URLs.
    ready: String,
}

impl Installed {
    /// Starts django-oauth-toolkit, on Python.
    ///
    /// # Errors
    /// If it is not installed or does not start.
    pub fn django_oauth_toolkit() -> Result<Self> {
        let python = if cfg!(windows) {
            "Scripts/python.exe"
        } else {
            "bin/python"
        };
        let name = "django_oauth_toolkit";
        Self::start(name, &installed(name).join(python), "server.py")
    }

    /// Starts oidc-provider, on Node.
    ///
    /// # Errors
    /// If it is not installed or does not start.
    pub fn oidc_provider() -> Result<Self> {
        Self::start("oidc_provider", Path::new("node"), "server.mjs")
    }

    /// Returns the URL that the server has printed under this name.
    ///
    /// # Panics
    /// If the server has not printed it.
    pub fn url(&self, name: &str) -> &str {
        let mut words = self.ready.split_whitespace();
        words
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
            .unwrap_or_else(|| panic!("no `{name}` in {:?}", self.ready))
    }

    /// Closes its standard input, which ends it, and returns `true` if it exited successfully.
    ///
    /// # Errors
    /// If waiting for it fails.
    pub fn end(mut self) -> Result<bool> {
        drop(self.process.stdin.take());
        Ok(self.process.wait()?.success())
    }

    fn start(name: &str, program: &Path, script: &str) -> Result<Self> {
        // The installer writes this file last.
        if !installed(name).join("installed").is_file() {
            return Err(Error::Missing(name.to_owned()));
        }
        let started = Command::new(program)
            .arg(SERVERS.iter().collect::<PathBuf>().join(name).join(script))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let process = started.map_err(|_| Error::Missing(program.display().to_string()))?;
        let mut server = Self {
            process,
            ready: String::new(),
        };
        if let Some(output) = server.process.stdout.take() {
            BufReader::new(output).read_line(&mut server.ready)?;
        }
        if server.ready.starts_with("READY ") {
            Ok(server)
        } else {
            let printed = &server.ready;
            Err(Error::Failed(format!("{name} did not start: {printed:?}")))
        }
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // Fails only if it has ended already.
        let _ = self.process.wait();
    }
}

/// Returns the folder that `tests/servers/install.py` makes.
fn installed(name: &str) -> PathBuf {
    INSTALLED.iter().collect::<PathBuf>().join(name)
}

const SERVERS: [&str; 2] = [env!("CARGO_MANIFEST_DIR"), "../servers"];
const INSTALLED: [&str; 2] = [env!("CARGO_MANIFEST_DIR"), "../../target/servers"];
