//! A token from one of many sessions, as in a service that holds the tokens of its customers.
//!
//! The floor is the minimum for many replaceable tokens with a good crate: a `Vec` of handles of `arc_swap`, each
//! with a header value of the same length, and a read of the coarse clock. Tokens are obtained in random order, as
//! customers appear, so that no session benefits from its neighbour's place in memory.

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use allocation_counter::measure;
use arc_swap::ArcSwap;
use auth_all::Secret;
use auth_core::grant::{Identity, Lifetime, Policy, TokenRequest, TokenResponse};
use auth_core::{Grant, Session};

use crate::measure::{median, verdict};
use crate::{Entry, coarse, entry_of};

/// Prints the costs for each number of sessions, then the memory that they hold.
pub(crate) fn run() {
    println!(
        "\n    one of many sessions: ns of processor time per operation (ratio to the floor), medians of {ROUNDS} rounds\n"
    );
    println!(
        "    {:>8} {:>8} {:8}{:>14}{:>16}{:>16}{:>18}  allocations",
        "sessions", "threads", "order", "floor", "lent", "token()", "authorization()"
    );
    let mut worst = [0.0_f64; 3];
    for sessions in [1, 8, 16, 64, 1000, 100_000] {
        let subject = Subject::new(sessions);
        for threads in [1, 2, 16] {
            for order in [Order::InTurn, Order::Random] {
                subject.compare(threads, order, &mut worst);
            }
        }
    }
    let [lent, token, authorization] = worst.map(|worst| verdict(worst, REACH));
    println!("\n    worst: lent, {lent}; token(), {token}; authorization(), {authorization}");
    holdings();
}

#[derive(Clone, Copy)]
enum Order {
    InTurn,
    Random,
}

/// As many tokens, held by `arc_swap` and by sessions.
struct Subject {
    floor: Vec<Arc<ArcSwap<Entry>>>,
    sessions: Vec<Session>,
}

impl Subject {
    fn new(count: usize) -> Self {
        let empty = Arc::new(entry_of(1));
        let handle = |_| Arc::new(ArcSwap::new(Arc::clone(&empty)));
        let floor: Vec<_> = (0..count).map(handle).collect();
        let sessions: Vec<_> = (0..count)
            .map(|number| {
                Session::new(Customer {
                    number,
                    length: LENGTH,
                })
            })
            .collect();
        for at in shuffled(count) {
            floor[at].store(Arc::new(entry_of(LENGTH)));
        }
        for at in shuffled(count) {
            drop(sessions[at].token());
        }
        Self { floor, sessions }
    }

    fn compare(&self, threads: usize, order: Order, worst: &mut [f64; 3]) {
        let floor = |at: usize| {
            let entry = self.floor[at].load();
            let fresh = coarse().wrapping_sub(entry.issued) < entry.life;
            black_box((fresh, entry.value.as_bytes().len()));
        };
        let lent = |at: usize| {
            let _ = black_box(self.sessions[at].with_authorization(|value| {
                black_box(value.as_bytes().len());
            }));
        };
        let token = |at: usize| {
            let _ = black_box(self.sessions[at].token());
        };
        let authorization = |at: usize| {
            let _ = black_box(self.sessions[at].authorization());
        };
        let count = self.sessions.len();
        let timed: [&dyn Fn() -> f64; 4] = [
            &|| time(count, threads, order, floor),
            &|| time(count, threads, order, lent),
            &|| time(count, threads, order, token),
            &|| time(count, threads, order, authorization),
        ];
        let rounds: Vec<[f64; 4]> = (0..ROUNDS).map(|_| timed.map(|time| time())).collect();
        let of = |at: usize| median(rounds.iter().map(|round| round[at]).collect());
        let ratio = |at: usize| median(rounds.iter().map(|round| round[at] / round[0]).collect());
        let word = match order {
            Order::InTurn => "in turn",
            Order::Random => "random",
        };
        print!("    {count:>8} {threads:>8} {word:8}{:>14.1}", of(0));
        for at in 1..4 {
            let width = if at == 3 { 11 } else { 9 };
            print!("{:>width$.1} ({:4.2})", of(at), ratio(at));
            worst[at - 1] = worst[at - 1].max(ratio(at));
        }
        println!(
            "  {:.2}",
            allocations(count, order, |at| {
                lent(at);
                token(at);
                authorization(at);
            })
        );
    }
}

