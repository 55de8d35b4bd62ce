//! Instructions and allocations of the operations that a program repeats, compared with those that are committed.
//!
//! A difference between two runs of `tests/costs` under callgrind leaves out what happens once. libc is left out, because
//! each machine has another one: of it, only the calls that allocate count. `gungraun` counts in the same way, but its
//! runner has to be installed in the very version of the library, and compares with the last run of one machine, not with
//! a file in the repository.

mod callgrind;

use std::fmt::Write as _;
use std::fs;

use crate::run::{self, Result, Run, target};
use crate::setup;
use callgrind::Counts;

/// `cargo xtask gate [--update]`.
pub(crate) fn run(args: &[String]) -> Result {
    let updates = match args {
        [] => false,
        [flag] if flag == "--update" => true,
        _ => return Err("usage: cargo xtask gate [--update]".into()),
    };
    if !Run::new("valgrind --version").succeeds() {
        setup::require_in_ci(&setup::VALGRIND)?;
        return run::not_run("no valgrind here; `cargo xtask setup` installs it");
    }
    Run::new("cargo build --locked --quiet --profile counted --package auth-costs").run()?;
    let counted = count_all()?;
    print(&counted);
    let compiler = compiler()?;
    if updates {
        fs::write(FILE, write(&compiler, &counted))?;
        println!("    {FILE} has the new numbers");
        return Ok(());
    }
    let text = fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
    let (their_compiler, accepted) = read(&text)?;
    if their_compiler != compiler {
        println!(
            "    NOT COMPARED: {FILE} is from {their_compiler}, and this is {compiler}; with the compiler that CI has, \
             run `{UPDATE}`"
        );
        return Ok(());
    }
    verdict(&complaints(&accepted, &counted))
}

/// An operation of `tests/costs`, and its counts for one time.
type Counted = (String, Counts);

fn count_all() -> Result<Vec<Counted>> {
    let counted = OPERATIONS.iter().map(|&(operation, times)| {
        let (few, many) = (profile(operation, times)?, profile(operation, 3 * times)?);
        Ok((operation.to_owned(), many.less(few, 2 * times)))
    });
    counted.collect()
}

/// Counts a whole run of the program that repeats an operation.
fn profile(operation: &str, times: u32) -> Result<Counts> {
    let (folder, times) = (target().join("counted"), times.to_string());
    let (program, file) = (folder.join(PROGRAM), folder.join("callgrind.out"));
    Run::new("valgrind --quiet --fair-sched=yes --tool=callgrind")
        .arg(&format!("--callgrind-out-file={}", file.display()))
        .args(&[&*program.to_string_lossy(), operation, &times])
        .read()?;
    Ok(callgrind::counts(&fs::read_to_string(file)?, PROGRAM))
}

fn print(counted: &[Counted]) {
    println!(
        "    {:24}{:>14}{:>14}",
        "one", "instructions", "allocations"
    );
    for (operation, counts) in counted {
        let Counts {
            instructions,
            allocations,
        } = counts;
        println!("    {operation:24}{instructions:>14.1}{allocations:>14.1}");
    }
    for (operation, bare) in PAIRS {
        if let (Some(ours), Some(theirs)) = (find(counted, operation), find(counted, bare)) {
            let ratio = ours.instructions / theirs.instructions;
            let more = ours.allocations - theirs.allocations;
            println!("    {operation:24}ratio {ratio:.2}, {more:+.1} allocations beside {bare}");
        }
    }
}

fn find<'a>(counted: &'a [Counted], operation: &str) -> Option<&'a Counts> {
    let found = counted.iter().find(|(name, _)| name == operation);
    found.map(|(_, counts)| counts)
}

/// Returns how many allocations an operation makes beyond those of the same request by `ureq` alone.
///
/// `ureq` looks names up in a thread. Whether that allocates once more depends on which thread waits for the other, so
/// the same program makes up to one allocation more in another run, with us and without us.
fn own_allocations(counted: &[Counted], operation: &str) -> Option<f64> {
    let all = find(counted, operation)?.allocations;
    match PAIRS.iter().find(|(ours, _)| *ours == operation) {
        Some((_, bare)) => Some(all - find(counted, bare)?.allocations),
        None => Some(all),
    }
}

fn write(compiler: &str, counted: &[Counted]) -> String {
    let mut text =
        format!("# `{UPDATE}` writes this: instructions and allocations of one.\n{compiler}\n");
    for (operation, counts) in counted {
        let Counts {
            instructions,
            allocations,
        } = counts;
        let _ = writeln!(text, "{operation} {instructions:.1} {allocations:.1}");
    }
    text
}

