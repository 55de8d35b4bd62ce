//! Running other programs, so that the reader sees what runs.

use std::env;
use std::error::Error;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::steps::Failed;

/// What a task answers: nothing, or a sentence that says what to do.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// One command line: shown as it is typed, then run.
#[derive(Debug)]
pub(crate) struct Run {
    shown: String,
    command: Command,
}

impl Run {
    /// A command whose words hold no spaces; further words come through [`Run::arg`].
    pub(crate) fn new(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let program = words.next().unwrap_or_default();
        let mut command = match program {
            // The cargo that runs us, so that `cargo +nightly xtask` stays on nightly.
            "cargo" => Command::new(env::var_os("CARGO").unwrap_or_else(|| program.into())),
            other => Command::new(other),
        };
        command.args(words);
        Run {
            shown: line.to_owned(),
            command,
        }
    }

    pub(crate) fn arg(mut self, word: &str) -> Self {
        self.shown = format!("{} {word}", self.shown);
        self.command.arg(word);
        self
    }

    pub(crate) fn args<W: AsRef<str>>(self, words: &[W]) -> Self {
        words.iter().fold(self, |run, word| run.arg(word.as_ref()))
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.shown = format!("{name}={value} {}", self.shown);
        self.command.env(name, value);
        self
    }

    /// Shows the command and runs it; what it prints goes where ours goes.
    pub(crate) fn run(self) -> Result {
        println!("    $ {}", self.shown);
        self.finish()
    }

    /// As [`run`](Run::run), all of it on standard error: a task's own output is for its reader.
    pub(crate) fn aside(mut self) -> Result {
        eprintln!("    $ {}", self.shown);
        self.command.stdout(io::stderr());
        self.finish()
    }

    /// Runs the command in our place: nothing is shown but what it prints, its failure is ours.
    pub(crate) fn in_place(mut self) -> Result {
        let status = self
            .command
            .status()
            .map_err(|error| self.not_started(&error))?;
        if status.success() {
            Ok(())
        } else {
            Err(Failed.into())
        }
    }

    /// Shows the command, runs it, and answers how many seconds of a processor that took.
    ///
    /// Unix shells know; elsewhere there is no figure.
    pub(crate) fn processor_seconds(self) -> Result<f64> {
        let command = self.command.get_program().to_string_lossy().into_owned();
        let args = self
            .command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned());
        let mut shell = Run::new("sh -c")
            .arg("\"$@\"; status=$?; times; exit $status")
            .arg("sh")
            .arg(&command);
        shell = shell.args(&args.collect::<Vec<_>>());
        for (name, value) in self.command.get_envs() {
            shell.command.env(name, value.unwrap_or_default());
        }
        shell.shown = self.shown;
        children_seconds(&shell.read()?).ok_or_else(|| "the shell does not tell the time".into())
    }

    /// Shows the command and hands every line it prints to `see`.
    pub(crate) fn watch(mut self, mut see: impl FnMut(&str)) -> Result {
        println!("    $ {}", self.shown);
        self.command.stdout(Stdio::piped());
        let mut child = self
            .command
            .spawn()
            .map_err(|error| self.not_started(&error))?;
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).split(b'\n') {
                see(&String::from_utf8_lossy(&line?));
            }
        }
        let status = child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("`{}`: {status}", self.shown).into())
        }
    }

    /// Runs the command quietly and returns what it printed; its complaints are part of the error.
    pub(crate) fn read(mut self) -> Result<String> {
        let output = self
            .command
            .output()
            .map_err(|error| self.not_started(&error))?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        let complaint = String::from_utf8_lossy(&output.stderr);
        Err(format!(
            "`{}`: {}\n{}",
            self.shown,
            output.status,
            complaint.trim_end()
        )
        .into())
    }

    /// Whether the command is there and succeeds; nothing is shown.
    pub(crate) fn succeeds(self) -> bool {
        self.read().is_ok()
    }

    fn finish(mut self) -> Result {
        let status = self
            .command
            .status()
            .map_err(|error| self.not_started(&error))?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("`{}`: {status}", self.shown).into())
        }
    }

    fn not_started(&self, error: &io::Error) -> String {
        format!("`{}` does not start: {error}", self.shown)
    }
}

/// The last line of `times`: user and system time of what the shell has run, as `1m2.34s 0m5.60s`.
fn children_seconds(times: &str) -> Option<f64> {
    let seconds = |time: &str| {
        let (minutes, seconds) = time.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    times
        .lines()
        .next_back()?
        .split_whitespace()
        .map(seconds)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let run = Run::new("cargo doc --no-deps")
            .arg("--workspace")
            .env("RUSTDOCFLAGS", "-Dwarnings");
        assert_eq!(
            run.shown,
            "RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --workspace"
        );
    }

    #[test]
    fn a_command_that_fails_is_an_error_that_names_it() {
        let error = Run::new("cargo no-such-subcommand")
            .read()
            .unwrap_err()
            .to_string();
        assert!(error.contains("cargo no-such-subcommand"), "{error}");
        assert!(!Run::new("no-such-program-anywhere").succeeds());
    }

    #[test]
    fn processor_time_is_read_from_the_shell() {
        assert_eq!(
            children_seconds("0m0.00s 0m0.00s\n1m2.50s 0m0.25s\n"),
            Some(62.75)
        );
        assert_eq!(children_seconds("no times"), None);
    }
}
