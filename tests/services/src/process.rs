//! A server's process, which does not outlive ours.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::{Error, Result};

/// A running program; it is killed when this is dropped, or when our process ends, however it does.
///
/// A shell between our process and the program reads a pipe from us. When the pipe closes, the shell
/// kills the program. It ignores an interrupt from the keyboard, which is sent to it as well as to us.
#[derive(Debug)]
pub(crate) struct Process {
    guard: Child,
    pid: String,
}

impl Process {
    /// Starts a program and waits until it prints a line with `ready` in it.
    ///
    /// `signal` is the one that ends it, by its name for `kill`.
    pub(crate) fn start<W: AsRef<OsStr>>(
        program: &str,
        args: &[W],
        signal: &str,
        ready: &str,
    ) -> Result<Self> {
        if !on_path(program) {
            return Err(Error::Missing(program.to_owned()));
        }
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, signal, program])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let printed = lines(&mut guard);
        let mut said = String::new();
        let mut process = Self {
            guard,
            pid: printed.recv_timeout(PATIENCE).unwrap_or_default(),
        };
        // If the program has ended, there are no more lines.
        while let Ok(line) = printed.recv_timeout(PATIENCE) {
            if line.contains(ready) {
                return Ok(process);
            }
            said += &line;
            said.push('\n');
        }
        process.kill();
        Err(Error::Failed(format!(
            "`{program}` did not start; its output:\n{said}"
        )))
    }

    /// Ends the program at once, and returns when it has ended.
    pub(crate) fn kill(&mut self) {
        drop(self.guard.stdin.take());
        // Fails only if it has ended already.
        let _ = self.guard.wait();
    }

    /// Sends it a signal, by its name for `kill`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid]).status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "the server is gone"
        );
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns the output of the guard and the program, line by line. It is read even when the receiver was
/// dropped, because a program blocks when its output is not read.
fn lines(guard: &mut Child) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    if let Some(output) = guard.stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(output)
                .split(b'\n')
                .map_while(io::Result::ok)
            {
                // Fails if the receiver was dropped; the output is still read.
                let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
    }
    receiver
}

/// Returns `true` if a program is found by its name.
pub(crate) fn on_path(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\"", program])
        .stdout(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

/// Run with the signal and the command; it prints the process id first, and nothing afterwards, so that
/// the output ends with the program.
const GUARD: &str = r#"
trap '' INT TERM HUP
"$@" 2>&1 &
server=$!
echo $server
exec >/dev/null 2>&1
cat
kill -s "$0" $server
wait $server
"#;

/// A server that is not ready after this time never will be.
const PATIENCE: Duration = Duration::from_secs(30);