/// Parses the committed file: the compiler that it is from, and the numbers.
fn read(text: &str) -> Result<(String, Vec<Counted>)> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let compiler = lines.next().ok_or_else(|| format!("{FILE} is empty"))?;
    let counted = lines.map(|line| {
        let mut words = line.split(' ');
        let mut next = || {
            words
                .next()
                .ok_or_else(|| format!("{FILE}: `{line}` is not three words"))
        };
        let operation = next()?.to_owned();
        let (instructions, allocations) = (next()?.parse()?, next()?.parse()?);
        Ok((
            operation,
            Counts {
                instructions,
                allocations,
            },
        ))
    });
    Ok((compiler.to_owned(), counted.collect::<Result<_>>()?))
}

fn complaints(accepted: &[Counted], counted: &[Counted]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (operation, now) in counted {
        let Some(before) = find(accepted, operation) else {
            complaints.push(format!("`{operation}` is not in {FILE}"));
            continue;
        };
        let more = 100.0 * (now.instructions / before.instructions - 1.0);
        if more > MOST_PERCENT {
            complaints.push(format!(
                "`{operation}` takes {:.1} instructions, {more:+.1} % from {:.1}",
                now.instructions, before.instructions
            ));
        }
        if PAIRS.iter().any(|(_, bare)| bare == operation) {
            continue;
        }
        let own = |counted| own_allocations(counted, operation);
        let (Some(now), Some(before)) = (own(counted), own(accepted)) else {
            complaints.push(format!("`{operation}` has no request to compare it with"));
            continue;
        };
        // Half of one, because a pool or a map grows now and then.
        if now > before + 0.5 {
            complaints.push(format!(
                "`{operation}` makes {now:.1} allocations of its own, and made {before:.1}"
            ));
        }
    }
    complaints
}

fn verdict(complaints: &[String]) -> Result {
    match complaints {
        [] => Ok(()),
        _ => Err(format!(
            "{}\nMore than {MOST_PERCENT} % more must have a reason: `{UPDATE}` accepts the new numbers",
            complaints.join("\n")
        )
        .into()),
    }
}

/// Returns the version of the compiler and the system that it compiles for.
fn compiler() -> Result<String> {
    let text = Run::new("rustc --version --verbose").read()?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    let version = text.lines().next().unwrap_or_default();
    Ok(format!("{version}, {}", host.unwrap_or_default()))
}

/// Operations of `tests/costs`, and how often the shorter of two runs repeats each.
const OPERATIONS: [(&str, u32); 7] = [
    ("with_authorization", 500),
    ("authorization", 500),
    ("signed_request", 20),
    ("signed_request_bare", 20),
    ("token_request", 20),
    ("token_request_bare", 20),
    ("renewal", 10),
];

/// Operations with a request, and the same request by `ureq` alone.
const PAIRS: [(&str, &str); 3] = [
    ("signed_request", "signed_request_bare"),
    ("token_request", "token_request_bare"),
    ("renewal", "token_request_bare"),
];

const PROGRAM: &str = "auth-costs";
const FILE: &str = "tests/costs/counts.txt";
const UPDATE: &str = "cargo xtask gate --update";
const MOST_PERCENT: f64 = 3.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(instructions: f64, allocations: f64) -> Vec<Counted> {
        vec![(
            "lend".to_owned(),
            Counts {
                instructions,
                allocations,
            },
        )]
    }

    #[test]
    fn three_percent_more_is_named() {
        let accepted = counted(100.0, 2.0);
        assert!(complaints(&accepted, &counted(102.9, 2.0)).is_empty());
        assert!(complaints(&accepted, &counted(10.0, 0.0)).is_empty());
        let found = complaints(&accepted, &counted(103.2, 3.0));
        assert_eq!(found.len(), 2, "{found:?}");
        let error = verdict(&found).unwrap_err().to_string();
        assert!(
            error.contains("`lend` takes 103.2") && error.contains(UPDATE),
            "{error}"
        );
        assert_eq!(complaints(&[], &accepted).len(), 1);
    }

    #[test]
    fn an_allocation_of_ours_counts_and_one_of_ureq_does_not() {
        let request = |ours, bare| {
            let counts = |allocations| Counts {
                instructions: 1.0,
                allocations,
            };
            vec![
                ("token_request".to_owned(), counts(ours)),
                ("token_request_bare".to_owned(), counts(bare)),
            ]
        };
        let accepted = request(105.0, 55.0);
        assert!(complaints(&accepted, &request(105.9, 55.9)).is_empty());
        let found = complaints(&accepted, &request(105.9, 55.0));
        assert!(found[0].contains("50.9"), "{found:?}");
        assert_eq!(complaints(&accepted, &request(105.0, 55.0)[..1]).len(), 1);
    }

    #[test]
    fn the_file_is_read_as_written() {
        let text = write("rustc 1.0", &counted(100.0, 2.0));
        let (compiler, counted) = read(&text).unwrap();
        assert_eq!(
            (compiler.as_str(), counted[0].1.instructions),
            ("rustc 1.0", 100.0)
        );
        assert!(read("rustc 1.0\nlend 1\n").is_err());
    }
}
