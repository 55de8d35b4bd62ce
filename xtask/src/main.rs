//! What a contributor does: `cargo xtask`.
//!
//! One table, [`TASKS`], is the parser, the help and the order of things. A task is a module with a
//! `run` function; it prints what it does and ends with a line that says how it went.

#![forbid(unsafe_code)]

mod bench;
mod ci;
mod demo;
mod doc;
mod features;
mod metadata;
mod mutants;
mod needs;
mod pictures;
mod run;
mod steps;
mod test;
mod tidy;

use std::env;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use run::Result;
use steps::Failed;

struct Task {
    name: &'static str,
    args: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result,
}

const TASKS: &[Task] = &[
    Task {
        name: "demo",
        args: "[--browser|--fleet] [--json]",
        about: "watch every vendor's token at work, log in yourself, or run a fleet",
        run: demo::run,
    },
    Task {
        name: "test",
        args: "[crate]",
        about: "run every test, or those of one crate; installs what they need",
        run: test::run,
    },
    Task {
        name: "mutants",
        args: "[word]",
        about: "break the protocol in each known way; each must be noticed",
        run: mutants::run,
    },
    Task {
        name: "ci",
        args: "[--no-test]",
        about: "all that must hold before a change is merged: checks and tests",
        run: ci::run,
    },
    Task {
        name: "tidy",
        args: "",
        about: "the rules of the repository and the bounds on its dependencies",
        run: tidy::run,
    },
    Task {
        name: "features",
        args: "",
        about: "every crate with each of its features alone, and with none",
        run: features::run,
    },
    Task {
        name: "doc",
        args: "",
        about: "build the documentation, warnings being errors",
        run: doc::run,
    },
    Task {
        name: "pictures",
        args: "",
        about: "make the pictures of the documentation anew; needs Chromium",
        run: pictures::run,
    },
    Task {
        name: "bench",
        args: "[token|request|stores|size]",
        about: "measure a held token, a request, a store, a dependency",
        run: bench::run,
    },
    Task {
        name: "help",
        args: "",
        about: "print this",
        run: help,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<Failed>() {
                eprintln!("xtask: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Every task runs in the root of the workspace, wherever it was called.
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
        None => Err(format!("no task is called `{name}`\n\n{}", usage()).into()),
    }
}

fn help(_: &[String]) -> Result {
    print!("{}", usage());
    Ok(())
}

fn usage() -> String {
    let left = |task: &Task| format!("{} {}", task.name, task.args);
    let width = TASKS.iter().map(|task| left(task).len()).max().unwrap_or(0);
    let mut text = "Usage: cargo xtask <task>\n\n".to_owned();
    for task in TASKS {
        let _ = writeln!(text, "  {:width$}  {}", left(task), task.about);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_help_lists_every_task_in_lines_that_fit_a_terminal() {
        let text = usage();
        for task in TASKS {
            assert!(
                text.contains(&format!("\n  {} ", task.name)),
                "{}",
                task.name
            );
            assert!(text.contains(task.about), "{}", task.name);
        }
        assert!(text.lines().all(|line| line.len() <= 110), "{text}");
    }

    #[test]
    fn no_two_tasks_share_a_name() {
        let names: BTreeSet<_> = TASKS.iter().map(|task| task.name).collect();
        assert_eq!(names.len(), TASKS.len());
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
