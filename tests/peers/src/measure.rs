//! Measures one peer: `measure SCENARIO [NUMBER]`, with settings from the environment.
//!
//! It prints `name value` lines. The programs in `go` and `python` take the same scenarios.

mod peer;

use std::fs;
use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::process;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use peer::{Client, Peer, Result, Settings, block_on};

fn main() -> Result {
    let settings = peer::settings()?;
    let mut args = std::env::args().skip(1);
    let scenario = args.next().unwrap_or_default();
    let number = args
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0);
    match scenario.as_str() {
        "held" => held(&settings),
        "request" => request(&settings),
        "renewing" => renewing(&settings),
        "sessions" => sessions(&settings, number),
        "expiry" => expiry(&settings, false),
        "empty" => expiry(&settings, true),
        "seed" => ready(&settings).map(drop),
        "process" => process(&settings),
        _ => Err("usage: measure SCENARIO [NUMBER]".into()),
    }
}

/// Creates a client that holds a token.
fn ready(settings: &Settings) -> Result<Client> {
    block_on(async {
        let client = Client::connect(settings).await?;
        client.token().await?;
        Ok(client)
    })
}

/// A held token at 1 to 16 threads: nanoseconds of one core, and allocations.
fn held(settings: &Settings) -> Result {
    let client = ready(settings)?;
    let counted = allocation_counter::measure(|| calls(&client, COUNTED));
    println!(
        "allocations {:.1}",
        counted.count_total as f64 / COUNTED as f64
    );
    for threads in [1, 2, 4, 8, 16] {
        let roughly = timed(threads, PROBED / threads, &client);
        let operations = TURN.as_nanos() as f64 * busy(threads) / roughly;
        println!(
            "held.{threads} {:.1}",
            timed(threads, operations as usize / threads + 1, &client)
        );
    }
    Ok(())
}

/// Returns nanoseconds of one core per call: two cores busy for a second are two seconds.
fn timed(threads: usize, each: usize, client: &Client) -> f64 {
    let ready = Barrier::new(threads + 1);
    let mut begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                calls(client, 1);
                ready.wait();
                calls(client, each);
            });
        }
        begun = Instant::now();
        ready.wait();
    });
    begun.elapsed().as_secs_f64() * 1e9 * busy(threads) / (each * threads) as f64
}

fn calls(client: &Client, count: usize) {
    block_on(async {
        for _ in 0..count {
            black_box(client.token().await.expect("a held token"));
        }
    });
}

fn busy(threads: usize) -> f64 {
    threads.min(thread::available_parallelism().map_or(1, usize::from)) as f64
}

/// A token request: microseconds, microseconds of processor time, allocations of the calling thread.
fn request(settings: &Settings) -> Result {
    let client = ready(settings)?;
    let renew = || block_on(client.renew(settings));
    for _ in 0..20 {
        renew()?;
    }
    let counted = allocation_counter::measure(|| drop(renew()));
    println!("request.allocations {}", counted.count_total);
    let (mut micros, processor) = (Vec::new(), processor_nanoseconds()?);
    for _ in 0..REQUESTS {
        let begun = Instant::now();
        renew()?;
        micros.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    let used = processor_nanoseconds()?.saturating_sub(processor);
    micros.sort_by(f64::total_cmp);
    println!("request.us {:.1}", micros[REQUESTS / 2]);
    println!("request.cpu {:.1}", used as f64 / 1e3 / REQUESTS as f64);
    Ok(())
}

/// Returns the processor time of all living threads.
fn processor_nanoseconds() -> Result<u64> {
    let mut total = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        total += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(total)
}

/// Waits of two threads that call without pause while the token is renewed.
///
/// `compare` writes `begin` when the renewal's request arrives, and `end` when its response has left.
fn renewing(settings: &Settings) -> Result {
    let client = ready(settings)?;
    let phase = AtomicUsize::new(0);
    println!("ready 1");
    io::stdout().flush()?;
    let mut waits = thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| overlapping(&client, &phase)))
            .collect();
        for line in io::stdin().lines().map_while(io::Result::ok) {
            phase.store(if line == "begin" { 1 } else { 2 }, Ordering::Release);
            if line == "end" {
                break;
            }
        }
        phase.store(2, Ordering::Release);
        let waits = threads.into_iter().filter_map(|thread| thread.join().ok());
        waits.flatten().collect::<Vec<u32>>()
    });
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    println!("renewing.calls {}", waits.len());
    let blocked = waits.iter().filter(|wait| **wait > BLOCKED).count();
    println!("renewing.blocked {blocked}");
    for (name, share) in [
        ("p50", 0.5),
        ("p99", 0.99),
        ("p9999", 0.9999),
        ("longest", 1.0),
    ] {
        println!("renewing.{name} {}", u64::from(at(share)));
    }
    Ok(())
}