/// Returns nanoseconds of processor time per operation.
fn time(count: usize, threads: usize, order: Order, operation: impl Fn(usize) + Sync) -> f64 {
    let each = OPERATIONS / threads;
    let (ready, operation) = (&Barrier::new(threads), &operation);
    let took = thread::scope(|scope| {
        let work = |thread| {
            scope.spawn(move || {
                warm(count, operation);
                ready.wait();
                let begun = busy();
                places(count, order, thread).take(each).for_each(operation);
                busy().saturating_sub(begun)
            })
        };
        let working: Vec<_> = (0..threads).map(work).collect();
        let took = working.into_iter().map(ScopedJoinHandle::join);
        took.map(Result::unwrap_or_default).sum::<Duration>()
    });
    took.as_secs_f64() * 1e9 / (each * threads) as f64
}

/// Returns the allocations of one operation.
fn allocations(count: usize, order: Order, operation: impl Fn(usize)) -> f64 {
    warm(count, &operation);
    let counted = measure(|| places(count, order, 0).take(COUNTED).for_each(&operation));
    counted.count_total as f64 / (3 * COUNTED) as f64
}

/// Makes this thread known to be one that uses these sessions repeatedly.
fn warm(count: usize, operation: &impl Fn(usize)) {
    for at in 0..count.min(2000) {
        (0..3).for_each(|_| operation(at));
    }
}

/// The sessions that a thread uses, one after the other.
fn places(count: usize, order: Order, thread: usize) -> impl Iterator<Item = usize> {
    let (mut at, mut state) = (thread * 31 % count, SEED + thread as u64);
    std::iter::repeat_with(move || {
        at = match order {
            Order::InTurn if at + 1 == count => 0,
            Order::InTurn => at + 1,
            Order::Random => random(&mut state) as usize % count,
        };
        at
    })
}

fn shuffled(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut state = SEED;
    for at in (1..count).rev() {
        order.swap(at, random(&mut state) as usize % (at + 1));
    }
    order
}

/// Xorshift.
fn random(state: &mut u64) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 32) as u32
}

/// Prints the copies of a token, and the bytes beside them, that a session and a thread hold.
fn holdings() {
    let _warm = held(1);
    let (short, long) = (held(LENGTH), held(2 * LENGTH));
    for (at, holder) in ["session", "thread, per session that it uses"]
        .iter()
        .enumerate()
    {
        let copies = (long[at] - short[at]) / LENGTH as f64;
        let beyond = short[at] - copies * LENGTH as f64;
        println!("    held by a {holder}: {copies:.2} copies of its token, and {beyond:.0} bytes");
    }
}

/// Returns the bytes that a session holds, and those that a thread holds for each session, with tokens of this length.
fn held(length: usize) -> [f64; 2] {
    const MANY: usize = 1000;
    let mut sessions = Vec::with_capacity(MANY);
    let made = measure(|| {
        sessions.extend((0..MANY).map(|number| Session::new(Customer { number, length })));
        sessions.iter().for_each(|session| drop(session.token()));
    });
    let used = thread::scope(|scope| {
        let using = scope.spawn(|| {
            measure(|| {
                warm(MANY, &|at| drop(sessions[at].token()));
            })
        });
        using.join().map_or(0, |used| used.bytes_current)
    });
    [made.bytes_current, used].map(|bytes| bytes as f64 / MANY as f64)
}

/// Returns the processor time of this thread, which other programs do not prolong.
#[cfg(target_os = "linux")]
fn busy() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// Returns the time, where that of a thread is not known.
#[cfg(not(target_os = "linux"))]
fn busy() -> Duration {
    use auth_core::clock::{Clock as _, SystemClock};
    SystemClock::new().now().monotonic
}

/// A customer whose token has this length and lives an hour.
#[derive(Debug)]
struct Customer {
    number: usize,
    length: usize,
}

impl Grant for Customer {
    fn identity(&self) -> Identity {
        Identity::new("many").with("username", &self.number.to_string())
    }

    fn policy(&self) -> Policy {
        Policy::for_client()
    }

    fn login_request(&self) -> auth_core::Result<TokenRequest> {
        let length = self.length;
        Ok(TokenRequest::from_fn([], move |_| {
            let mut response = TokenResponse::new(Secret::new("t".repeat(length)));
            response.lifetime = Lifetime::For(Duration::from_secs(3600));
            Ok(response)
        }))
    }
}

const REACH: f64 = 1.2;
const ROUNDS: usize = 7;
const OPERATIONS: usize = 160_000;
const COUNTED: usize = 10_000;
/// Bytes of a token, as of a small JWT.
const LENGTH: usize = 1000;
const SEED: u64 = 88_172_645_463_325_252;
