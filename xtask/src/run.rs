//! Runs commands and checks, and prints them.

use std::env;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Instant;

/// Result of a task; the error is a sentence that tells the contributor what to do.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// The reason why a task could not run on this machine, and what would let it run.
#[derive(Debug)]
struct NotRun(String);

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NOT RUN: {}", self.0)
    }
}

impl Error for NotRun {}

/// The result of a task that cannot run here. Alone it fails only in CI; among other checks it is named at the end.
pub(crate) fn not_run(why: impl Into<String>) -> Result {
    Err(NotRun(why.into()).into())
}

/// Returns `true` if the task did not run and may.
pub(crate) fn is_not_run(error: &(dyn Error + 'static)) -> bool {
    error.is::<NotRun>()
}

/// A check and its name.
pub(crate) type Check = (&'static str, fn() -> Result);

/// A check that ran: its name, how long it took, and its result.
pub(crate) struct Done<N> {
    pub(crate) name: N,
    pub(crate) seconds: f64,
    pub(crate) result: Result,
}

/// Runs all checks, even after a failure, and prints a final line that counts them.
pub(crate) fn all<N: fmt::Display>(
    checks: impl IntoIterator<Item = (N, impl FnOnce() -> Result)>,
) -> Result {
    verdict(&each(checks))
}

/// Runs all checks, even after a failure.
pub(crate) fn each<N: fmt::Display>(
    checks: impl IntoIterator<Item = (N, impl FnOnce() -> Result)>,
) -> Vec<Done<N>> {
    let checks: Vec<_> = checks.into_iter().collect();
    let total = checks.len();
    let mut done = Vec::new();
    for (at, (name, check)) in checks.into_iter().enumerate() {
        println!("\n[{}/{total}] {name}", at + 1);
        let began = now();
        let result = check();
        let seconds = began.elapsed().as_secs_f64();
        match &result {
            Ok(()) => println!("    ok, {seconds:.1} s"),
            Err(error) if is_not_run(&**error) => println!("    {error}"),
            Err(error) => println!("    FAILED, {seconds:.1} s: {error}"),
        }
        done.push(Done {
            name,
            seconds,
            result,
        });
    }
    done
}

/// Prints what did not run, and a line that counts the checks; fails if one of them did.
pub(crate) fn verdict<N: fmt::Display>(done: &[Done<N>]) -> Result {
    let (mut failed, mut not_run) = (Vec::new(), Vec::new());
    for check in done {
        match &check.result {
            Ok(()) => {}
            Err(error) if is_not_run(&**error) => not_run.push(format!("{}: {error}", check.name)),
            Err(_) => failed.push(check.name.to_string()),
        }
    }
    println!("\n{}", count(done.len(), failed.len(), not_run.len()));
    not_run.iter().for_each(|line| println!("    {line}"));
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("failed: {}", failed.join(", ")).into()),
    }
}

