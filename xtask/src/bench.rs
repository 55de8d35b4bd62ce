//! The cost of a held token, a token request and a dependency, compared with simpler alternatives.
//!
//! Programs in `tests/benches` and `tests/costs` measure the first three; the last one builds programs. Only ratios within
//! one run are comparable, not figures of different runs.

mod size;

use crate::run::{self, Result, Run};
use crate::setup;

/// `cargo xtask bench [token|sessions|request|stores|size]`.
pub(crate) fn run(args: &[String]) -> Result {
    let wanted: Vec<_> = match args {
        [] => BENCHES.iter().collect(),
        [name] => BENCHES.iter().filter(|(known, ..)| known == name).collect(),
        _ => Vec::new(),
    };
    if wanted.is_empty() {
        return Err("usage: cargo xtask bench [token|sessions|request|stores|size]".into());
    }
    run::all(wanted.iter().map(|(_, about, measure)| (about, measure)))
}

type Bench = (&'static str, &'static str, fn() -> Result);

const BENCHES: &[Bench] = &[
    ("token", "a held token", || bench("held_token")),
    (
        "request",
        "a token request and a signed request over loopback",
        || {
            Run::new("cargo run --locked --quiet --profile counted --package auth-costs -- compare")
                .run()
        },
    ),
    ("sessions", "a thousand to a million customers", || {
        bench("sessions")
    }),
    ("stores", "a login in a store", || {
        setup::require(&[&setup::REDIS, &setup::POSTGRES])?;
        bench("stores")
    }),
    ("size", "a minimal program of each vendor", size::run),
];

fn bench(name: &str) -> Result {
    Run::new("cargo bench --locked --package auth-tests --bench")
        .arg(name)
        .run()
}
