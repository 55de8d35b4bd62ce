//! The cost of a held token, a token request and a dependency, compared with simpler alternatives.
//!
//! Programs in `tests/benches`, `tests/costs` and `crates/auth-all-cli/benches` measure all but the size, which takes builds
//! of programs. `tests/peers` measures other libraries beside ours. Only ratios within one run are comparable, not figures
//! of different runs.

mod size;

use crate::run::{self, Result, Run, target};
use crate::setup;

/// `cargo xtask bench [token|sessions|request|proxy|stores|size|--peers]`.
pub(crate) fn run(args: &[String]) -> Result {
    let wanted: Vec<_> = match args {
        [flag, rest @ ..] if flag == "--peers" => return peers(rest),
        [] => BENCHES.iter().collect(),
        [name] => BENCHES.iter().filter(|(known, ..)| known == name).collect(),
        _ => Vec::new(),
    };
    if wanted.is_empty() {
        return Err(USAGE.into());
    }
    run::all(wanted.iter().map(|(_, about, measure)| (about, measure)))
}

type Bench = (&'static str, &'static str, fn() -> Result);

const BENCHES: &[Bench] = &[
    ("token", "a held token, of one session and of many", || {
        bench("held_token")
    }),
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
    ("proxy", "`auth-all proxy` beside a bare one", || {
        Run::new("cargo bench --locked --package auth-all-cli --bench proxy").run()
    }),
    ("stores", "a login in a store", || {
        setup::require(&[&setup::REDIS, &setup::POSTGRES])?;
        bench("stores")
    }),
    ("size", "a minimal program of each vendor", size::run),
];

/// Runs `tests/peers`, which has its own lock file, and keeps what it builds below `target/peers`.
fn peers(args: &[String]) -> Result {
    Run::new("cargo run --quiet --release --locked --manifest-path tests/peers/Cargo.toml --")
        .args(args)
        .env(
            "CARGO_TARGET_DIR",
            &target().join("peers").to_string_lossy(),
        )
        .run()
}

fn bench(name: &str) -> Result {
    Run::new("cargo bench --locked --package auth-tests --bench")
        .arg(name)
        .run()
}

const USAGE: &str = "usage: cargo xtask bench [token|sessions|request|proxy|stores|size], or \
                     cargo xtask bench --peers [--quick] [--write] [PEER]…";
