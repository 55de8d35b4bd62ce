//! Other systems, built and run on this machine: Linux with musl, ARM, Windows; macOS is checked.
//!
//! For each target, the checks of `tests/targets` run (processes that share a login, the network, the promises of every
//! store), and then `auth-core`'s own tests, which hold the policy and `FileStore`. For Windows and macOS, the tests of
//! each crate that the forge runs there are checked.

pub(crate) mod dist;
mod kit;

use std::fmt::{self, Write as _};

use kit::{Kit, Ready};

use crate::run::{self, Done, Result, Run};

/// A system for which the crates are built.
struct Target {
    triple: &'static str,
    runs: Runs,
}

/// How its programs run on this machine.
#[derive(Clone, Copy, PartialEq)]
enum Runs {
    Natively,
    /// In this emulator of `qemu-user`.
    Emulated(&'static str),
    InWine,
    /// Not at all: the types are checked.
    Nowhere,
}

const TARGETS: &[Target] = &[
    Target {
        triple: "x86_64-unknown-linux-musl",
        runs: Runs::Natively,
    },
    Target {
        triple: "aarch64-unknown-linux-musl",
        runs: Runs::Emulated("qemu-aarch64-static"),
    },
    Target {
        triple: "armv7-unknown-linux-musleabihf",
        runs: Runs::Emulated("qemu-arm-static"),
    },
    Target {
        triple: "x86_64-pc-windows-gnu",
        runs: Runs::InWine,
    },
    Target {
        triple: "aarch64-apple-darwin",
        runs: Runs::Nowhere,
    },
];

/// `cargo xtask targets [TARGET…]`; without arguments, all of them.
///
/// It does not run where the packages cannot be had.
pub(crate) fn run(args: &[String]) -> Result {
    let chosen = chosen(args)?;
    match Kit::ready()? {
        Ready::Kit(kit) => {
            let steps = chosen.iter().flat_map(|target| steps(target, &kit));
            let done = run::each(steps);
            print!("\n{}", table(&chosen, &done));
            run::verdict(&done)
        }
        Ready::Unavailable(reason) => run::not_run(missing(&chosen, &reason)),
    }
}

fn chosen(args: &[String]) -> Result<Vec<&'static Target>> {
    let find = |name: &String| {
        let found = TARGETS.iter().find(|target| target.triple == name);
        found.ok_or_else(|| {
            let names: Vec<_> = TARGETS.iter().map(|target| target.triple).collect();
            format!("`{name}` is not one of {}", names.join(", ")).into()
        })
    };
    match args {
        [] => Ok(TARGETS.iter().collect()),
        names => names.iter().map(find).collect(),
    }
}

fn missing(targets: &[&Target], reason: &str) -> String {
    let names = targets
        .iter()
        .map(|target| format!("\n    {}", target.triple));
    let names: String = names.collect();
    format!("nothing was built or run for{names}\nReason: {reason}")
}

/// A piece of work for a target, with its name.
type Work = (&'static str, fn(&Target, &Kit) -> Result);

/// The name of a piece of work for one target.
struct Step {
    triple: &'static str,
    about: &'static str,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.triple, self.about)
    }
}

fn steps<'a>(
    target: &'static Target,
    kit: &'a Kit,
) -> impl Iterator<Item = (Step, impl FnOnce() -> Result + 'a)> {
    let triple = target.triple;
    let steps: &[Work] = match target.runs {
        Runs::Natively | Runs::Emulated(_) => &[CHECKS, TESTS],
        Runs::InWine => &[CHECKS, TESTS, TYPES],
        Runs::Nowhere => &[TYPES],
    };
    let step = move |(about, run): &Work| {
        let run = *run;
        (Step { triple, about }, move || run(target, kit))
    };
    steps.iter().map(step)
}

/// Returns a line for each step that ran and for each target that was not run.
fn table(chosen: &[&Target], done: &[Done<Step>]) -> String {
    let mut lines = Vec::new();
    for target in chosen {
        let of_target = |step: &&Done<Step>| step.name.triple == target.triple;
        for Done {
            name,
            seconds,
            result,
        } in done.iter().filter(of_target)
        {
            let result = if result.is_ok() { "ok" } else { "FAILED" };
            let time = format!("{seconds:.0} s");
            lines.push([target.triple, name.about, result, &time].map(str::to_owned));
        }
        if target.runs == Runs::Nowhere {
            let line = [target.triple, "all that runs", "NOT RUN", "needs a Mac"];
            lines.push(line.map(str::to_owned));
        }
    }
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max();
    let [triple, about, result] = [0, 1, 2].map(|column| width(column).unwrap_or_default());
    let mut text = String::new();
    for [a, b, c, d] in &lines {
        let _ = writeln!(text, "{a:triple$}  {b:about$}  {c:result$}  {d:>6}");
    }
    text
}

const CHECKS: Work = ("checks of tests/targets", program);
const TESTS: Work = ("tests of auth-core", policy);
const TYPES: Work = ("types of all tests", types);

