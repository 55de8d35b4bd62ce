//! Measures auth-all and its peers in one run: `cargo xtask bench --peers [--quick] [--write] [PEER]…`.
//!
//! 1. One token endpoint on 127.0.0.1 (`compare/server.rs`) serves every peer, and counts requests.
//! 2. Each peer is one file in `peer`, `go` or `python`: a client, its call for a held token, a renewal.
//! 3. A Rust peer is a feature of this package; its programs `measure` and `minimal` are built with it alone.
//! 4. Programs of other languages take the same scenarios, and print the same `name value` lines.
//! 5. Each scenario runs in a process of its own; peers take turns within a round, and medians of rounds are kept.
//! 6. A peer that cannot be had is skipped, and its reason is printed and kept in the report.
//! 7. Builds are kept below `target/peers`; a clean build of `minimal` is timed once for each lock file.
//! 8. Tables go to the terminal, tables and CSV to `target/peers`, charts beside them.
//! 9. A whole run, and one with `--write`, also writes `docs/peers.md`, `docs/peers.csv` and `docs/pictures/peers`.

mod build;
mod chart;
mod figures;
mod peers;
mod report;
mod scenarios;
mod server;
mod worker;

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use build::Programs;
use figures::Figures;
use peers::{PEERS, Peer};
use server::Server;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// A peer whose programs are built.
struct Ready {
    peer: &'static Peer,
    programs: Programs,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result {
    let begun = Instant::now();
    let (flags, names): (Vec<_>, Vec<_>) =
        env::args().skip(1).partition(|arg| arg.starts_with('-'));
    let quick = flags.iter().any(|flag| flag == "--quick");
    let known = |flag: &&String| ["--quick", "--write"].contains(&flag.as_str());
    if let Some(unknown) = flags.iter().find(|flag| !known(flag)) {
        return Err(
            format!("`{unknown}` is unknown; usage: compare [--quick] [--write] [PEER]…").into(),
        );
    }
    let wanted = wanted(&names, quick)?;
    let (mut ready, mut skipped) = (Vec::new(), Vec::new());
    for (at, peer) in wanted.iter().copied().enumerate() {
        eprintln!("[{}/{}] build {}", at + 1, wanted.len(), peer.name);
        match build::programs(peer) {
            Ok(programs) => ready.push(Ready { peer, programs }),
            Err(error) => {
                eprintln!("SKIPPED {}: {error}", peer.name);
                skipped.push((peer.name, error.to_string()));
            }
        }
    }
    let server = Server::start()?;
    let mut figures = Figures::default();
    scenarios::all(&ready, &server, &mut figures, quick)?;
    let whole = !quick && names.is_empty();
    let written = whole || flags.iter().any(|flag| flag == "--write");
    report::write(
        &ready,
        &skipped,
        &figures,
        (whole, written),
        begun.elapsed(),
    )
}

fn wanted(names: &[String], quick: bool) -> Result<Vec<&'static Peer>> {
    if let Some(unknown) = names
        .iter()
        .find(|name| PEERS.iter().all(|peer| peer.name != **name))
    {
        let known: Vec<_> = PEERS.iter().map(|peer| peer.name).collect();
        return Err(format!("`{unknown}` is not a peer; known: {}", known.join(", ")).into());
    }
    let wanted = |peer: &&Peer| match names {
        [] => !quick || peer.quick,
        names => peer.name == peers::OURS || names.iter().any(|name| name == peer.name),
    };
    Ok(PEERS.iter().filter(wanted).collect())
}
