//! A thousand to a million customers: memory, the way to a header, a sweep of renewals, and ten thousand logins in files.
//!
//! `cargo xtask bench sessions`. The floor of a header is a dense index: a `Vec` of `arc_swap` handles, a read of a coarse
//! clock and a clone of the header's value. Customers are named at random, so that a large table is not in the caches.

mod contest;
#[path = "sessions/files.rs"]
mod files;
mod measure;
mod shifted;

use std::cell::Cell;
use std::hint::black_box;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use auth_all::Secret;
use auth_core::clock::{Clock, SystemClock};
use auth_core::grant::{Identity, Lifetime, Policy, TokenRequest, TokenResponse};
use auth_core::http::HeaderValue;
use auth_core::{Grant, Result, Session, SessionCounts, Sessions};
use contest::{Contender, ROUNDS, cores, rounds};
use measure::{now, verdict};
use shifted::Shifted;

fn main() -> Result<()> {
    for customers in CUSTOMERS {
        let town = Town::new(customers)?;
        town.print_memory();
        town.print_headers()?;
        town.print_sweep()?;
    }
    files::print()
}

/// Customers with a session each, all of which hold a token.
struct Town {
    customers: u64,
    sessions: Arc<Sessions<u64>>,
    clock: Shifted,
    bytes: f64,
}

impl Town {
    fn new(customers: u64) -> Result<Self> {
        eprintln!("    {customers} customers: making their sessions …");
        let clock = Shifted::default();
        let with = clock.clone();
        let mut sessions = None;
        let mut made = Ok(());
        let used = allocation_counter::measure(|| {
            let new = Sessions::new(move |customer: &u64| {
                let grant = Customer(*customer);
                Session::builder(grant).clock(with.clone()).build()
            });
            let new = new.with_capacity(customers as usize);
            made = (0..customers).try_for_each(|customer| new.get(&customer)?.token().map(drop));
            sessions = Some(Arc::new(new));
        });
        made?;
        let Some(sessions) = sessions else {
            unreachable!("the closure was called");
        };
        Ok(Self {
            customers,
            sessions,
            clock,
            bytes: used.bytes_current as f64 / customers as f64,
        })
    }

    fn print_memory(&self) {
        let beyond = self.bytes - 2.0 * TOKEN as f64;
        println!(
            "\n    {} customers: {:.0} bytes each, {beyond:.0} beyond two copies of its token of {TOKEN} bytes, {}",
            self.customers,
            self.bytes,
            verdict(beyond / 512.0, 1.0)
        );
    }

    fn print_headers(&self) -> Result<()> {
        let kept: Result<Vec<Session>> = (0..self.customers)
            .map(|customer| self.sessions.get(&customer))
            .collect();
        let (kept, sessions, customers) = (kept?, Arc::clone(&self.sessions), self.customers);
        let contenders = [
            (dense_index(customers), None),
            (
                Contender::new("a session that is kept, its header", move || {
                    let _ = black_box(kept[any(customers) as usize].authorization());
                }),
                Some(1.1),
            ),
            (
                Contender::new("Sessions::get by key, its header", move || {
                    let session = sessions.get(&any(customers));
                    let _ = black_box(session.and_then(|session| session.authorization()));
                }),
                Some(2.0),
            ),
        ];
        let (contenders, reach): (Vec<_>, Vec<_>) = contenders.into_iter().unzip();
        let by_threads = THREADS.map(|threads| rounds(&contenders, threads));
        println!(
            "\n    ns of one core per header (ratio to the dense index), medians of {ROUNDS} rounds, {} cores\n",
            cores()
        );
        println!(
            "    {:34}{:>16}{:>16}{:>16}  allocations",
            "", "1 thread", "2 threads", "16 threads"
        );
        for (at, (contender, reach)) in contenders.iter().zip(reach).enumerate() {
            print!("    {:34}", contender.name);
            for measured in &by_threads {
                let (time, ratio) = measured[at];
                print!("{time:>9.1} ({ratio:4.2})");
            }
            print!("  {:>11.0}", contender.allocations);
            let ratios = by_threads.iter().map(|measured| measured[at].1);
            let worst = ratios.fold(0.0, f64::max);
            println!(
                "{}",
                reach.map_or_else(String::new, |reach| format!("  {}", verdict(worst, reach)))
            );
        }
        Ok(())
    }

