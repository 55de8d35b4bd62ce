//! The tests: all of them, or those that concern one crate.
//!
//! Plain `cargo test` underneath. What this adds: it installs the servers that some tests talk to,
//! knows which tests of the common binary concern which crate, and adds everything up in one line.

use crate::run::{Result, Run};
use crate::steps::{Stopwatch, Tally};
use crate::{model, needs};

/// A crate and the modules of the `it` binary that concern it; no module named means all of them.
#[derive(Debug)]
pub(crate) struct Concern {
    package: &'static str,
    modules: &'static [&'static str],
}

const CONCERNS: &[Concern] = &[
    Concern {
        package: "auth-core",
        modules: &[],
    },
    Concern {
        package: "aerion-auth",
        modules: &["aerion"],
    },
    Concern {
        package: "aeris-auth",
        modules: &["aeris"],
    },
    Concern {
        package: "ermeo-auth",
        modules: &["ermeo"],
    },
    Concern {
        package: "oauth2-generic",
        modules: &["generic", "real_server", REAL_BROWSER],
    },
    Concern {
        package: "auth-store-keyring",
        modules: &["doors", REAL_KEYRING],
    },
    Concern {
        package: "auth-store-postgres",
        modules: &["doors", REAL_POSTGRES],
    },
    Concern {
        package: "auth-store-redis",
        modules: &["doors", REAL_REDIS],
    },
    Concern {
        package: "auth-all",
        modules: &["doors"],
    },
    Concern {
        package: "auth-sim",
        modules: &[],
    },
];

/// `cargo xtask test [crate]`.
pub(crate) fn run(args: &[String]) -> Result {
    let only = match args {
        [] => None,
        [name] => Some(concern(name)?),
        _ => return Err("usage: cargo xtask test [crate]".into()),
    };
    count(only)?.close()
}

/// Runs the tests and counts them.
pub(crate) fn count(only: Option<&Concern>) -> Result<Tally> {
    let clock = Stopwatch::start();
    let mut tally = Tally::default();
    let mut filter = Vec::new();
    for service in SERVICES {
        if only.is_none_or(|concern| concern.needs(service))
            && let Err(error) = (service.install)()
        {
            filter.extend(["--skip", service.module]);
            tally.add(without(service, &error.to_string())?);
        }
    }
    for command in commands(only, &filter) {
        tally.add(add_up(command));
    }
    if only.is_none() {
        tally.add(model::count()?);
    }
    println!("\n    tests took {clock}");
    Ok(tally)
}

/// What `cargo test` is called with; `filter` goes to every test binary.
fn commands(only: Option<&Concern>, filter: &[&str]) -> Vec<Run> {
    let cargo = || Run::new("cargo test --locked --no-fail-fast");
    match only {
        None => vec![cargo().arg("--workspace").arg("--").args(filter)],
        Some(concern) => vec![
            cargo()
                .args(&["--package", concern.package, "--"])
                .args(filter),
            cargo()
                .args(&["--package", "auth-tests", "--test", "it", "--"])
                .args(concern.modules)
                .args(filter),
        ],
    }
}

/// A missing service is a failure in CI and a loud skip elsewhere.
fn without(service: &Service, why: &str) -> Result<Tally> {
    let listed = Run::new("cargo test --locked --workspace --tests -- --list")
        .arg(service.module)
        .read()?;
    let concerned = listed
        .lines()
        .filter(|line| line.ends_with(": test"))
        .count();
    let module = service.module;
    println!("\n    !! {concerned} tests in `{module}` cannot run: {why}\n");
    Ok(match needs::in_ci() {
        true => Tally {
            failed: concerned.max(1),
            ..Tally::default()
        },
        false => Tally {
            skipped: concerned,
            ..Tally::default()
        },
    })
}

