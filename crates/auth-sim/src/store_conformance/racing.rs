//! Many threads at the same time, each with its own instance of the store.

use std::panic::resume_unwind;
use std::sync::Barrier;
use std::thread::{self, ScopedJoinHandle};

use auth_core::grant::Identity;
use auth_core::store::{Record, Store, SwapOutcome};

use super::{Open, Outcome, Seen, found, identity, must, record};

pub(super) fn one_succeeds(open: Open<'_>) -> Outcome {
    let stores: Vec<_> = (0..RACERS).map(|_| open()).collect();
    let who = identity("race");
    let mut last = None;
    for round in 0..ROUNDS {
        let outcomes = race(&stores, &who, last.as_ref(), round)?;
        let winners: Vec<usize> = (0..RACERS)
            .filter(|at| outcomes[*at] == SwapOutcome::Stored)
            .collect();
        let [winner] = winners[..] else {
            return Err(format!("{} of {RACERS} succeeded", winners.len()).into());
        };
        let next = racer(winner, round);
        for store in &stores {
            found(store, &who, Some(&next))?;
        }
        last = Some(next);
    }
    Ok(())
}

/// Swaps with the same expectation from every thread, each to a record of its own.
fn race(
    stores: &[Box<dyn Store>],
    who: &Identity,
    last: Option<&Record>,
    round: usize,
) -> auth_core::Result<Vec<SwapOutcome>> {
    let outcomes = at_once(stores, &|at, store| {
        store.swap(who, last, &racer(at, round))
    });
    outcomes.into_iter().collect()
}

pub(super) fn no_update_is_lost(open: Open<'_>) -> Outcome {
    let stores: Vec<_> = (0..COUNTERS).map(|_| open()).collect();
    let who = identity("counter");
    let outcomes = at_once(&stores, &|_, store| {
        (0..INCREMENTS).try_for_each(|_| increment(store, &who))
    });
    outcomes.into_iter().collect::<Outcome>()?;
    let all = COUNTERS * INCREMENTS;
    let counted = counted(open().load(&who)?.as_ref())?;
    must(counted == all, format!("{all} updates left {counted}"))
}

/// Runs one thread for each store; they start together.
fn at_once<T: Send>(
    stores: &[Box<dyn Store>],
    work: &(dyn Fn(usize, &dyn Store) -> T + Sync),
) -> Vec<T> {
    let start = &Barrier::new(stores.len());
    thread::scope(|scope| {
        let stores = stores.iter().enumerate();
        let threads: Vec<_> = stores
            .map(|(at, store)| {
                scope.spawn(move || {
                    start.wait();
                    work(at, store)
                })
            })
            .collect();
        let join = |thread: ScopedJoinHandle<'_, T>| {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    })
}

/// Adds one, and tries again after each conflict.
fn increment(store: &dyn Store, who: &Identity) -> Outcome {
    for _ in 0..MOST_TRIES {
        let seen = store.load(who)?;
        // The number alone is not enough: two threads that add one swap the same bytes, and both succeed.
        let next = format!("{} {:x}", counted(seen.as_ref())? + 1, fastrand::u128(..));
        if store.swap(who, seen.as_ref(), &record(next))? == SwapOutcome::Stored {
            return Ok(());
        }
    }
    Err(
        format!("{MOST_TRIES} swaps in a row were conflicts; each needs another that succeeded")
            .into(),
    )
}

fn counted(record: Option<&Record>) -> Result<usize, Seen> {
    let Some(record) = record else { return Ok(0) };
    let text = std::str::from_utf8(record.expose())?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

fn racer(at: usize, round: usize) -> Record {
    record(format!("racer {at} in round {round}"))
}

const RACERS: usize = 16;
const ROUNDS: usize = 6;
const COUNTERS: usize = 8;
const INCREMENTS: usize = 25;

/// More than all the others' swaps together.
const MOST_TRIES: usize = 2 * COUNTERS * INCREMENTS;
