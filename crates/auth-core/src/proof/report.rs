//! The figures of an exploration, and the way to what went wrong.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Once;

use super::scenario::{Budget, Scenario};
use super::search::{Report, explore};

/// Explores all of a scenario, prints a line of figures and fails if anything is wrong.
pub(super) fn all(scenario: &Scenario, at_least: usize) {
    let report = explore(scenario);
    print(scenario, &report);
    judge(&report);
    assert!(
        report.states >= at_least,
        "only {} states, there were {at_least}: what is no longer explored?",
        report.states
    );
}

/// The same with so few troubles that it is quick, and still enough of them to catch most mistakes.
pub(super) fn small(scenario: &Scenario) {
    let few = |count: u8| count.min(1);
    let left = scenario.left;
    let report = explore(&Scenario {
        left: Budget {
            crashes: few(left.crashes),
            lost: few(left.lost),
            denied: few(left.denied),
            // Fewer would not ask for a person.
            balked: left.balked,
            unreachable: few(left.unreachable),
            overdue: few(left.overdue),
            ..left
        },
        ..*scenario
    });
    judge(&report);
    assert!(report.ends > 0, "nobody ever gets a token");
}

fn judge(report: &Report) {
    if let Some(violation) = &report.violation {
        let mut story = format!("violation: {}\n", violation.what);
        for (at, line) in violation.trace.iter().enumerate() {
            let _ = writeln!(story, "{at:>4}  {line}");
        }
        panic!("{story}");
    }
}

/// Straight to where a person sees it, past the capturing of what tests print.
fn print(scenario: &Scenario, report: &Report) {
    static HEADING: Once = Once::new();
    let mut lines = String::new();
    HEADING.call_once(|| {
        let _ = writeln!(
            lines,
            "\n    {:<53} {:<15} processes crashes lost denied refused store late {:>8} {:>11} violations",
            "every order of events", "server", "states", "transitions"
        );
    });
    let left = scenario.left;
    let _ = writeln!(
        lines,
        "    {:<53} {:<15} {:>9} {:>7} {:>4} {:>6} {:>7} {:>5} {:>4} {:>8} {:>11} {:>10}  {:.1} s",
        scenario.name.replace('_', " "),
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
    );
    let _ = io::stderr().write_all(lines.as_bytes());
}
