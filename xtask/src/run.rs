//! Running other programs, so that the reader sees what runs, how far it is and how long it took.

use std::env;
use std::error::Error;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

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
    pub(crate) fn run(mut self) -> Result {
        println!("    $ {}", self.shown);
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

    fn not_started(&self, error: &std::io::Error) -> String {
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

/// How many checks passed, failed and were left out; the closing line of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Prints the closing line; a failure is an error without further words.
    pub(crate) fn close(self) -> Result {
        println!("\n{self}");
        if self.failed == 0 {
            Ok(())
        } else {
            Err(Failed.into())
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)
        } else {
            Ok(())
        }
    }
}

/// Everything has been said already; only the exit status is left.
#[derive(Debug)]
pub(crate) struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed")
    }
}

impl Error for Failed {}

/// A task in steps: `[2/6] name`, what it runs, then how it ended and after how long.
#[derive(Debug)]
pub(crate) struct Steps {
    total: usize,
    begun: usize,
}

impl Steps {
    pub(crate) fn new(total: usize) -> Self {
        Steps { total, begun: 0 }
    }

    /// Runs one step; a failure is shown here and does not stop the steps that follow.
    pub(crate) fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        self.begun += 1;
        println!("\n[{}/{}] {name}", self.begun, self.total);
        let clock = Stopwatch::start();
        match work() {
            Ok(value) => {
                println!("    ok, {clock}");
                Some(value)
            }
            Err(error) => {
                println!("    FAILED, {clock}: {error}");
                None
            }
        }
    }
}

/// How long something took, in words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "a tool times itself; no token depends on it"
    )]
    pub(crate) fn start() -> Self {
        Stopwatch(Instant::now())
    }
}

impl fmt::Display for Stopwatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.elapsed().as_secs_f64())
    }
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

    #[test]
    fn the_closing_line_counts_and_mentions_skips_only_when_there_are_any() {
        let mut tally = Tally {
            passed: 3,
            failed: 0,
            skipped: 0,
        };
        assert_eq!(tally.to_string(), "3 passed, 0 failed");
        tally.add(Tally {
            passed: 1,
            failed: 2,
            skipped: 5,
        });
        assert_eq!(tally.to_string(), "4 passed, 2 failed, 5 skipped");
        assert!(tally.close().is_err());
    }

    #[test]
    fn a_failing_step_does_not_stop_the_next() {
        let mut steps = Steps::new(2);
        assert!(
            steps
                .step("first", || Err::<(), _>("broken".into()))
                .is_none()
        );
        assert_eq!(steps.step("second", || Ok(7)), Some(7));
    }
}
