//! The cost of keeping a login in a store: for a renewal, and for a held token.
//!
//! `cargo xtask bench stores`. A renewal is one request and two swaps, whatever the store; a held token
//! does not use the store.

mod bare;
mod contest;
mod endpoint;
mod measure;

use auth_all::Secret;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use auth_core::grant::Identity;
use auth_core::http::HeaderValue;
use auth_core::store::{
    EncryptedStore, EncryptionKey, FileStore, MemoryStore, Record, Store, SwapOutcome,
};
use auth_core::testing::ManualClock;
use auth_core::{Result, Session};
use auth_store_postgres::PostgresStore;
use auth_store_redis::RedisStore;
use contest::{Contender, rounds};
use measure::{median, now, verdict};
use oauth2_generic::{Client, Password, Server};

type Outcome<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A session over one store, and the times of its renewals.
struct Sample {
    name: &'static str,
    session: Session,
    clock: ManualClock,
    counts: Arc<Counts>,
    micros: Vec<f64>,
}

#[derive(Debug, Default)]
struct Counts {
    loads: AtomicU32,
    swaps: AtomicU32,
}

/// A store whose calls are counted.
#[derive(Debug)]
struct Counted(Box<dyn Store>, Arc<Counts>);

fn main() -> Outcome {
    let url = endpoint::serve()?;
    let folder = tempfile::tempdir()?;
    let redis = services::Redis::options()
        .set("appendonly", "yes")
        .set("appendfsync", "always")
        .start()?;
    let postgres = services::Postgres::start()?;
    let file = |name: &str| FileStore::open(folder.path().join(name));
    let stores: [(&str, Box<dyn Store>); 5] = [
        ("memory", Box::new(MemoryStore::new())),
        ("FileStore", Box::new(file("plain")?)),
        (
            "EncryptedStore over FileStore",
            Box::new(EncryptedStore::new(
                file("encrypted")?,
                EncryptionKey::generate()?,
            )),
        ),
        (
            "RedisStore, appendfsync always",
            Box::new(RedisStore::connect(redis.url())?),
        ),
        (
            "PostgresStore",
            Box::new(PostgresStore::connect(postgres.url().as_str())?),
        ),
    ];
    let mut samples: Vec<Sample> = stores
        .into_iter()
        .map(|(name, store)| Sample::new(name, &url, store))
        .collect::<Result<_>>()?;
    renewals(&url, &mut samples)?;
    held(&samples)
}

fn renewals(url: &str, samples: &mut [Sample]) -> Outcome {
    let agent = bare::agent();
    let mut bare = Vec::new();
    for _ in 0..ROUNDS {
        let begun = now();
        bare::post(&agent, url)?;
        bare.push(begun.elapsed().as_secs_f64() * 1e6);
        for sample in samples.iter_mut() {
            sample.renew()?;
        }
    }
    let bare = median(bare);
    println!("\n    one renewal, medians of {ROUNDS} taken in turns\n");
    println!(
        "    {:34}{:>10}{:>10}{:>10}{:>10}",
        "", "µs", "ratio", "loads", "swaps"
    );
    println!("    {:34}{bare:>10.0}{:>10.2}", "bare ureq POST", 1.0);
    for sample in samples {
        let micros = median(sample.micros.clone());
        let each = |count: &AtomicU32| f64::from(count.load(Ordering::Relaxed)) / ROUNDS as f64;
        let swaps = each(&sample.counts.swaps);
        println!(
            "    {:34}{micros:>10.0}{:>10.2}{:>10.1}{swaps:>10.1}  {}",
            sample.name,
            micros / bare,
            each(&sample.counts.loads),
            verdict(swaps, 2.0)
        );
    }
    Ok(())
}

fn held(samples: &[Sample]) -> Outcome {
    let contenders: Vec<Contender> = samples
        .iter()
        .map(|sample| {
            sample.session.token()?;
            let session = sample.session.clone();
            Ok(Contender::new(sample.name, move || {
                let _ = black_box(session.with_authorization(HeaderValue::len));
            }))
        })
        .collect::<Result<_>>()?;
    println!("\n    a held token, ns of one core (ratio to memory), 1 thread\n");
    for (contender, (time, ratio)) in contenders.iter().zip(rounds(&contenders, 1)) {
        let (name, allocations) = (contender.name, contender.allocations);
        println!("    {name:34}{time:>10.1}  ({ratio:4.2})  {allocations:.0} allocations");
    }
    Ok(())
}

impl Sample {
    fn new(name: &'static str, url: &str, store: Box<dyn Store>) -> Result<Self> {
        let grant = Password::new(
            Client::new(Server::new(url), "demo").secret(Secret::new("a-secret-of-some-length")),
            "ada",
            Secret::new("battery-staple"),
        );
        let (clock, counts) = (ManualClock::new(), Arc::<Counts>::default());
        let session = Session::builder(grant)
            .clock(clock.clone())
            .store(Counted(store, Arc::clone(&counts)))
            .build()?;
        session.token()?;
        counts.loads.store(0, Ordering::Relaxed);
        counts.swaps.store(0, Ordering::Relaxed);
        Ok(Self {
            name,
            session,
            clock,
            counts,
            micros: Vec::new(),
        })
    }

    fn renew(&mut self) -> Result<()> {
        self.clock.advance(Duration::from_secs(3600));
        let begun = now();
        self.session.token()?;
        self.micros.push(begun.elapsed().as_secs_f64() * 1e6);
        Ok(())
    }
}

impl Store for Counted {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        self.1.loads.fetch_add(1, Ordering::Relaxed);
        self.0.load(identity)
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        self.1.swaps.fetch_add(1, Ordering::Relaxed);
        self.0.swap(identity, expected, record)
    }
}

const ROUNDS: usize = 200;
