//! Mistakes that could be made in the protocol, made one by one: the exploration must notice each.
//!
//! Each is a text in `auth-core/src/rotation` and what stands there instead, compiled in a copy of the
//! repository and run against the scenarios of `proof` in small bounds. One that nobody notices, or
//! whose text is no longer there, is a failure.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Result, Run};
use crate::steps::{Steps, Tally};

#[derive(Debug)]
struct Mutant {
    name: &'static str,
    /// The scenario that is asked first; all are, if it does not notice.
    by: &'static str,
    /// Below `crates/auth-core/src/rotation`.
    file: &'static str,
    from: &'static str,
    to: &'static str,
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a refresh token is sent without noting it first",
        by: "a_logout_and_a_record_brought_back",
        file: "steps.rs",
        from: "self.renewal.ask(Doing::Beginning(to, attempt, secret))",
        to: "{ drop(to); self.renewal.ask(Doing::Sending(attempt, secret)) }",
    },
    Mutant {
        name: "a commit does not look at what is there",
        by: "a_logout",
        file: "change.rs",
        from: "let mine = old.lineage == *lineage && old.generation == *generation;\n                mine.then(|| old.commit",
        to: "let mine = lineage == lineage && generation == generation;\n                mine.then(|| old.commit",
    },
    Mutant {
        name: "a late commit is refused once somebody logs in",
        by: "a_logout",
        file: "change.rs",
        from: "let mine = old.lineage == *lineage && old.generation == *generation;\n                mine.then(|| old.commit",
        to: "let mine = old.lineage == *lineage && old.generation == *generation && old.recovery.is_none();\n                mine.then(|| old.commit",
    },
    Mutant {
        name: "whoever takes over a flight that is overdue sends the token again",
        by: "a_logout",
        file: "decide.rs",
        from: "let most = if replay == Replay::Once { 2 } else { 1 };",
        to: "let most = if replay == Replay::Once { 3 } else { 2 };",
    },
    Mutant {
        name: "taking back a sending does not ask whose it is",
        by: "a_logout_and_a_record_brought_back",
        file: "change.rs",
        from: "flight.attempt == attempt && flight.lost.is_none()",
        to: "attempt == attempt && flight.lost.is_none()",
    },
    Mutant {
        name: "a sending can be taken back twice",
        by: "a_second_sending_and_a_store_that_fails",
        file: "change.rs",
        from: "attempt: NOBODY,",
        to: "attempt: if NOBODY == 0 { attempt } else { NOBODY },",
    },
    Mutant {
        name: "sendings are not counted",
        by: "a_second_sending",
        file: "change.rs",
        from: "sendings: sendings.saturating_add(1),",
        to: "sendings: sendings.min(0) + 1,",
    },
    Mutant {
        name: "a login that begins clears what is in flight",
        by: "a_logout",
        file: "change.rs",
        from: "recovery: Some(Recovery { attempt, period }),",
        to: "recovery: Some(Recovery { attempt, period }),\n            in_flight: None,",
    },
    Mutant {
        name: "a login is stored whoever is logging in by now",
        by: "a_logout",
        file: "change.rs",
        from: "let mine = record.is_none() || old.is_recovering(*attempt);",
        to: "let mine = record.is_none() || attempt == attempt;",
    },
    Mutant {
        name: "what could not be stored is forgotten",
        by: "a_new_login",
        file: "steps/changes.rs",
        from: "self.memory.owed = Some(Box::new(change));",
        to: "drop(change);",
    },
    Mutant {
        name: "a refresh token is dropped at a refusal in unclear words",
        by: "refused_in_unclear_words_with_nothing_to_log_in_with",
        file: "failure.rs",
        from: "    (Fate::Kept, Verdict::Unclear)\n}",
        to: "    (Fate::Spent, Verdict::Unclear)\n}",
    },
    Mutant {
        name: "a person is asked for at the first refusal in unclear words",
        by: "refused_in_unclear_words_with_nothing_to_log_in_with",
        file: "change.rs",
        from: "const IN_A_ROW: u32 = 3;",
        to: "const IN_A_ROW: u32 = 1;",
    },
    Mutant {
        name: "a wrong password is tried on",
        by: "a_wrong_password",
        file: "failure.rs",
        from: "Verdict::Wrong => backoff::at(backoff::WRONG_PASSWORD, times),",
        to: "Verdict::Wrong => backoff::LATER.wait(times),",
    },
    Mutant {
        name: "a refusal of one session's credentials stops another's",
        by: "a_new_secret_that_is_not_everywhere_yet",
        file: "failure.rs",
        from: "own.filter(|_| !is_for_all)",
        to: "own.filter(|_| !is_for_all && own.is_none())",
    },
    Mutant {
        name: "a back-off is not waited out",
        by: "a_refused_login_that_comes_back",
        file: "decide.rs",
        from: "!circumstances.is_over(NOBODY, back_off.period)",
        to: "!circumstances.is_over(NOBODY, back_off.period) && NOBODY > 0",
    },
    Mutant {
        name: "a record that was lost is used at once when it is written back",
        by: "a_logout_and_a_record_brought_back",
        file: "change.rs",
        from: "in_flight: self.in_flight.clone().or(Some(perhaps)),",
        to: "in_flight: self.in_flight.clone().or(Some(perhaps).filter(|_| false)),",
    },
];

