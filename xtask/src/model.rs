//! The model of the protocol in full: every order of events.
//!
//! `cargo test` explores it in small bounds, and checks that every known mistake is noticed.

use crate::run::{Result, Run};
use crate::steps::Tally;

/// `cargo xtask model`.
pub(crate) fn run(args: &[String]) -> Result {
    match args {
        [] => count()?.close(),
        _ => Err("usage: cargo xtask model".into()),
    }
}

/// Explores every scenario and counts those without a violation.
pub(crate) fn count() -> Result<Tally> {
    let mut tally = None;
    let explored = Run::new("cargo run --locked --quiet --package auth-model").watch(|line| {
        println!("    {line}");
        tally = closing_line(line).or(tally);
    });
    match (tally, explored) {
        (Some(tally), Ok(())) => Ok(tally),
        (Some(tally), Err(_)) if tally.failed > 0 => Ok(tally),
        (_, Err(error)) => Err(error),
        (None, Ok(())) => Err("the model ended without its closing line".into()),
    }
}

/// `27 passed, 0 failed`
fn closing_line(line: &str) -> Option<Tally> {
    let (passed, failed) = line.strip_suffix(" failed")?.split_once(" passed, ")?;
    Some(Tally {
        passed: passed.parse().ok()?,
        failed: failed.parse().ok()?,
        ..Tally::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_of_the_model_is_understood() {
        let tally = closing_line("26 passed, 1 failed").unwrap();
        assert_eq!((tally.passed, tally.failed), (26, 1));
        assert!(closing_line("a password  Plain  2").is_none());
    }
}
