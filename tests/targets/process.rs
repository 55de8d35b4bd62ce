//! This program, started once more as another process.

use std::env;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use auth_core::clock::{Clock, SystemClock};
use auth_core::store::FileStore;

use crate::{Outcome, logins, must};

/// The first argument of another process.
pub(crate) const ROLE: &str = "call-api";

/// A process that calls an API; killed when dropped.
pub(crate) struct Caller(Child);

impl Caller {
    /// Starts a process that logs in at `server` with its store in `directory`, and calls the API until `lasting` is
    /// over, at least once.
    pub(crate) fn start(
        server: &str,
        directory: &Path,
        lasting: Duration,
    ) -> std::io::Result<Self> {
        let program = env::current_exe()?;
        let mut command = match env::var_os(EMULATOR) {
            Some(emulator) => {
                let mut command = Command::new(emulator);
                command.arg(program);
                command
            }
            None => Command::new(program),
        };
        command.args([ROLE, server]).arg(directory);
        command.arg(lasting.as_millis().to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.spawn().map(Self)
    }

    /// Waits for its end; returns the number of calls that it made.
    pub(crate) fn calls(mut self) -> Outcome {
        let mut text = String::new();
        if let Some(output) = &mut self.0.stdout {
            output.read_to_string(&mut text)?;
        }
        must(self.0.wait()?.success(), text.trim())?;
        Ok(text.trim().to_owned())
    }

    pub(crate) fn kill(mut self) -> std::io::Result<()> {
        self.0.kill()?;
        self.0.wait().map(drop)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        // The only other outcome is that it has ended before.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The other process: prints the number of calls, or the error.
pub(crate) fn play(args: &[String]) -> ExitCode {
    let outcome = match args {
        [server, directory, lasting] => call_api(server, directory, lasting),
        _ => Err("usage: call-api SERVER DIRECTORY MILLISECONDS".into()),
    };
    match outcome {
        Ok(calls) => {
            println!("{calls}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn call_api(server: &str, directory: &str, lasting: &str) -> Outcome {
    let lasting = Duration::from_millis(lasting.parse()?);
    let session = logins::session(server, FileStore::open(directory)?)?;
    let clock = SystemClock::new();
    let begun = clock.now();
    let mut calls = 0;
    loop {
        session.token()?;
        if let Err(error) = session.agent().get(logins::api(server)).call() {
            // The agent returns the API's answer; the reason why it got no other token is the session's.
            let (status, token) = (session.status(), session.token().map(drop));
            return Err(
                format!("the API: {error}; the session: {status:#}; then: {token:?}").into(),
            );
        }
        calls += 1;
        if clock.now().since(begun) >= lasting {
            return Ok(calls.to_string());
        }
        clock.sleep(Duration::from_millis(20));
    }
}

/// A program that starts this one, if the kernel does not.
const EMULATOR: &str = "AUTH_TEST_EMULATOR";
