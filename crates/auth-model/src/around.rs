//! Time and chance as a renewal sees them: the scheduler chooses when deadlines pass.

use std::cell::RefCell;
use std::time::Duration;

use crate::clock::Moment;
use crate::login::{Period, Surroundings};

use super::luck::Luck;
use super::world::{FLIGHT, World, at, drawn, number};

/// Surroundings of one step.
pub(super) struct Around<'a> {
    pub(super) luck: RefCell<&'a mut Luck>,
    pub(super) count: u128,
    me: usize,
    /// When those began who are still at something.
    busy: Vec<Moment>,
    /// Deadlines are kept: they pass when no other process is at work.
    is_timed: bool,
    pub(super) overdue: RefCell<u8>,
    /// The back-offs that were found to be over.
    pub(super) waited_out: RefCell<Vec<Period>>,
}

impl<'a> Around<'a> {
    pub(super) fn new(world: &World<'_>, me: usize, luck: &'a mut Luck) -> Self {
        let is_timed = world.scenario.is_timed();
        let others = world.processes.iter().enumerate();
        let others = others.filter(|(who, process)| !is_timed || *who != me && process.may_send());
        let busy = others.filter_map(|(_, process)| process.is_at());
        Self {
            luck: RefCell::new(luck),
            count: world.count,
            me,
            busy: busy.map(|attempt| drawn(attempt.number.0)).collect(),
            is_timed,
            overdue: RefCell::new(world.left.overdue),
            waited_out: RefCell::default(),
        }
    }
}

impl Surroundings for Around<'_> {
    fn now(&self) -> Moment {
        at(self.count)
    }

    fn is_over(&self, period: Period) -> bool {
        let mut luck = self.luck.borrow_mut();
        if period.length().is_zero() {
            return true;
        }
        let is_rest = period.length() < FLIGHT;
        if is_rest && period.length() > A_WORKING_DAY {
            return false;
        }
        let is_busy = match self.is_timed {
            true => !self.busy.is_empty(),
            false => self.busy.iter().any(|begun| begun.wall == period.since),
        };
        if is_rest || !is_busy {
            let is_over = luck.pick(2) == 0;
            if is_rest && is_over {
                self.waited_out.borrow_mut().push(period);
            }
            return is_over;
        }
        if self.is_timed {
            return false;
        }
        // Late is not bad: no process has to wait for it to be so.
        let mut overdue = self.overdue.borrow_mut();
        let is_over = *overdue > 0 && luck.pick(2) == 1;
        *overdue -= u8::from(is_over);
        is_over
    }

    fn number(&mut self) -> u128 {
        self.count += 1;
        number(self.count, self.me)
    }
}

/// A longer wait does not end in an exploration: what was refused for that long is not tried again.
const A_WORKING_DAY: Duration = Duration::from_secs(8 * 3600);
