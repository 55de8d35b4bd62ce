//! The program with a home and a configuration of its own, at a simulator.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

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
        let mut command = with_default_signals(program);
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

/// A test that runs in the background of a script ignores these signals, and its children would, too.
fn with_default_signals(program: &str) -> Command {
    if !cfg!(target_os = "linux") {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.args(["--default-signal=INT,QUIT", program]);
    command
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

/// A shell command on a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: BufReader<ChildStdout>,
    name: String,
    shown: String,
}

impl Terminal {
    pub(crate) fn start(home: &Home, script: &str) -> Self {
        let mut command = home.command("script");
        command.args(["-qec", &format!("tty; {script}"), "/dev/null"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("`script` of util-linux is needed");
        let mut screen = BufReader::new(child.stdout.take().unwrap());
        let name = until(&mut screen, "\n").trim_end().to_owned();
        Self {
            keyboard: child.stdin.take().unwrap(),
            child,
            screen,
            name,
            shown: String::new(),
        }
    }

    /// Reads the screen until this text; returns what came before it and the text.
    pub(crate) fn until(&mut self, text: &str) -> String {
        let read = until(&mut self.screen, text);
        assert!(read.ends_with(text), "{}{read}", self.shown);
        self.shown.push_str(&read);
        read
    }

    /// Waits until the terminal does not show what is typed: a program asks before it hides the answer.
    pub(crate) fn until_hidden(&self) {
        let is_hidden = |_| {
            let mut stty = Command::new("stty");
            let output = stty.args(["-F", &self.name, "-a"]).output();
            ran(output).out.contains(" -echo ")
        };
        assert!((0..1000).any(is_hidden), "{}", self.shown);
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until the command ends; returns its exit code and the screen.
    pub(crate) fn end(mut self) -> Ran {
        self.screen.read_to_string(&mut self.shown).unwrap();
        Ran {
            code: self.child.wait().unwrap().code().unwrap(),
            out: self.shown,
            err: String::new(),
        }
    }
}

/// Reads until this text, or to the end.
pub(crate) fn until(from: &mut impl BufRead, text: &str) -> String {
    let mut read = Vec::new();
    for byte in from.bytes() {
        read.push(byte.unwrap());
        if read.ends_with(text.as_bytes()) {
            break;
        }
    }
    String::from_utf8(read).unwrap()
}

/// A command that runs until it is stopped, and what it has written to standard error.
pub(crate) struct Service {
    child: Child,
    pub(crate) lines: Receiver<String>,
}

impl Service {
    pub(crate) fn start(home: &Home, words: &str) -> Self {
        let mut command = home.command(PROGRAM);
        command.args(words.split(' '));
        Self::of(command)
    }

    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let output = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    /// The next line of standard error.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    /// The host and port that its next line names.
    pub(crate) fn address(&self) -> String {
        let line = self.line();
        let (_, rest) = line.split_once("http://").expect(&line);
        let (address, _) = rest.split_once('/').expect(&line);
        address.to_owned()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM.
    pub(crate) fn stop(&self) {
        signal(&self.child, Signal::TERM);
    }

    /// Waits for its end; returns the exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Longer than anything takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
