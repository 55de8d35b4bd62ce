//! The figures of an exploration, and the way to what went wrong.

use std::fmt::{self, Write as _};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use super::mutants::Mutant;
use super::scenario::Scenario;
use super::scenarios::{REPLAY_TO_A_REVOKING_SERVER, SCENARIOS};
use super::search::{Report, explore};

/// How much of a scenario is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "only the tests of this crate match it"
)]
pub enum Bound {
    /// Every state.
    Full,
    /// This many states, the nearest first: so quick that it runs with the tests, and enough to notice
    /// every mutant.
    Nearest(usize),
}

/// The figures of one scenario.
#[derive(Debug)]
pub struct Figures {
    scenario: &'static Scenario,
    report: Report,
    /// A story if something is wrong.
    pub fault: Option<String>,
}

impl Bound {
    fn states(self) -> usize {
        match self {
            Self::Full => usize::MAX,
            Self::Nearest(states) => states,
        }
    }
}

impl Figures {
    /// The names of the columns.
    pub const HEADING: &str = concat!(
        "every order of events                                server          processes crashes lost",
        " denied refused store late   states transitions violations"
    );

    fn new(scenario: &'static Scenario, bound: Bound) -> Self {
        let report = explore(scenario, bound.states());
        let least = scenario.at_least.min(bound.states());
        let fault = story(&report).or_else(|| {
            (report.states < least || report.ends == 0).then(|| {
                format!(
                    "only {} states and {} ends, there were {least}: what is no longer explored?",
                    report.states, report.ends
                )
            })
        });
        Self {
            scenario,
            report,
            fault,
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scenario, report, ..
        } = self;
        let left = scenario.left;
        write!(
            f,
            "{:<52} {:<15} {:>9} {:>7} {:>4} {:>6} {:>7} {:>5} {:>4} {:>8} {:>11} {:>10}  {:.1} s",
            scenario.name,
            format!("{:?}", scenario.server),
            scenario.processes,
            left.crashes,
            left.lost,
            left.denied,
            left.balked,
            left.unreachable + left.restores,
            left.overdue,
            report.states,
            report.transitions,
            usize::from(report.violation.is_some()),
            report.time.as_secs_f64(),
        )
    }
}

/// Explores every scenario, on all cores, and reports the figures of each as soon as it has them.
pub fn every_scenario(bound: Bound, tell: impl Fn(&Figures) + Sync) -> Vec<Figures> {
    let left = Mutex::new(SCENARIOS.iter());
    let done = Mutex::new(Vec::new());
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(scenario) = lock(&left).next() {
                    let figures = Figures::new(scenario, bound);
                    tell(&figures);
                    lock(&done).push(figures);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the violation by which a mutant is noticed, in its own scenario or in another one.
#[must_use]
pub fn is_noticed(mutant: Mutant, bound: Bound) -> Option<String> {
    let own = mutant.scenario();
    own.iter().chain(SCENARIOS).find_map(|scenario| {
        let report = mutant.made(|| explore(scenario, bound.states()));
        let violation = report.violation?;
        Some(format!("{} ({})", violation.what, scenario.name))
    })
}

/// Returns the violation that a second sending leads to where the server revokes families.
#[must_use]
pub fn replay_to_a_revoking_server() -> Option<String> {
    let report = explore(&REPLAY_TO_A_REVOKING_SERVER, usize::MAX);
    report.violation.map(|violation| violation.what)
}

fn story(report: &Report) -> Option<String> {
    let violation = report.violation.as_ref()?;
    let mut story = format!("violation: {}\n", violation.what);
    for (at, line) in violation.trace.iter().enumerate() {
        let _ = writeln!(story, "{at:>4}  {line}");
    }
    Some(story)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