/// Returns the nanoseconds of each call that overlaps the renewal.
fn overlapping(client: &Client, phase: &AtomicUsize) -> Vec<u32> {
    let mut waits = Vec::with_capacity(1 << 22);
    block_on(async {
        let mut begun = (Instant::now(), phase.load(Ordering::Acquire));
        loop {
            black_box(client.token().await.is_ok());
            let ended = (Instant::now(), phase.load(Ordering::Acquire));
            if begun.1 == 1 || begun.1 != ended.1 {
                waits.push(u32::try_from((ended.0 - begun.0).as_nanos()).unwrap_or(u32::MAX));
            }
            if ended.1 == 2 {
                return;
            }
            begun = ended;
        }
    });
    waits
}

/// One thread that takes turns among many clients: nanoseconds per call, and resident bytes per client.
fn sessions(settings: &Settings, count: usize) -> Result {
    drop(ready(settings)?);
    let before = resident_bytes()?;
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count {
        clients.push(ready(settings)?);
    }
    let each = resident_bytes()?.saturating_sub(before) / count as u64;
    println!("sessions.bytes.{count} {each}");
    // A step that is prime to the count reaches every client, in an order that no prefetcher foresees.
    let calls = count.max(100_000);
    let mut best = f64::MAX;
    for _ in 0..3 {
        let begun = Instant::now();
        block_on(async {
            let mut at = 0;
            for _ in 0..calls {
                black_box(clients[at].token().await.expect("a held token"));
                at = (at + STEP) % count;
            }
        });
        best = best.min(begun.elapsed().as_secs_f64() * 1e9 / calls as f64);
    }
    println!("sessions.{count} {best:.1}");
    // Freeing them is not measured.
    io::stdout().flush()?;
    process::exit(0)
}

fn resident_bytes() -> Result<u64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: u64 = line
        .unwrap_or_default()
        .trim_end_matches("kB")
        .trim()
        .parse()?;
    Ok(kilobytes * 1024)
}

/// Many callers at once when the token has expired, or when there is none yet.
fn expiry(settings: &Settings, empty: bool) -> Result {
    let client = match empty {
        true => block_on(Client::connect(settings))?,
        false => {
            let client = ready(settings)?;
            thread::sleep(EXPIRY);
            client
        }
    };
    wait_for_go()?;
    let client: &'static Client = Box::leak(Box::new(client));
    let (sender, answers) = mpsc::channel();
    let start: &'static Barrier = Box::leak(Box::new(Barrier::new(CALLERS + 1)));
    for _ in 0..CALLERS {
        let sender = sender.clone();
        thread::spawn(move || {
            start.wait();
            let _ = sender.send(block_on(client.token()).is_ok());
        });
    }
    start.wait();
    let begun = Instant::now();
    let (mut served, mut failed, mut longest) = (0, 0, Duration::ZERO);
    while served + failed < CALLERS {
        let left = PATIENCE.saturating_sub(begun.elapsed());
        match answers.recv_timeout(left) {
            Ok(true) => served += 1,
            Ok(false) => failed += 1,
            Err(_) => break,
        }
        longest = begun.elapsed();
    }
    println!(
        "served {served}\nfailed {failed}\nwaiting {}",
        CALLERS - served - failed
    );
    println!("longest {:.1}", longest.as_secs_f64() * 1e3);
    io::stdout().flush()?;
    // Callers that wait for a server that hangs would hold up the end.
    process::exit(0)
}

/// One of many processes whose token has expired, and which begin at once.
fn process(settings: &Settings) -> Result {
    wait_for_go()?;
    let length = block_on(async { Client::connect(settings).await?.token().await })?;
    println!("token {length}");
    Ok(())
}

fn wait_for_go() -> Result {
    println!("ready 1");
    io::stdout().flush()?;
    io::stdin().lock().read_line(&mut String::new())?;
    Ok(())
}

const COUNTED: usize = 1000;
const PROBED: usize = 16_000;
const TURN: Duration = Duration::from_millis(60);
const REQUESTS: usize = 300;
/// Nanoseconds above which a call waited for the renewal, and not for its turn on a core.
const BLOCKED: u32 = 100_000_000;
const STEP: usize = 7_919;
const CALLERS: usize = 64;
/// The first token lives for one second.
const EXPIRY: Duration = Duration::from_millis(1300);
/// Longer than 64 answers of 25 milliseconds one after the other.
const PATIENCE: Duration = Duration::from_secs(3);
