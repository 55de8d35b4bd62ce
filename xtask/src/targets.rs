//! Other systems, built and run on this machine: Linux with musl, ARM, Windows; macOS is checked.
//!
//! For each target, the checks of `tests/targets` run (processes that share a login, the network, the promises of every
//! store), and then `auth-core`'s own tests, which hold the policy and `FileStore`.

mod kit;

use kit::{Kit, Ready};

use crate::run::{self, Result, Run};

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
/// It is skipped, with a message that cannot be overlooked, where the packages cannot be had.
pub(crate) fn run(args: &[String]) -> Result {
    let chosen = chosen(args)?;
    match Kit::ready()? {
        Ready::Kit(kit) => {
            let checks = chosen.into_iter().flat_map(|target| checks(target, &kit));
            run::all(checks)
        }
        Ready::Unavailable(reason) => {
            let names: Vec<_> = chosen.iter().map(|target| target.triple).collect();
            eprintln!("{}", skipped(&names, &reason));
            Ok(())
        }
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

fn skipped(names: &[&str], reason: &str) -> String {
    let line = "!".repeat(80);
    let names = names.join(", ");
    format!("\n{line}\nSKIPPED: nothing was built or run for {names}.\nReason: {reason}\n{line}")
}

type Step<'a> = (String, Box<dyn FnOnce() -> Result + 'a>);

fn checks<'a>(target: &'static Target, kit: &'a Kit) -> Vec<Step<'a>> {
    let step = |name: &str, run: fn(&Target, &Kit) -> Result| -> Step<'a> {
        let name = format!("{}: {name}", target.triple);
        (name, Box::new(move || run(target, kit)))
    };
    match target.runs {
        Runs::Nowhere => vec![step("types", types)],
        _ => vec![
            step("checks of tests/targets", program),
            step("tests of auth-core", policy),
        ],
    }
}

fn program(target: &Target, kit: &Kit) -> Result {
    cargo("run", target, kit)
        .args(&["--package", "auth-targets"])
        .run()
}

fn policy(target: &Target, kit: &Kit) -> Result {
    // The second package has no tests: with it, what was built for the checks is used again. No documentation tests:
    // they would be linked one by one, and hold no policy.
    cargo("test", target, kit)
        .args(&["--package", "auth-core", "--package", "auth-targets"])
        .args(&[
            "--features",
            "auth-core/encryption",
            "--lib",
            "--test",
            "it",
        ])
        .run()
}

fn types(target: &Target, kit: &Kit) -> Result {
    let published = ["aerion-auth", "aeris-auth", "auth-store-keyring"];
    let packages = ["auth-core", "auth-targets"].into_iter().chain(published);
    let packages: Vec<_> = packages.flat_map(|name| ["--package", name]).collect();
    cargo("check", target, kit)
        .args(&packages)
        .args(&["--features", "auth-core/encryption"])
        .run()
}

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
        let text = skipped(&["x86_64-pc-windows-gnu"], "no `apt-get`");
        for part in ["SKIPPED", "x86_64-pc-windows-gnu", "Reason: no `apt-get`"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn only_apples_system_is_not_run() {
        let still = TARGETS.iter().filter(|it| it.runs == Runs::Nowhere);
        let still: Vec<_> = still.map(|target| target.triple).collect();
        assert_eq!(still, ["aarch64-apple-darwin"]);
    }
}