fn program(target: &Target, kit: &Kit) -> Result {
    cargo("run", target, kit)
        .args(&["--package", "auth-targets"])
        .run()
}

fn policy(target: &Target, kit: &Kit) -> Result {
    // The second package has no tests: with it, what was built for the checks is used again. No documentation tests:
    // they would be linked one by one, and hold no policy.
    cargo("test", target, kit)
        .args(&["--no-fail-fast", "--package", "auth-core"])
        .args(&["--package", "auth-targets"])
        .args(&["--features", "auth-core/encryption"])
        .args(&["--lib", "--test", "it"])
        .run()
}

/// Checks libraries and tests of what the forge tests on Windows and macOS, and of what needs a desktop or a database.
fn types(target: &Target, kit: &Kit) -> Result {
    let packages = WITH_TESTS.iter().chain(&["auth-targets"]);
    let packages: Vec<_> = packages.flat_map(|name| ["--package", name]).collect();
    let stores = [
        "auth-store-keyring",
        "auth-store-postgres",
        "auth-store-redis",
    ];
    let stores: Vec<_> = stores.iter().flat_map(|name| ["--package", name]).collect();
    cargo("check", target, kit)
        .args(&packages)
        .args(&["--tests", "--features", "auth-core/encryption"])
        .run()?;
    // Their tests need servers of this machine.
    cargo("check", target, kit).args(&stores).run()
}

/// Packages whose tests the forge runs on Windows and macOS, as in `.github/workflows/ci.yml`.
const WITH_TESTS: [&str; 7] = [
    "auth-core",
    "aerion-auth",
    "aeris-auth",
    "ermeo-auth",
    "oauth2-generic",
    "auth-sim",
    "auth-all",
];

/// `cargo-zigbuild`, with std built from its source: Debian has none for these targets.
fn cargo(task: &str, target: &Target, kit: &Kit) -> Run {
    // Flags of the caller's would replace those of the target.
    let run = Run::new("env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS cargo-zigbuild")
        .args(&[task, "--locked", "-Zbuild-std=std,panic_abort,test"])
        .args(&["--target", target.triple]);
    let run = kit
        .environment()
        .into_iter()
        .fold(run, |run, (name, value)| run.quiet_env(name, &value));
    let setting = |what: &str| {
        let triple = target.triple.to_uppercase().replace('-', "_");
        format!("CARGO_TARGET_{triple}_{what}")
    };
    let run = match target.runs {
        Runs::Natively | Runs::Emulated(_) => {
            // Debian's compiler has no start files for musl, the linker has.
            run.quiet_env(&setting("RUSTFLAGS"), "-Clink-self-contained=no")
        }
        Runs::InWine => run.quiet_env(&setting("RUSTFLAGS"), &kit.windows_flags()),
        Runs::Nowhere => run,
    };
    match target.runs {
        Runs::Emulated(emulator) => {
            let emulator = kit.path(emulator);
            // The kernel does not start its programs, so the ones that start themselves need it, too.
            run.quiet_env(&setting("RUNNER"), &emulator)
                .quiet_env("AUTH_TEST_EMULATOR", &emulator)
        }
        Runs::InWine => run.quiet_env(&setting("RUNNER"), &kit.path(kit::WINE)),
        Runs::Natively | Runs::Nowhere => run,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_target_is_refused_with_the_list() {
        let error = chosen(&["sparc".to_owned()]).err().unwrap().to_string();
        assert!(error.contains("`sparc`"), "{error}");
        assert!(error.contains("x86_64-pc-windows-gnu"), "{error}");
        assert_eq!(chosen(&[]).unwrap().len(), TARGETS.len());
    }

    #[test]
    fn a_skip_names_its_reason_and_what_was_not_tested() {
        let text = missing(&[&TARGETS[0]], "no `apt-get`");
        let expected =
            "nothing was built or run for\n    x86_64-unknown-linux-musl\nReason: no `apt-get`";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_table_is_aligned_and_names_what_was_not_run() {
        let done = |triple, about, seconds, result| Done {
            name: Step { triple, about },
            seconds,
            result,
        };
        let [first, .., apple] = TARGETS else {
            panic!("no targets")
        };
        let done = [
            done(first.triple, "checks", 12.4, Ok(())),
            done(first.triple, "tests", 7.6, Err("broken".into())),
            done(apple.triple, "types", 100.0, Ok(())),
        ];
        let expected = "\
x86_64-unknown-linux-musl  checks         ok         12 s
x86_64-unknown-linux-musl  tests          FAILED      8 s
aarch64-apple-darwin       types          ok        100 s
aarch64-apple-darwin       all that runs  NOT RUN  needs a Mac
";
        assert_eq!(table(&[first, apple], &done), expected);
    }

    #[test]
    fn the_forge_tests_the_packages_that_are_checked() {
        let workflow = include_str!("../../.github/workflows/ci.yml");
        let words: Vec<_> = workflow.split_whitespace().collect();
        let named = words.windows(2).filter(|pair| pair[0] == "-p");
        let named: Vec<_> = named.map(|pair| pair[1]).collect();
        assert_eq!(named, WITH_TESTS);
    }
}
