//! What a held token, a token request and a dependency cost, beside what one could do instead.
//!
//! The first three are measured by programs of `tests/benches`; the last builds programs. Figures of
//! different runs do not compare, ratios within one run do.

mod size;

use crate::needs;
use crate::run::{Result, Run};
use crate::steps::{Steps, Tally};

/// `cargo xtask bench [token|request|stores|size]`.
pub(crate) fn run(args: &[String]) -> Result {
    let wanted: Vec<&Bench> = match args {
        [] => BENCHES.iter().collect(),
        [name] => BENCHES.iter().filter(|(known, ..)| known == name).collect(),
        _ => Vec::new(),
    };
    if wanted.is_empty() {
        return Err("usage: cargo xtask bench [token|request|stores|size]".into());
    }
    let mut steps = Steps::new(wanted.len());
    let mut tally = Tally::default();
    for (_, about, measure) in wanted {
        match steps.step(about, measure) {
            Some(()) => tally.passed += 1,
            None => tally.failed += 1,
        }
    }
    tally.close()
}

type Bench = (&'static str, &'static str, fn() -> Result);

const BENCHES: &[Bench] = &[
    ("token", "a held token", || bench("held_token")),
    ("request", "a token request over loopback", || {
        bench("token_request")
    }),
    ("stores", "a login in a store", || {
        needs::redis()?;
        needs::postgres()?;
        bench("stores")
    }),
    ("size", "a minimal program of each vendor", size::run),
];

fn bench(name: &str) -> Result {
    Run::new("cargo bench --quiet --locked --package auth-tests --bench")
        .arg(name)
        .run()
}
