//! The measured figures, by peer and name; the median of several values counts.

use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct Figures {
    values: BTreeMap<(&'static str, String), Vec<f64>>,
    /// Why a figure is missing.
    failures: BTreeMap<(&'static str, &'static str), String>,
}

impl Figures {
    pub(crate) fn add(&mut self, peer: &'static str, name: &str, value: f64) {
        self.values
            .entry((peer, name.to_owned()))
            .or_default()
            .push(value);
    }

    pub(crate) fn get(&self, peer: &'static str, name: &str) -> Option<f64> {
        let mut values = self.values.get(&(peer, name.to_owned()))?.clone();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }

    pub(crate) fn fail(&mut self, peer: &'static str, scenario: &'static str, reason: String) {
        eprintln!("    FAILED {peer} {scenario}: {reason}");
        self.failures.insert((peer, scenario), reason);
    }

    pub(crate) fn failures(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        self.failures
            .iter()
            .map(|((peer, scenario), reason)| (*peer, *scenario, reason.as_str()))
    }

    /// Returns every peer, name and median.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &str, f64)> {
        let keys = self.values.keys();
        keys.filter_map(|(peer, name)| Some((*peer, name.as_str(), self.get(peer, name)?)))
    }
}
