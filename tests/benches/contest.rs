//! Contenders that take turns, so that a slow minute of the machine slows all of them.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use crate::measure::{median, now};

/// A measured operation and its name.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Allocations of one operation.
    pub(crate) allocations: f64,
    run: Box<dyn Fn(usize) -> f64>,
}

impl Contender {
    /// Warms the operation up and counts its allocations.
    pub(crate) fn new(name: &'static str, operation: impl Fn() + Sync + 'static) -> Self {
        operation();
        let counted = allocation_counter::measure(|| (0..COUNTED).for_each(|_| operation()));
        let allocations = counted.count_total as f64 / f64::from(COUNTED);
        Contender {
            name,
            allocations,
            run: Box::new(move |threads| nanoseconds(threads, &operation)),
        }
    }
}

/// Returns, for each contender, its median over interleaved rounds, and the median of its ratio to the first.
///
/// Prints a dot for each round on standard error, since all rounds take a minute.
pub(crate) fn rounds(contenders: &[Contender], threads: usize) -> Vec<(f64, f64)> {
    eprint!("    {threads:>2} threads, {ROUNDS} rounds ");
    let round = |_| {
        let times = contenders.iter().map(|contender| (contender.run)(threads));
        let times: Vec<f64> = times.collect();
        eprint!(".");
        times
    };
    let rounds: Vec<Vec<f64>> = (0..ROUNDS).map(round).collect();
    eprintln!();
    (0..contenders.len())
        .map(|at| {
            let time = median(rounds.iter().map(|round| round[at]).collect());
            let ratio = median(rounds.iter().map(|round| round[at] / round[0]).collect());
            (time, ratio)
        })
        .collect()
}

/// Returns nanoseconds of one core per operation, over a run so long that starting threads does not count.
fn nanoseconds(threads: usize, operation: &(impl Fn() + Sync)) -> f64 {
    let roughly = timed(threads, PROBED / threads, operation);
    let busy = threads.min(cores()) as f64;
    let operations = TURN.as_nanos() as f64 * busy / roughly;
    timed(threads, operations as usize / threads + 1, operation)
}

/// Returns nanoseconds of processor time per operation: two cores busy for a second are two seconds.
fn timed(threads: usize, each: usize, operation: &(impl Fn() + Sync)) -> f64 {
    let ready = Barrier::new(threads + 1);
    let mut begun = now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                operation();
                ready.wait();
                (0..each).for_each(|_| operation());
            });
        }
        begun = now();
        ready.wait();
    });
    let busy = threads.min(cores()) as f64;
    begun.elapsed().as_secs_f64() * 1e9 * busy / (each * threads) as f64
}

pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

pub(crate) const ROUNDS: usize = 11;
const PROBED: usize = 48_000;
const TURN: Duration = Duration::from_millis(60);
const COUNTED: u32 = 1000;
