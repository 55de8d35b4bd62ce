//! How far a long task is, how long it took, and the line that it closes with.

use std::error::Error;
use std::fmt;
use std::time::Instant;

use crate::run::Result;

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