    /// Lets all tokens become due, then some by some.
    fn print_sweep(&self) -> Result<()> {
        eprint!("    {} customers: renewing …", self.customers);
        self.clock.advance(DUE);
        let begun = now();
        let sweep = self.sessions.refresh_in_background()?;
        let renewed = self.wait_until(|counts| counts.renewed == self.customers);
        let took = begun.elapsed().as_secs_f64();
        drop(sweep);
        println!(
            "\n    a sweep of {renewed} renewals by one thread: {took:.2} s, {:.0} a second",
            renewed as f64 / took
        );
        if self.customers > MOST_SPREAD {
            eprintln!();
            return Ok(());
        }
        let mut by_minute = Vec::new();
        let mut before = renewed;
        for _ in 0..DUE / 60 {
            self.clock.advance(60);
            let sweep = self.sessions.refresh_in_background()?;
            // All that are due are renewed when the count stands still.
            let (mut last, mut times) = (u64::MAX, 0);
            let after = self.wait_until(|counts| {
                let is_same = mem::replace(&mut last, counts.renewed) == counts.renewed;
                times = if is_same { times + 1 } else { 0 };
                times == STANDSTILL
            });
            drop(sweep);
            by_minute.push(after - before);
            before = after;
            eprint!(".");
        }
        eprintln!();
        let renewed: u64 = by_minute.iter().sum();
        let busiest = by_minute.iter().max().copied().unwrap_or_default();
        let busy = by_minute.iter().filter(|count| **count > 0).count();
        println!(
            "    renewed within {busy} minutes, {:.1} % in the busiest, {}",
            100.0 * busiest as f64 / renewed as f64,
            verdict(busiest as f64 / renewed as f64, 0.1)
        );
        Ok(())
    }

    fn wait_until(&self, mut is_enough: impl FnMut(SessionCounts) -> bool) -> u64 {
        loop {
            SystemClock::new().sleep(Duration::from_millis(20));
            let counts = self.sessions.counts();
            if is_enough(counts) {
                return counts.renewed;
            }
        }
    }
}

/// The least that a replaceable token of each customer can cost with a good crate.
fn dense_index(customers: u64) -> Contender {
    struct Entry {
        value: HeaderValue,
        issued: u64,
    }
    let entry = |customer| {
        let value = HeaderValue::try_from(format!("Bearer {}", text(customer)))
            .unwrap_or_else(|_| unreachable!("it is of letters and digits"));
        // The first clone of a value allocates.
        drop(value.clone());
        let issued = SystemClock::new().seconds();
        Entry { value, issued }
    };
    let entries = (0..customers).map(|customer| ArcSwap::from_pointee(entry(customer)));
    let entries: Vec<_> = entries.collect();
    Contender::new("a dense index: Vec of arc_swap", move || {
        let entry = entries[any(customers) as usize].load();
        let is_fresh = SystemClock::new().seconds().wrapping_sub(entry.issued) < 3600;
        black_box(is_fresh.then(|| entry.value.clone()));
    })
}

/// A customer at random, another sequence on each thread.
fn any(customers: u64) -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(SEED.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed));
    }
    static SEED: AtomicU64 = AtomicU64::new(0x2545_F491_4F6C_DD1D);
    STATE.with(|state| {
        let mut number = state.get();
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        state.set(number);
        ((u128::from(number) * u128::from(customers)) >> 64) as u64
    })
}

fn text(customer: u64) -> String {
    format!("{customer:0>TOKEN$}")
}

/// A customer whose tokens live an hour.
#[derive(Debug)]
struct Customer(u64);

impl Grant for Customer {
    fn identity(&self) -> Identity {
        Identity::new("town").user(Some(&self.0.to_string()))
    }

    fn policy(&self) -> Policy {
        Policy::for_client()
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let customer = self.0;
        Ok(TokenRequest::from_fn([], move |_| {
            let mut response = TokenResponse::new(Secret::new(text(customer)));
            response.lifetime = Lifetime::For(Duration::from_secs(3600));
            Ok(response)
        }))
    }
}

const CUSTOMERS: [u64; 3] = [1000, 100_000, 1_000_000];
const THREADS: [usize; 3] = [1, 2, 16];
/// Bytes of a token.
const TOKEN: usize = 250;
/// Seconds after which every token is due, and none has expired.
const DUE: u64 = 2820;
/// Looks at a count that stand for its end, 20 ms apart.
const STANDSTILL: u32 = 5;
/// Most customers whose renewals are counted by the minute.
const MOST_SPREAD: u64 = 100_000;
