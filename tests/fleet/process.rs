//! One worker, as seen by the process that started it.

use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use super::{Order, Report, Settings};

/// A running worker; it is killed when this is dropped, and ends with our process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts a program that calls [`work`](super::work), and forwards its reports.
    ///
    /// # Errors
    /// If the program does not start.
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
                    // The last line of a killed worker may be truncated.
                    if let Ok(report) = line.parse() {
                        heard(report);
                    }
                }
            })?;
        Ok(process)
    }

    /// Sends an order; a worker that has ended ignores it.
    pub(super) fn tell(&mut self, order: &Order) {
        self.write(&order.to_string());
    }

    /// Kills the worker, whatever it is doing, and returns when it has ended.
    pub(super) fn kill(&mut self) {
        // Fails only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Returns its process id.
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
