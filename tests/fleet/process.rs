//! One worker, as whoever started it sees it.

use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use super::{Order, Report, Settings};

/// A running worker; it is killed when this is dropped, and ends when our process does.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts a program that calls [`work`](super::work), and passes on what it reports.
    ///
    /// # Errors
    /// If it does not start.
    pub(super) fn start(
        program: &Path,
        settings: &Settings,
        mut heard: impl FnMut(Report) + Send + 'static,
    ) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take();
        let mut process = Self { child };
        process.write(&settings.to_line());
        thread::Builder::new()
            .name("reports".to_owned())
            .spawn(move || {
                let lines = output.into_iter().flat_map(|it| BufReader::new(it).lines());
                for line in lines.map_while(io::Result::ok) {
                    // What a killed worker was about to say may be cut.
                    if let Ok(report) = line.parse() {
                        heard(report);
                    }
                }
            })?;
        Ok(process)
    }

    /// Tells it something; a worker that has ended does not hear it.
    pub(super) fn tell(&mut self, order: &Order) {
        self.write(&order.to_string());
    }

    /// Ends it in the middle of whatever it does, and returns when it has ended.
    pub(super) fn kill(&mut self) {
        // The only other outcome is that it has ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Its number.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    fn write(&mut self, line: &str) {
        if let Some(input) = &mut self.child.stdin {
            let _ = writeln!(input, "{line}");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
