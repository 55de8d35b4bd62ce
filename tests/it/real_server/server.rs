//! Starts a server once for all tests of the binary.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

/// A server of `tests/servers`, by the name of its folder.
#[derive(Debug)]
pub(crate) struct Installation {
    name: &'static str,
    command: fn(&Installation) -> Command,
    running: OnceLock<Option<Server>>,
}

/// A running server.
///
/// It ends when the standard input that we hold does, so not even a killed test leaves it behind.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    /// Where it is, in the words of its own.
    ready: String,
}

impl Installation {
    pub(crate) const fn new(name: &'static str, command: fn(&Self) -> Command) -> Self {
        Self {
            name,
            command,
            running: OnceLock::new(),
        }
    }

    /// The server, if it is installed.
    ///
    /// Where it is not, that is said once and the tests return; in CI, where that would hide
    /// something, they fail.
    pub(crate) fn server(&'static self) -> Option<&'static Server> {
        let name = self.name;
        let missing =
            format!("{name} is not installed; `cargo xtask test` installs it and runs this");
        let server = self.running.get_or_init(|| {
            // What the installer leaves behind when it is done.
            if self.installed().join("installed").is_file() {
                return Some(Server::start((self.command)(self)));
            }
            // Not `eprintln!`, which nobody sees if the test passes.
            let _ = writeln!(io::stderr(), "\n!!! SKIPPED: {missing}\n");
            None
        });
        assert!(server.is_some() || env::var_os("CI").is_none(), "{missing}");
        server.as_ref()
    }

    /// The sources of the server.
    pub(crate) fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("servers")
            .join(self.name)
    }

    /// What `tests/servers/install.py` makes.
    pub(crate) fn installed(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../target/servers")
            .join(self.name)
    }

    /// Starts another one, and asserts that it ends with its standard input.
    pub(crate) fn assert_ends_with_its_standard_input(&'static self) {
        if self.server().is_none() {
            return;
        }
        let mut server = Server::start((self.command)(self));
        let (ended, end) = mpsc::channel();
        drop(server.process.stdin.take());
        thread::spawn(move || ended.send(server.process.wait()));
        let status = end
            .recv_timeout(Duration::from_secs(30))
            .expect("it ended")
            .expect("it was ours");
        assert!(status.success(), "{status}");
    }
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let stdout = process.stdout.take().expect("standard output is piped");
        let mut ready = String::new();
        BufReader::new(stdout)
            .read_line(&mut ready)
            .expect("the server speaks");
        assert!(ready.starts_with("READY "), "it did not start: {ready:?}");
        Self { process, ready }
    }

    /// The URL that the server says by this name.
    pub(crate) fn url(&self, name: &str) -> &str {
        let mut words = self.ready.split_whitespace();
        words
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
            .unwrap_or_else(|| panic!("no `{name}` in {:?}", self.ready))
    }
}
