//! Starts the server once for all tests of the binary.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

/// A running django-oauth-toolkit.
///
/// It ends when the standard input that we hold does, so not even a killed test leaves it behind.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where bodies are forms.
    pub(crate) form: String,
    /// Where bodies are JSON.
    pub(crate) json: String,
    process: Child,
}

/// The server, if it is installed.
///
/// Where it is not, that is said once and the tests return; in CI, where that would hide something,
/// they fail.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        // What the installer leaves behind when it is done.
        if environment().join("installed").is_file() {
            return Some(Server::start());
        }
        // Not `eprintln!`, which nobody sees if the test passes.
        let _ = writeln!(io::stderr(), "\n!!! SKIPPED: {NOT_INSTALLED}\n");
        None
    });
    assert!(
        server.is_some() || env::var_os("CI").is_none(),
        "{NOT_INSTALLED}"
    );
    server.as_ref()
}

impl Server {
    fn start() -> Self {
        let python = if cfg!(windows) {
            "Scripts/python.exe"
        } else {
            "bin/python"
        };
        let mut process = Command::new(environment().join(python))
            .arg(folder().join("server.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server's Python starts");
        let mut ready = String::new();
        let stdout = process.stdout.take().expect("standard output is piped");
        BufReader::new(stdout)
            .read_line(&mut ready)
            .expect("the server speaks");
        let at = |name: &str| {
            let url = ready
                .split_whitespace()
                .find_map(|word| word.strip_prefix(name));
            url.unwrap_or_else(|| panic!("the server did not start: {ready:?}"))
                .to_owned()
        };
        Self {
            form: at("form="),
            json: at("json="),
            process,
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("servers/django_oauth_toolkit")
}

/// The server's own environment, which `tests/servers/install.py` makes.
fn environment() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/servers/django_oauth_toolkit")
}

const NOT_INSTALLED: &str =
    "django-oauth-toolkit is not installed; `cargo xtask test` installs it and runs this";

#[test]
fn the_server_ends_when_its_standard_input_does() {
    if server().is_none() {
        return;
    }
    let mut server = Server::start();
    let (ended, end) = mpsc::channel();
    drop(server.process.stdin.take());
    thread::spawn(move || ended.send(server.process.wait()));
    let status = end
        .recv_timeout(Duration::from_secs(30))
        .expect("it ended")
        .expect("it was ours");
    assert!(status.success(), "{status}");
}
