//! The cost of `auth-all proxy`, beside a bare proxy over the same `ureq`.
//!
//! `cargo xtask bench proxy`. Both are processes of their own; client and API are in this one. The bare proxy sets a
//! fixed header and checks nothing.

mod bare;
mod world;

use std::env;
use std::error::Error;
use std::time::Duration;

use world::{Client, Proxy, World};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let args: Vec<String> = env::args().collect();
    if let [_, word, url] = args.as_slice()
        && word == bare::ARGUMENT
    {
        return bare::run(url);
    }
    let world = World::start()?;
    requests(&world)?;
    bodies(&world)?;
    connections(&world)
}

/// Requests on kept connections: processor time of the proxy for each.
fn requests(world: &World) -> Outcome {
    let (ours, bare) = (Proxy::ours(world)?, Proxy::bare(world)?);
    println!(
        "\n    processor time of one request in µs, medians of {ROUNDS} rounds of {REQUESTS}\n"
    );
    println!("    {:40}{:>10}{:>10}{:>10}", "", "ours", "bare", "ratio");
    // Kept to the end: the time of a thread that has ended is not counted.
    let mut clients = [ours.client()?, bare.client()?];
    let post = format!("content-length: 1024\r\n\r\n{}", "x".repeat(1024));
    let many: String = (0..20)
        .map(|number| format!("x-field-{number}: value\r\n"))
        .collect();
    for (name, method, rest) in [
        ("a GET", "GET", "\r\n"),
        (
            "a GET with 20 header fields",
            "GET",
            &*format!("{many}\r\n"),
        ),
        ("a POST of 1 KiB", "POST", &*post),
    ] {
        let mut rounds = Vec::new();
        for _ in 0..=ROUNDS {
            let ours = micros(&ours, &mut clients[0], method, rest)?;
            rounds.push((ours, micros(&bare, &mut clients[1], method, rest)?));
        }
        // The first warms up.
        rounds.remove(0);
        let of = |value: fn(&(f64, f64)) -> f64| median(rounds.iter().map(value).collect());
        let (ours, bare, ratio) = (of(|it| it.0), of(|it| it.1), of(|it| it.0 / it.1));
        println!("    {name:40}{ours:>10.1}{bare:>10.1}{ratio:>10.2}");
    }
    Ok(())
}

fn micros(proxy: &Proxy, client: &mut Client, method: &str, rest: &str) -> Outcome<f64> {
    let begun = proxy.processor_time()?;
    for _ in 0..REQUESTS {
        client.exchange(method, "/assets", rest)?;
    }
    let spent = proxy.processor_time()? - begun;
    Ok(spent.as_secs_f64() * 1e6 / f64::from(REQUESTS))
}

/// One gibibyte in each direction: the most memory that the proxy has ever had.
fn bodies(world: &World) -> Outcome {
    println!("\n    a body of 1 GiB\n");
    println!(
        "    {:40}{:>10}{:>10}{:>10}",
        "", "peak MiB", "CPU s", "GiB/s"
    );
    for (name, send) in [
        (
            "up, with its length",
            world::put_sized as fn(&mut Client, u64) -> Outcome,
        ),
        ("up, in chunks", world::put_chunked),
        ("down, with its length", world::get_sized),
        ("down, in chunks", world::get_chunked),
    ] {
        let proxy = Proxy::ours(world)?;
        let mut client = proxy.client()?;
        client.exchange("GET", "/assets", "\r\n")?;
        let (begun, wall) = (proxy.processor_time()?, world::now());
        send(&mut client, GIBIBYTE)?;
        let spent: Duration = proxy.processor_time()? - begun;
        let wall = world::now().since(wall).as_secs_f64();
        let (peak, spent) = (proxy.peak()?, spent.as_secs_f64());
        println!("    {name:40}{peak:>10.1}{spent:>10.2}{:>10.2}", 1.0 / wall);
    }
    Ok(())
}

/// Connections that are kept: memory and processor time while all are used in turn.
fn connections(world: &World) -> Outcome {
    println!("\n    kept connections, each used five times\n");
    println!("    {:40}{:>10}{:>10}{:>10}", "", "peak MiB", "µs each", "");
    for count in [1, 100, 1000] {
        let proxy = Proxy::ours(world)?;
        let clients = (0..count).map(|_| proxy.client());
        let mut clients = clients.collect::<Outcome<Vec<_>>>()?;
        let mut round = || -> Outcome {
            for client in &mut clients {
                client.exchange("GET", "/assets", "\r\n")?;
            }
            Ok(())
        };
        round()?;
        let begun = proxy.processor_time()?;
        for _ in 0..4 {
            round()?;
        }
        let spent = (proxy.processor_time()? - begun).as_secs_f64();
        let each = spent * 1e6 / (4.0 * f64::from(count));
        println!("    {count:<40}{:>10.1}{each:>10.1}", proxy.peak()?);
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const ROUNDS: usize = 15;
const REQUESTS: u32 = 1000;
const GIBIBYTE: u64 = 1024 * 1024 * 1024;
