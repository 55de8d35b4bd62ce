//! The cost of a held token, a token request and a dependency, compared with simpler alternatives.
//!
//! Programs in `tests/benches` measure the first three; the last one builds programs. Only ratios within
//! one run are comparable, not figures of different runs.

mod size;

use crate::run::{self, Result, Run};
use crate::setup;

/// `cargo xtask bench [token|request|stores|size]`.
pub(crate) fn run(args: &[String]) -> Result {
    let wanted: Vec<_> = match args {
        [] => BENCHES.iter().collect(),
        [name] => BENCHES.iter().filter(|(known, ..)| known == name).collect(),
        _ => Vec::new(),
    };
    if wanted.is_empty() {
        return Err("usage: cargo xtask bench [token|request|stores|size]".into());
    }
    run::all(wanted.iter().map(|(_, about, measure)| (about, measure)))
}

type Bench = (&'static str, &'static str, fn() -> Result);

const BENCHES: &[Bench] = &[
    ("token", "a held token, of one session and of many", || {
        bench("held_token")
    }),
    ("request", "a token request over loopback", || {
        bench("token_request")
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
