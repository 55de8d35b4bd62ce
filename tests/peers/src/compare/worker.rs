//! A process that measures: it prints `name value` lines, and waits for a line before what must begin at once.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

pub(crate) struct Worker {
    child: Child,
    lines: Receiver<String>,
    deadline: Instant,
}

impl Worker {
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|error| format!("{command:?} does not start: {error}"))?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(|line| line.ok()) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let deadline = Instant::now() + LIMIT;
        Ok(Self {
            child,
            lines,
            deadline,
        })
    }

    /// Returns the next `name value`, or `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<(String, f64)>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) => {
                let (name, value) = line
                    .split_once(' ')
                    .ok_or_else(|| format!("`{line}` is no figure"))?;
                Ok(Some((name.to_owned(), value.trim().parse()?)))
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => Ok(None),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                Err(format!("no end within {} s", LIMIT.as_secs()).into())
            }
        }
    }

    /// Waits until the process is about to begin.
    pub(crate) fn wait_until_ready(&mut self) -> Result {
        match self.next()? {
            Some((name, _)) if name == "ready" => Ok(()),
            _ => Err("it ended before it was ready".into()),
        }
    }

    pub(crate) fn tell(&mut self, word: &str) -> Result {
        let stdin = self.child.stdin.as_mut().ok_or("no standard input")?;
        Ok(writeln!(stdin, "{word}").and_then(|()| stdin.flush())?)
    }

    /// Reads the remaining figures, and requires that the process succeeded.
    pub(crate) fn finish(mut self) -> Result<Vec<(String, f64)>> {
        let mut figures = Vec::new();
        while let Some(figure) = self.next()? {
            figures.push(figure);
        }
        let status = self.child.wait()?;
        match status.success() {
            true => Ok(figures),
            false => Err(status.to_string().into()),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const LIMIT: Duration = Duration::from_secs(100);
