//! A held token, read by 1, 2 and 16 threads, of one session and of many, compared with common alternatives.
//!
//! `cargo xtask bench token`. The floor is the minimum that a shared, replaceable token can cost with a
//! good crate: a load of `arc_swap` and a read of a coarse clock.

mod contest;
mod many_sessions;
mod measure;
mod shifted;

use auth_all::Secret;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use auth_core::grant::{Identity, Lifetime, Policy, TokenRequest, TokenResponse};
use auth_core::http::HeaderValue;
use auth_core::{Grant, Session};
use bytes::Bytes;
use contest::{Contender, ROUNDS, cores, rounds};
use measure::{now, verdict};
use shifted::Shifted;

/// Measures the contenders; ours have a target for their ratio to the floor.
fn main() {
    let renewal = Renewal::begin();
    let (held, cloned_from) = (
        Session::new(Fixed::default()),
        Session::new(Fixed::default()),
    );
    let renewed = renewal.session.clone();
    let contenders = [
        (arc_swap_floor(), None),
        (lent("session.with_authorization(…)", held), Some(0.6)),
        (lent("  while another thread renews", renewed), Some(0.6)),
        (token("session.token()", cloned_from.clone()), Some(1.0)),
        (cloned("session.authorization()", cloned_from), Some(1.0)),
        (own_value(), None),
        (rwlock(), None),
        (mutex(), None),
        (clock_alone(), None),
    ];
    let (contenders, reach): (Vec<_>, Vec<_>) = contenders.into_iter().unzip();
    let by_threads = THREADS.map(|threads| rounds(&contenders, threads));
    print(&contenders, &reach, &by_threads);
    renewal.end();
    many_sessions::run();
}

fn print(contenders: &[Contender], reach: &[Option<f64>], by_threads: &[Vec<(f64, f64)>; 3]) {
    println!(
        "\n    ns of one core per operation (ratio to the floor), medians of {ROUNDS} rounds, {} cores\n",
        cores()
    );
    println!(
        "    {:34}{:>16}{:>16}{:>16}  allocations",
        "", "1 thread", "2 threads", "16 threads"
    );
    for (at, contender) in contenders.iter().enumerate() {
        print!("    {:34}", contender.name);
        for measured in by_threads {
            let (time, ratio) = measured[at];
            print!("{time:>9.1} ({ratio:4.2})");
        }
        println!("  {:.0}", contender.allocations);
        if let Some(reach) = reach[at] {
            let worst = by_threads
                .iter()
                .map(|measured| measured[at].1)
                .fold(0.0, f64::max);
            let spread = by_threads[2][at].0 / by_threads[0][at].0;
            println!(
                "    {:34}  {}; 16 threads to 1: {spread:.2}, {}",
                "",
                verdict(worst, reach),
                verdict(spread, 1.15)
            );
        }
    }
}

fn lent(name: &'static str, session: Session) -> Contender {
    Contender::new(name, move || {
        let _ = black_box(session.with_authorization(|value| {
            black_box(value.as_bytes().len());
        }));
    })
}

fn cloned(name: &'static str, session: Session) -> Contender {
    Contender::new(name, move || {
        let _ = black_box(session.authorization());
    })
}

fn token(name: &'static str, session: Session) -> Contender {
    Contender::new(name, move || {
        let _ = black_box(session.token());
    })
}

/// The minimum for any cloned header value: the coarse clock and a reference count that no other thread uses.
fn own_value() -> Contender {
    thread_local! {
        static VALUE: HeaderValue = entry_of(16).value;
    }
    Contender::new("for comparison: clock + own value", || {
        black_box((coarse(), VALUE.with(HeaderValue::clone)));
    })
}

struct Entry {
    value: HeaderValue,
    issued: u64,
    life: u64,
}

fn entry() -> Entry {
    entry_of(16)
}

