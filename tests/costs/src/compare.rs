//! Processor time of our requests and of bare ones, taken in turns: `auth-costs compare`.

use std::time::Duration;

use crate::server::Server;
use crate::{Operation, Outcome, bare, ours};

/// The argument that makes this program compare.
pub(crate) const ARGUMENT: &str = "compare";

pub(crate) fn run() -> Outcome {
    let server = Server::start()?;
    println!(
        "\n    processor time of one request in µs, medians of {ROUNDS} rounds of {REQUESTS}\n"
    );
    println!(
        "    {:40}{:>10}{:>10}{:>10}",
        "", "ours", "bare ureq", "ratio"
    );
    for (name, ours, bare) in [
        (
            "a signed GET, kept connection",
            ours::signed_request as crate::Prepare,
            bare::signed_request as crate::Prepare,
        ),
        (
            "a token request, new connection",
            ours::token_request,
            bare::token_request,
        ),
    ] {
        let (mut ours, mut bare) = (ours(server.url())?, bare(server.url())?);
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push((micros(&mut ours)?, micros(&mut bare)?));
        }
        let of = |value: fn(&(f64, f64)) -> f64| median(rounds.iter().map(value).collect());
        let (ours, bare, ratio) = (of(|it| it.0), of(|it| it.1), of(|it| it.0 / it.1));
        println!("    {name:40}{ours:>10.1}{bare:>10.1}{ratio:>10.2}");
    }
    Ok(())
}

/// Returns the processor time of one operation, the threads that it starts included.
fn micros(operation: &mut Operation) -> Outcome<f64> {
    let begun = processor_time();
    for _ in 0..REQUESTS {
        operation()?;
    }
    Ok((processor_time() - begun).as_secs_f64() * 1e6 / f64::from(REQUESTS))
}

#[cfg(unix)]
fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.try_into().unwrap_or_default()
}

#[cfg(not(unix))]
fn processor_time() -> Duration {
    Duration::ZERO
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const ROUNDS: usize = 101;
const REQUESTS: u32 = 50;