/// `cargo xtask mutants [word]`: all, or those with the word in their name.
pub(crate) fn run(args: &[String]) -> Result {
    let word = match args {
        [] => "",
        [word] => word,
        _ => return Err("usage: cargo xtask mutants [word]".into()),
    };
    count(word)?.close()
}

pub(crate) fn count(word: &str) -> Result<Tally> {
    let wanted: Vec<&Mutant> = MUTANTS
        .iter()
        .filter(|mutant| mutant.name.contains(word))
        .collect();
    if wanted.is_empty() {
        return Err(format!("no mutant has `{word}` in its name").into());
    }
    let tree = copy()?;
    let mut steps = Steps::new(wanted.len());
    let mut tally = Tally::default();
    for mutant in wanted {
        match steps.step(mutant.name, || mutant.must_be_noticed(&tree)) {
            Some(()) => tally.passed += 1,
            None => tally.failed += 1,
        }
    }
    Ok(tally)
}

impl Mutant {
    fn must_be_noticed(&self, tree: &Path) -> Result {
        let path = tree.join("crates/auth-core/src/rotation").join(self.file);
        let text = fs::read_to_string(&path)?;
        if text.matches(self.from).count() != 1 {
            return Err(format!(
                "its text is not in {} exactly once; mend the table",
                self.file
            )
            .into());
        }
        fs::write(&path, text.replacen(self.from, self.to, 1))?;
        let noticed = self.is_noticed(tree);
        fs::write(&path, text)?;
        match noticed? {
            Some(test) => {
                println!("    noticed by {test}");
                Ok(())
            }
            None => Err("nobody noticed; the exploration has a hole".into()),
        }
    }

    /// The first test that failed.
    fn is_noticed(&self, tree: &Path) -> Result<Option<String>> {
        let manifest = tree.join("Cargo.toml");
        let cargo = |word: &str| {
            Run::new("cargo test --quiet --locked --package auth-core --lib")
                .arg("--manifest-path")
                .arg(&manifest.display().to_string())
                .arg("--config")
                .arg(QUICK_TO_BUILD)
                .env("CARGO_TARGET_DIR", &target().display().to_string())
                .arg(word)
        };
        cargo("--no-run").run()?;
        for scenarios in [&format!("{SMALL}::{}", self.by), SMALL] {
            let mut first = None;
            let outcome = cargo(scenarios).watch(|line| {
                if let Some(test) = line.strip_suffix(" --- FAILED") {
                    first.get_or_insert(test.trim().to_owned());
                }
            });
            if outcome.is_err() {
                return Ok(Some(
                    first.unwrap_or_else(|| "a test that did not end".to_owned()),
                ));
            }
        }
        Ok(None)
    }
}

/// A copy of what is under version control, so that nobody's tree is touched.
fn copy() -> Result<PathBuf> {
    let tree = target().join("mutants/tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    for file in Run::new("git ls-files --cached --others --exclude-standard")
        .read()?
        .lines()
    {
        let to = tree.join(file);
        if let (Some(folder), true) = (to.parent(), Path::new(file).is_file()) {
            fs::create_dir_all(folder)?;
            fs::copy(file, &to)?;
        }
    }
    Ok(tree)
}

fn target() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = named.unwrap_or_else(|| PathBuf::from("target"));
    std::path::absolute(&target).unwrap_or(target)
}

/// Where `auth-core` has its scenarios in small bounds.
const SMALL: &str = "proof::in_small_bounds";

/// Small bounds need no more, and building takes longer than running.
const QUICK_TO_BUILD: &str = "profile.dev.package.auth-core.opt-level=1";