/// A header value with a token of this length.
fn entry_of(length: usize) -> Entry {
    let text = format!("Bearer {}", "t".repeat(length));
    let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from_owner(text)) else {
        unreachable!("letters");
    };
    Entry {
        value,
        issued: coarse(),
        life: 3600,
    }
}

fn arc_swap_floor() -> Contender {
    let held = ArcSwap::from_pointee(entry());
    Contender::new("floor: arc_swap + coarse clock", move || {
        let entry = held.load();
        let fresh = coarse().wrapping_sub(entry.issued) < entry.life;
        black_box((fresh, entry.value.as_bytes().len()));
    })
}

/// The part of the floor that is the cost of the coarse clock.
fn clock_alone() -> Contender {
    Contender::new("for comparison: the coarse clock", || {
        black_box(coarse());
    })
}

fn rwlock() -> Contender {
    let held = RwLock::new(Arc::new((entry(), now() + Duration::from_secs(3600))));
    Contender::new("RwLock<Arc<…>>, precise clock", move || {
        let entry = held.read().map(|held| Arc::clone(&held));
        let _ = black_box(entry.map(|entry| (now() < entry.1, entry)));
    })
}

fn mutex() -> Contender {
    let held: Mutex<(String, Instant)> = Mutex::new((
        "0123456789abcdef".to_owned(),
        now() + Duration::from_secs(3600),
    ));
    Contender::new("Mutex, format!(\"Bearer …\")", move || {
        let value = held
            .lock()
            .map(|held| (now() < held.1).then(|| format!("Bearer {}", held.0)));
        let _ = black_box(value);
    })
}

/// Reads the clock that our session uses by default on this system.
#[cfg(target_os = "linux")]
fn coarse() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    now.tv_sec.unsigned_abs()
}

#[cfg(not(target_os = "linux"))]
fn coarse() -> u64 {
    auth_core::clock::Clock::seconds(&auth_core::clock::SystemClock::new())
}

/// A token that lives an hour; from the second login on, one that takes from one barrier to the next.
#[derive(Debug, Default)]
struct Fixed {
    logins: Arc<AtomicU64>,
    barrier: Option<Arc<Barrier>>,
}

impl Grant for Fixed {
    fn identity(&self) -> Identity {
        Identity::new("fixed")
    }

    fn policy(&self) -> Policy {
        Policy::for_client()
    }

    fn login_request(&self) -> auth_core::Result<TokenRequest> {
        let (logins, barrier) = (Arc::clone(&self.logins), self.barrier.clone());
        Ok(TokenRequest::from_fn([], move |_| {
            let is_first = logins.fetch_add(1, Ordering::Relaxed) == 0;
            if let Some(barrier) = barrier.as_ref().filter(|_| !is_first) {
                barrier.wait();
                barrier.wait();
            }
            let mut response = TokenResponse::new(Secret::new("0123456789abcdef"));
            response.lifetime = Lifetime::For(Duration::from_secs(3600));
            Ok(response)
        }))
    }
}

/// A session whose token is due, with a thread that renews it during the measurement.
struct Renewal {
    session: Session,
    barrier: Arc<Barrier>,
    renewing: thread::JoinHandle<()>,
}

impl Renewal {
    fn begin() -> Self {
        let barrier = Arc::new(Barrier::new(2));
        let clock = Shifted::default();
        let grant = Fixed {
            barrier: Some(Arc::clone(&barrier)),
            ..Fixed::default()
        };
        let Ok(session) = Session::builder(grant).clock(clock.clone()).build() else {
            unreachable!("this grant has no settings");
        };
        drop(session.token());
        clock.advance(3500);
        let renewer = session.clone();
        let renewing = thread::spawn(move || drop(renewer.token()));
        barrier.wait();
        Self {
            session,
            barrier,
            renewing,
        }
    }

    fn end(self) {
        self.barrier.wait();
        drop(self.renewing.join());
    }
}

const THREADS: [usize; 3] = [1, 2, 16];
