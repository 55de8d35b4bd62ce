//! Hostile input for every parser: the targets of `tests/fuzz`, for as long as wanted.
//!
//! `cargo test` runs the same targets on a fixed number of inputs.

use std::fs;

use crate::run::{Result, Run, target};

/// `cargo xtask fuzz [--libfuzzer] [SECONDS] [TARGET]`.
pub(crate) fn run(args: &[String]) -> Result {
    match args {
        [flag, rest @ ..] if flag == "--libfuzzer" => libfuzzer(rest),
        args => Run::new("cargo run --locked --quiet --package auth-fuzz --")
            .args(args)
            .run(),
    }
}

/// Runs each target, or one, under libFuzzer for so many seconds.
///
/// libFuzzer writes inputs that fail, and inputs that reach new code, below `target/fuzz`. The next run starts with
/// them, so the corpus in the repository stays small.
fn libfuzzer(args: &[String]) -> Result {
    let seconds = args.first().map_or("120", String::as_str);
    seconds.parse::<u32>().map_err(|_| USAGE)?;
    let names = match args {
        [] | [_] => targets()?,
        [_, name] => vec![name.clone()],
        _ => return Err(USAGE.into()),
    };
    let program = cargo_fuzz()?;
    let built = target().join("libfuzzer").display().to_string();
    let found = target().join("fuzz");
    let mut failed = Vec::new();
    for name in names {
        let inputs = found.join("inputs").join(&name);
        fs::create_dir_all(&inputs)?;
        let outcome = Run::new("rustup run nightly")
            .arg(&program)
            .args(&["run", "--fuzz-dir", "fuzz", "--target-dir", &built])
            .arg("target")
            .arg(&inputs.display().to_string())
            .arg(&format!("{CORPUS}/{name}"))
            .args(&["--", "-timeout=10", "-rss_limit_mb=2048", "-max_len=65536"])
            .arg("-print_final_stats=1")
            .arg(&format!("-max_total_time={seconds}"))
            .arg(&format!("-artifact_prefix={}/{name}-", found.display()))
            .env("TARGET", &name)
            // Not the cargo that runs this task.
            .env("CARGO", "cargo")
            .run();
        if outcome.is_err() {
            failed.push(name);
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("failed: {}", failed.join(", ")).into()),
    }
}

/// The program of cargo-fuzz. It needs a nightly compiler, and `cargo xtask setup` installs neither: the targets run on
/// stable Rust without it.
fn cargo_fuzz() -> Result<String> {
    let ours = target().join("tools/bin/cargo-fuzz").display().to_string();
    let works = |program: &&String| {
        let version = Run::new("rustup run nightly").arg(program);
        version.arg("--version").succeeds()
    };
    let programs = [ours, "cargo-fuzz".to_owned()];
    let program = programs.iter().find(works).cloned();
    program.ok_or_else(|| {
        "--libfuzzer needs a nightly compiler and cargo-fuzz: `rustup toolchain install nightly`, and `cargo install \
         cargo-fuzz --root target/tools`"
            .into()
    })
}

/// The names of all targets: each has a folder in the corpus.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for folder in fs::read_dir(CORPUS)? {
        names.push(folder?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

const CORPUS: &str = "tests/fuzz/corpus";
const USAGE: &str = "usage: cargo xtask fuzz [--libfuzzer] [SECONDS] [TARGET]";
