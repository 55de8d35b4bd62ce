//! Functions that all benchmarks share.

use std::time::Instant;

/// Returns the median.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the machine's clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Formats the comparison with a target: `reach 0.60: yes`, or by how much it is missed.
pub(crate) fn verdict(ratio: f64, reach: f64) -> String {
    if ratio <= reach {
        format!("reach {reach:.2}: yes")
    } else {
        format!(
            "reach {reach:.2}: no, {:+.0} %",
            (ratio / reach - 1.0) * 100.0
        )
    }
}
