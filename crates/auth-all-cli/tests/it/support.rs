//! The program with a home and a configuration of its own, at a simulator.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use auth_sim::{Simulator, ermeo, generic};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_auth-all");

/// A home with a configuration, and nothing of the environment of the tests.
pub(crate) struct Home(TempDir);

/// The outcome of a command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new(config: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write(config);
        home
    }

    /// Replaces the configuration.
    pub(crate) fn write(&self, config: &str) {
        let folder = self.path().join(".config/auth-all");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), config).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The file of the configuration, as messages show it.
    pub(crate) fn config(&self) -> PathBuf {
        self.path().join(".config/auth-all/config.toml")
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program with these words, which have no spaces in them.
    pub(crate) fn run(&self, words: &str) -> Ran {
        ran(self.command(PROGRAM).args(words.split(' ')).output())
    }

    /// Runs the program with this text as its standard input.
    pub(crate) fn run_with_input(&self, words: &str, input: &str) -> Ran {
        fed(self.command(PROGRAM).args(words.split(' ')), input)
    }
}

/// Runs a command with this text as its standard input.
pub(crate) fn fed(command: &mut Command, input: &str) -> Ran {
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    match pipe.write_all(input.as_bytes()) {
        // It has exited, because it does not need its input.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        written => written.unwrap(),
    }
    drop(pipe);
    ran(child.wait_with_output())
}

/// Sends a signal to a process.
pub(crate) fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.unwrap(), signal).unwrap();
}

pub(crate) fn ran(output: std::io::Result<Output>) -> Ran {
    let output = output.unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A profile `orders` with client credentials, whose secret is in the file `secret` of the home.
pub(crate) fn orders(simulator: &Simulator) -> Home {
    let home = Home::new("");
    let secret = home.path().join("secret");
    fs::write(&secret, format!("{}\n", generic::CLIENT_SECRET)).unwrap();
    home.write(&format!(
        "[profile.orders]\ntoken_endpoint = \"{}\"\ngrant = \"client_credentials\"\nclient_id = \"{}\"\n\
         client_secret = {{ file = \"{}\" }}\n",
        simulator.token_url(),
        generic::CLIENT_ID,
        secret.display(),
    ));
    home
}

/// A profile `assets` at Ermeo, whose password the user types.
pub(crate) fn assets(simulator: &Simulator) -> Home {
    let home = Home::new("");
    fs::write(home.path().join("secret"), ermeo::CLIENT_SECRET).unwrap();
    home.write(&format!(
        "[profile.assets]\nvendor = \"ermeo\"\nbase = \"{}\"\nclient_id = \"{}\"\nclient_secret = {{ file = \"{}\" }}\n\
         username = \"{}\"\n",
        simulator.url(),
        ermeo::CLIENT_ID,
        home.path().join("secret").display(),
        ermeo::USERNAME,
    ));
    home
}
