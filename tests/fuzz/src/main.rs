//! Runs targets on changed inputs for a time: `cargo xtask fuzz [SECONDS] [TARGET]`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for a terminal"
)]

use std::process::ExitCode;
use std::time::Duration;
use std::{array, env};

use auth_fuzz::{Budget, TARGETS, find, run};

fn main() -> ExitCode {
    match fuzz(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Gives each target its share of the time. The seed is new for each run, and shown.
fn fuzz(args: &[String]) -> Result<(), String> {
    let [seconds, name, seed] = array::from_fn(|at| args.get(at));
    let number = |text: &String| {
        text.parse()
            .map_err(|_| format!("`{text}` is not a number"))
    };
    let seconds = seconds.map_or(Ok(60), number)?;
    let targets: Vec<_> = match name {
        None => TARGETS.iter().collect(),
        Some(name) => vec![find(name).ok_or_else(|| unknown(name))?],
    };
    let seed = seed.map_or_else(|| Ok(fastrand::u64(..)), number)?;
    println!("seed {seed}");
    let share = Duration::from_secs(seconds) / u32::try_from(targets.len()).unwrap_or(1);
    let mut faults = Vec::new();
    for target in targets {
        match run(target, seed, Budget::Time(share)) {
            Ok(count) => println!("{:16} {count:>9} inputs", target.name),
            Err(fault) => {
                println!("{:16} FAILED", target.name);
                faults.push(fault);
            }
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.join("\n")),
    }
}

fn unknown(name: &str) -> String {
    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    format!(
        "`{name}` is not a target; the targets are {}",
        names.join(", ")
    )
}
