//! What is left of each fleet in the end.

use std::fmt;

use serde_json::{Value, json};

use super::contender::{Contender, Tally};
use super::options::Options;

/// What is left of each fleet in the end.
pub(super) struct Verdict {
    options: Options,
    store: Left,
    file: Left,
    password: Left,
}

/// What is left of one.
struct Left {
    tally: Tally,
    most_sends: usize,
    /// Why processes ended without a token.
    lost: Vec<String>,
    alive: usize,
}

impl Verdict {
    pub(super) fn new(
        options: &Options,
        contenders: &[Contender; 3],
        lost: [Vec<String>; 3],
    ) -> Self {
        let [store, file, password] = lost;
        let left = |at: usize, lost| Left {
            tally: contenders[at].tally.clone(),
            most_sends: contenders[at].fleet.most_spends(),
            lost,
            alive: contenders[at].alive(),
        };
        Self {
            options: options.clone(),
            store: left(0, store),
            file: left(1, file),
            password: left(2, password),
        }
    }

    /// Whether the fleet with a store has lost nothing, and has logged in for a reason each time.
    pub(super) fn is_kept(&self) -> bool {
        let Tally {
            refreshes,
            logins,
            kills,
            late,
            ..
        } = self.store.tally;
        let is_whole = self.store.lost.is_empty() && self.store.alive == self.options.processes;
        is_whole && self.store.most_sends <= 1 && refreshes > 0 && logins <= 1 + kills + late
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "kept": self.is_kept(),
            "hours": self.options.hours,
            "processes": self.options.processes,
            "store": self.store.to_json(),
            "file": self.file.to_json(),
            "file_and_password": self.password.to_json(),
        })
    }
}

impl Left {
    fn to_json(&self) -> Value {
        let mut value = self.tally.to_json();
        value["most_sends"] = self.most_sends.into();
        value["lost"] = self.lost.len().into();
        value["lost_because"] = self.lost.clone().into();
        value
    }
}

impl Contender {
    pub(super) fn to_json(&self) -> Value {
        let mut value = self.tally.to_json();
        value["most_sends"] = self.fleet.most_spends().into();
        value["without_token"] = self.without_token().into();
        value
    }
}

impl Tally {
    fn to_json(&self) -> Value {
        json!({
            "refreshes": self.refreshes,
            "refused": self.refused,
            "logins": self.logins,
            "kills": self.kills,
            "kills_in_flight": self.kills_in_flight,
            "late": self.late,
            "without_token_after_hours": self.without_after,
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            options,
            store,
            file,
            password,
        } = self;
        writeln!(
            f,
            "with a store    {} refreshes, each refresh token sent at most {}; {} processes killed,",
            store.tally.refreshes,
            times(store.most_sends),
            store.tally.kills,
        )?;
        writeln!(
            f,
            "                {} of them in the middle of a renewal; {} logins; lost: {}",
            store.tally.kills_in_flight,
            store.tally.logins,
            store.lost.len(),
        )?;
        for why in &store.lost {
            writeln!(f, "                {why}")?;
        }
        match file.tally.without_after {
            None => writeln!(
                f,
                "with a file     not lost this time; lost: {} of {}",
                file.lost.len(),
                options.processes
            )?,
            Some(hours) => writeln!(
                f,
                "with a file     no token for the first time after {hours:.1} hours: a refresh token was sent\n\
                 {:16}{}, and refused {}; lost: {} of {}",
                "",
                times(file.most_sends),
                times(file.tally.refused),
                file.lost.len(),
                options.processes,
            )?,
        }
        write!(
            f,
            "and a password  {} logins; a refresh token was sent up to {}; lost: {} of {}",
            password.tally.logins,
            times(password.most_sends),
            password.lost.len(),
            options.processes,
        )
    }
}

fn times(number: usize) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        number => format!("{number} times"),
    }
}
