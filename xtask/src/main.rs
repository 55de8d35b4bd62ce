//! The tasks for contributors: `cargo xtask`.
//!
//! One table, [`TASKS`], defines the parser and the help.

#![forbid(unsafe_code)]

mod api;
mod bench;
mod cargo;
mod ci;
mod features;
mod fuzz;
mod gate;
mod package;
mod pictures;
mod release;
mod run;
mod setup;
mod targets;
mod tidy;

use std::env;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use run::Result;

struct Task {
    name: &'static str,
    args: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result,
}

const TASKS: &[Task] = &[
    Task {
        name: "setup",
        args: "[--yes]",
        about: "list what is missing on this machine, ask, and install it",
        run: setup::run,
    },
    Task {
        name: "demo",
        args: "[--browser|--fleet]",
        about: "watch a login in Chromium, log in yourself, or run a fleet",
        run: cargo::demo,
    },
    Task {
        name: "test",
        args: "[-p CRATE]…",
        about: "run every test; with arguments, `cargo test` with these",
        run: cargo::test,
    },
    Task {
        name: "model",
        args: "",
        about: "explore every order of events in which processes share a login",
        run: cargo::model,
    },
    Task {
        name: "fuzz",
        args: "[--libfuzzer] [SECONDS] [TARGET]",
        about: "hostile input for every parser, beyond what `test` sends",
        run: fuzz::run,
    },
    Task {
        name: "targets",
        args: "[TARGET…]",
        about: "build and run for musl, ARM, Windows; check macOS; 400 MB at first",
        run: targets::run,
    },
    Task {
        name: "dist",
        args: "[TARGET…]",
        about: "static auth-all with man pages, units and licences; 400 MB at first",
        run: targets::dist::run,
    },
    Task {
        name: "ci",
        args: "[--no-test|--all]",
        about: "all that a change must pass; `--all`: also what takes an hour",
        run: ci::run,
    },
    Task {
        name: "tidy",
        args: "",
        about: "rules of the repository, its dependencies and their licences",
        run: tidy::run,
    },
    Task {
        name: "api",
        args: "[--update|--examples] [crate]",
        about: "compare public items with docs/api; each needs an example",
        run: api::run,
    },
    Task {
        name: "features",
        args: "[--tests]",
        about: "check crates with no feature, each, two, all; test none and each",
        run: features::run,
    },
    Task {
        name: "package",
        args: "",
        about: "pack each crate, build it with its oldest dependencies, install",
        run: package::run,
    },
    Task {
        name: "tls",
        args: "",
        about: "test TLS handshakes with each TLS library alone, and with all",
        run: cargo::tls,
    },
    Task {
        name: "doc",
        args: "",
        about: "build the documentation with all features; a warning is an error",
        run: cargo::doc,
    },
    Task {
        name: "msrv",
        args: "",
        about: "build the crates with the oldest Rust that they support",
        run: cargo::msrv,
    },
    Task {
        name: "advisories",
        args: "",
        about: "security advisories about dependencies; needs the internet",
        run: tidy::advisories,
    },
    Task {
        name: "release",
        args: "[--publish]",
        about: "publish the crates that are not published yet, and set the tag",
        run: release::run,
    },
    Task {
        name: "presets",
        args: "",
        about: "print the table of known servers, as the guide `presets` has it",
        run: cargo::presets,
    },
    Task {
        name: "pictures",
        args: "",
        about: "make docs/pictures: a fleet from its log, pages in Chromium",
        run: pictures::run,
    },
    Task {
        name: "bench",
        args: "[NAME|--peers]",
        about: "measure token, sessions, request, stores or size; other libraries",
        run: bench::run,
    },
    Task {
        name: "gate",
        args: "[--update]",
        about: "count instructions; 3 % more than tests/costs/counts.txt fails",
        run: gate::run,
    },
    Task {
        name: "help",
        args: "",
        about: "print this",
        run: help,
    },
];

fn main() -> ExitCode {
    if let Some(code) = api::as_rustdoc() {
        return code;
    }
    let args: Vec<String> = env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        // On a contributor's machine that is no fault; in CI, the task is all that its job is for.
        Err(error) if run::is_not_run(&*error) && !run::in_ci() => {
            println!("    {error}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a task in the root of the workspace, whatever the caller's folder.
fn dispatch(args: &[String]) -> Result {
    if let Some(root) = Path::new(env!("CARGO_MANIFEST_DIR")).parent() {
        env::set_current_dir(root)?;
    }
    let (name, rest) = match args.split_first() {
        Some((name, rest)) => (name.trim_start_matches('-'), rest),
        None => ("help", args),
    };
    match TASKS.iter().find(|task| task.name == name) {
        Some(task) => (task.run)(rest),
        None => Err(format!("`{name}` is not a task\n\n{}", usage()).into()),
    }
}

fn help(_: &[String]) -> Result {
    print!("{}", usage());
    Ok(())
}

fn usage() -> String {
    let left = |task: &Task| format!("{} {}", task.name, task.args);
    let width = TASKS.iter().map(|task| left(task).chars().count()).max();
    let width = width.unwrap_or(0);
    let mut text = "Usage: cargo xtask <task>\n\n".to_owned();
    for task in TASKS {
        let _ = writeln!(text, "  {:width$}  {}", left(task), task.about);
    }
    text
}

/// Returns `true` if there is a task of this name.
fn is_task(name: &str) -> bool {
    TASKS.iter().any(|task| task.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_fits_a_terminal() {
        let lines = usage();
        assert!(
            lines.lines().all(|line| line.chars().count() <= 110),
            "{lines}"
        );
    }

    #[test]
    fn an_unknown_task_is_refused_with_the_list() {
        let error = dispatch(&["nonsense".to_owned()]).unwrap_err().to_string();
        assert!(
            error.contains("`nonsense`") && error.contains("cargo xtask <task>"),
            "{error}"
        );
    }
}