fn count(all: usize, failed: usize, not_run: usize) -> String {
    let ran = format!("{} checks, {failed} failed", all - not_run);
    match not_run {
        0 => ran,
        _ => format!("{ran}, {not_run} not run"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a tool times itself; no token depends on it"
)]
fn now() -> Instant {
    Instant::now()
}

/// Returns `true` in CI, where tasks install what they need without asking.
pub(crate) fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// Returns cargo's target directory, as an absolute path.
pub(crate) fn target() -> PathBuf {
    let named = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = named.unwrap_or_else(|| PathBuf::from("target"));
    std::path::absolute(&target).unwrap_or(target)
}

/// A command line, printed as a user would type it, then run.
#[derive(Debug)]
pub(crate) struct Run {
    shown: String,
    command: Command,
}

impl Run {
    /// Creates a command from words without spaces; other arguments are added with [`Run::arg`].
    pub(crate) fn new(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let program = words.next().unwrap_or_default();
        let mut command = match program {
            // The same cargo that runs this task, so that `cargo +nightly xtask` stays on nightly.
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

    /// Sets a variable that is not shown.
    pub(crate) fn quiet_env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs the command in this folder.
    pub(crate) fn folder(mut self, folder: &str) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Prints the command and runs it; its output is this task's own output.
    pub(crate) fn run(self) -> Result {
        println!("    $ {}", self.shown);
        self.quietly()
    }

    /// Runs the command without printing it; its output is this task's own output.
    pub(crate) fn quietly(mut self) -> Result {
        let status = self.command.status();
        let status = status.map_err(|error| self.not_started(&error))?;
        self.judge(status)
    }

    /// Runs the command and returns its standard output; the error has its standard error.
    pub(crate) fn read(mut self) -> Result<String> {
        let output = self.command.output();
        let output = output.map_err(|error| self.not_started(&error))?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        self.judge(output.status)
            .map_err(|error| format!("{error}\n{}", complaint.trim_end()))?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs the command quietly and returns the processor time that it used, in seconds.
    pub(crate) fn processor_seconds(self) -> Result<f64> {
        let words = [self.command.get_program()]
            .into_iter()
            .chain(self.command.get_args());
        let words: Vec<_> = words
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let mut shell = Run::new("sh -c")
            .arg("\"$@\" && times")
            .arg("sh")
            .args(&words);
        for (name, value) in self.command.get_envs() {
            shell.command.env(name, value.unwrap_or_default());
        }
        children_seconds(&shell.read()?).ok_or_else(|| "`times` prints no times".into())
    }

    /// Returns `true` if the command starts and succeeds; prints nothing.
    pub(crate) fn succeeds(self) -> bool {
        self.read().is_ok()
    }

    fn judge(&self, status: ExitStatus) -> Result {
        match status.success() {
            true => Ok(()),
            false => Err(format!("`{}`: {status}", self.shown).into()),
        }
    }

    fn not_started(&self, error: &io::Error) -> String {
        format!("`{}` does not start: {error}", self.shown)
    }
}

/// Parses the last line of `times`: user and system time of all children, as `1m2.34s 0m5.60s`.
fn children_seconds(times: &str) -> Option<f64> {
    let seconds = |time: &str| {
        let (minutes, seconds) = time.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    let last = times.lines().next_back()?;
    last.split_whitespace().map(seconds).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_command_is_shown_as_typed() {
        let run = Run::new("cargo doc --no-deps")
            .arg("--workspace")
            .env("RUSTDOCFLAGS", "-Dwarnings");
        assert_eq!(
            run.shown,
            "RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --workspace"
        );
    }

    #[test]
    fn the_error_of_a_command_names_it() {
        let error = Run::new("cargo no-such-subcommand").read().unwrap_err();
        assert!(error.to_string().contains("cargo no-such-subcommand"));
        assert!(!Run::new("no-such-program-anywhere").succeeds());
    }

    #[test]
    fn processor_time_is_read_from_the_shell() {
        let times = "0m0.00s 0m0.00s\n1m2.50s 0m0.25s\n";
        assert_eq!(children_seconds(times), Some(62.75));
        assert_eq!(children_seconds("no times"), None);
        assert!(Run::new("cargo --version").processor_seconds().is_ok());
    }

    #[test]
    fn a_check_that_did_not_run_is_named_and_is_no_failure() {
        let missing = not_run("no Wine").unwrap_err();
        assert!(is_not_run(&*missing));
        assert_eq!(missing.to_string(), "NOT RUN: no Wine");
        let done = each([("Windows", || not_run("no Wine"))]);
        assert!(verdict(&done).is_ok());
        let broken = each([("Windows", || Err("broken".into()))]);
        assert!(verdict(&broken).is_err());
        assert_eq!(count(5, 1, 2), "3 checks, 1 failed, 2 not run");
        assert_eq!(count(5, 0, 0), "5 checks, 0 failed");
    }

    #[test]
    fn checks_after_a_failure_still_run() {
        let ran = Cell::new(false);
        let check = |fails: bool| {
            let ran = &ran;
            move || match fails {
                true => Err("broken".into()),
                false => {
                    ran.set(true);
                    Ok(())
                }
            }
        };
        let outcome = all([("first", check(true)), ("second", check(false))]);
        assert_eq!(outcome.unwrap_err().to_string(), "failed: first");
        assert!(ran.get());
    }
}