/// Shows what the tests print and sums their closing lines.
fn add_up(command: Run) -> Tally {
    let mut tally = Tally::default();
    let outcome = command.watch(|line| {
        println!("{line}");
        tally.add(closing_line(line).unwrap_or_default());
    });
    match outcome {
        // Nothing built, or a test binary died without a closing line.
        Err(error) if tally.failed == 0 => {
            println!("    FAILED: {error}");
            tally.failed = 1;
        }
        Ok(()) if tally.passed == 0 => {
            println!("    FAILED: no test ran at all");
            tally.failed = 1;
        }
        _ => {}
    }
    tally
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; …`
fn closing_line(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("test result: ")?;
    let count = |word: &str| {
        let words: Vec<&str> = counts.split([' ', ';']).collect();
        words
            .windows(2)
            .find(|pair| pair[1] == word)
            .and_then(|pair| pair[0].parse().ok())
    };
    Some(Tally {
        passed: count("passed")?,
        failed: count("failed")?,
        skipped: count("ignored")?,
    })
}

fn concern(name: &str) -> Result<&'static Concern> {
    let found = |concern: &&Concern| {
        let package = concern.package;
        let short = package
            .strip_suffix("-auth")
            .or(package.strip_prefix("oauth2-"))
            .or(package.strip_prefix("auth-store-"));
        package == name || short == Some(name)
    };
    CONCERNS.iter().find(found).ok_or_else(|| {
        let names: Vec<_> = CONCERNS.iter().map(|concern| concern.package).collect();
        format!(
            "no crate is called `{name}`; there are {}",
            names.join(", ")
        )
        .into()
    })
}

impl Concern {
    fn needs(&self, service: &Service) -> bool {
        let concerns = |module: &&str| service.module.starts_with(*module);
        self.modules.is_empty() || self.modules.iter().any(concerns)
    }
}

/// Servers that nobody here wrote: the modules of tests that talk to them, and what installs them.
#[derive(Debug)]
struct Service {
    module: &'static str,
    install: fn() -> Result,
}

const SERVICES: &[Service] = &[
    Service {
        module: REAL_DJANGO,
        install: needs::django_oauth_toolkit,
    },
    Service {
        module: REAL_OIDC,
        install: needs::oidc_provider,
    },
    Service {
        module: REAL_BROWSER,
        install: needs::chromium,
    },
    Service {
        module: REAL_REDIS,
        install: needs::redis,
    },
    Service {
        module: REAL_POSTGRES,
        install: needs::postgres,
    },
    Service {
        module: REAL_KEYRING,
        install: needs::keyring,
    },
];

const REAL_DJANGO: &str = "real_server::django";
const REAL_OIDC: &str = "real_server::oidc";
const REAL_BROWSER: &str = "real_browser";
const REAL_REDIS: &str = "real_redis";
const REAL_POSTGRES: &str = "real_postgres";
const REAL_KEYRING: &str = "real_keyring";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata;

    #[test]
    fn a_closing_line_of_a_test_binary_is_understood() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        assert_eq!(
            closing_line(line),
            Some(Tally {
                passed: 12,
                failed: 2,
                skipped: 1
            })
        );
        assert_eq!(closing_line("test it::works ... ok"), None);
    }

    #[test]
    fn every_published_crate_can_be_tested_alone() {
        let packages = metadata::workspace().unwrap();
        let published = packages.iter().filter(|package| package.published);
        let mut published: Vec<_> = published.map(|package| package.name.as_str()).collect();
        let mut known: Vec<_> = CONCERNS.iter().map(|concern| concern.package).collect();
        published.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, published);
    }

    #[test]
    fn a_crate_is_found_by_its_name_and_by_its_feature() {
        assert_eq!(concern("ermeo-auth").unwrap().package, "ermeo-auth");
        assert_eq!(concern("ermeo").unwrap().package, "ermeo-auth");
        assert_eq!(concern("generic").unwrap().package, "oauth2-generic");
        assert_eq!(concern("postgres").unwrap().package, "auth-store-postgres");
        assert!(
            concern("nobody")
                .unwrap_err()
                .to_string()
                .contains("aeris-auth")
        );
    }

    #[test]
    fn a_build_that_fails_counts_as_a_failure() {
        assert_eq!(add_up(Run::new("cargo no-such-subcommand")).failed, 1);
    }
}
