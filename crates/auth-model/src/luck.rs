//! Chance in one event: every way it can turn out is tried.

/// A tape of picks, played again and again until every combination has been.
#[derive(Debug, Default)]
pub(super) struct Luck {
    /// The picks, and of how many ways.
    tape: Vec<(u8, u8)>,
    at: usize,
    /// Something went wrong: a crash, a lost message, an unreachable store.
    pub(super) is_bad: bool,
}

impl Luck {
    /// The same luck as before.
    pub(super) fn again(code: u64) -> Self {
        let picks = (0..MOST_PICKS).map(|at| ((code >> (4 * at) & 15) as u8, 16));
        Self {
            tape: picks.collect(),
            ..Self::default()
        }
    }

    /// One of that many ways; the first is the one in which nothing goes wrong.
    pub(super) fn pick(&mut self, ways: u8) -> u8 {
        if ways < 2 {
            return 0;
        }
        if self.at == self.tape.len() {
            assert!(ways <= 16 && self.at < MOST_PICKS, "a code holds no more");
            self.tape.push((0, ways));
        }
        self.at += 1;
        self.tape[self.at - 1].0
    }

    /// Returns `true` if something goes wrong that may do so that many times.
    pub(super) fn is_struck(&mut self, left: &mut u8) -> bool {
        let struck = *left > 0 && self.pick(2) == 1;
        if struck {
            *left -= 1;
            self.is_bad = true;
        }
        struck
    }

    /// The picks as a number.
    pub(super) fn code(&self) -> u64 {
        let picks = self.tape.iter().enumerate();
        picks.fold(0, |code, (at, (pick, _))| {
            code | u64::from(*pick) << (4 * at)
        })
    }

    /// Turns to the next combination; returns `false` after the last.
    pub(super) fn turn(&mut self) -> bool {
        self.at = 0;
        self.is_bad = false;
        while let Some((pick, ways)) = self.tape.pop() {
            if pick + 1 < ways {
                self.tape.push((pick + 1, ways));
                return true;
            }
        }
        false
    }
}

const MOST_PICKS: usize = 16;
