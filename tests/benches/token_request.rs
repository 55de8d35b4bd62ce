//! A token request over loopback, compared with a bare POST of the same bytes with the same settings.
//!
//! `cargo xtask bench request`. Each request has a connection of its own, as token requests should.

mod bare;
mod endpoint;
mod measure;

use std::time::Duration;

use auth_core::grant::TokenRequest;
use auth_core::transport::HttpTransport;
use bare::{agent, post};
use measure::{median, now, verdict};
use serde_json::Value;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// One kind of request, with real time and processor time of each, and its allocations.
struct Sample {
    name: &'static str,
    send: Box<dyn Fn() -> Outcome>,
    micros: Vec<f64>,
    processor_micros: Vec<f64>,
}

fn main() -> Outcome {
    let url = endpoint::serve()?;
    let (bare, parsed, ours) = (url.clone(), url.clone(), url);
    let (agent, transport) = (agent(), HttpTransport::new());
    let parsing = agent.clone();
    let mut samples = [
        Sample::new("bare ureq POST", move || post(&agent, &bare).map(drop)),
        Sample::new("  and serde_json::Value", move || {
            let answer: Value = serde_json::from_slice(&post(&parsing, &parsed)?)?;
            answer["access_token"]
                .as_str()
                .map(drop)
                .ok_or_else(|| "no token".into())
        }),
        Sample::new("TokenRequest::form(…).send(…)", move || {
            let request = PARAMETERS.iter().fold(
                TokenRequest::form(ours.as_str()),
                |request, (name, value)| request.param(*name, *value),
            );
            Ok(request.send(&transport).map(drop)?)
        }),
    ];
    for _ in 0..ROUNDS {
        for sample in &mut samples {
            sample.take()?;
        }
    }
    print(&samples)
}

fn print(samples: &[Sample]) -> Outcome {
    println!(
        "\n    one request, medians of {} taken in turns\n",
        ROUNDS * REQUESTS
    );
    println!(
        "    {:34}{:>10}{:>10}{:>14}{:>14}",
        "", "µs", "CPU µs", "allocations", "ratio"
    );
    for sample in samples {
        let ratio = samples[0].ratio(&sample.micros);
        let allocations = allocation_counter::measure(|| drop((sample.send)())).count_total;
        let (micros, processor) = (
            median(sample.micros.clone()),
            median(sample.processor_micros.clone()),
        );
        println!(
            "    {:34}{micros:>10.0}{processor:>10.0}{allocations:>14}{ratio:>14.2}",
            sample.name
        );
    }
    let ours = samples.last().ok_or("nothing was measured")?;
    println!(
        "    {:34}{}",
        "",
        verdict(samples[0].ratio(&ours.micros), 1.05)
    );
    Ok(())
}

impl Sample {
    fn new(name: &'static str, send: impl Fn() -> Outcome + 'static) -> Self {
        Sample {
            name,
            send: Box::new(send),
            micros: Vec::new(),
            processor_micros: Vec::new(),
        }
    }

    fn take(&mut self) -> Outcome {
        for _ in 0..REQUESTS {
            let (begun, processor) = (now(), processor_time());
            (self.send)()?;
            self.processor_micros
                .push((processor_time() - processor).as_secs_f64() * 1e6);
            self.micros.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        Ok(())
    }

    /// Returns the median, over the rounds, of the others' time divided by our own.
    fn ratio(&self, others: &[f64]) -> f64 {
        let rounds = self.micros.chunks(REQUESTS).zip(others.chunks(REQUESTS));
        median(
            rounds
                .map(|(own, other)| median(other.to_vec()) / median(own.to_vec()))
                .collect(),
        )
    }
}

/// Returns the processor time that this thread has used.
#[cfg(target_os = "linux")]
fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.try_into().unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn processor_time() -> Duration {
    Duration::ZERO
}

const ROUNDS: usize = 60;
const REQUESTS: usize = 20;

const PARAMETERS: [(&str, &str); 5] = [
    ("grant_type", "password"),
    ("client_id", "demo"),
    ("client_secret", "a-secret-of-some-length"),
    ("username", "ada"),
    ("password", "battery-staple"),
];
