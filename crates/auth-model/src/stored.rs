//! The store: one record, replaced in one step by a process that knows it, and not always reached.

use std::rc::Rc;

use crate::error::{Error, Result, StoreFailure};
use crate::fingerprint::Fingerprint;
use crate::login::inside::AwaitSwap;
use crate::login::{Change, Lineage, Loaded, Record};
use crate::store::SwapOutcome;

use super::luck::Luck;
use super::scenario::Start;
use super::world::{Checked, Logout, Story, World};

impl World<'_> {
    pub(super) fn load(
        &mut self,
        at: usize,
        luck: &mut Luck,
        story: &mut Story,
    ) -> Result<Option<Loaded>> {
        if luck.is_struck(&mut self.left.unreachable) {
            story.tell(|| format!("P{at} cannot load: the store is unreachable"));
            return Err(unreachable_store());
        }
        self.process(at).is_current = true;
        story.tell(|| format!("P{at} loads generation {}", self.stamp().generation.0));
        Ok(self.record.as_deref().map(|record| Loaded {
            record: record.clone(),
            is_restored: self.is_restored,
        }))
    }

    pub(super) fn swap(
        &mut self,
        at: usize,
        swap: &AwaitSwap,
        luck: &mut Luck,
        story: &mut Story,
    ) -> Checked<Result<SwapOutcome>> {
        let record = &*swap.record;
        let is_current = self.processes[at].is_current;
        let is_struck = luck.is_struck(&mut self.left.unreachable);
        let is_written = is_current && (!is_struck || luck.pick(2) == 1);
        if is_written {
            self.check_swap(at, record)?;
            story.tell(|| format!("P{at} stores {}", self.difference(record)));
            self.store(Rc::new(record.clone()), Some(at).filter(|_| !is_struck));
            if let Some(own) = &mut self.process(at).attempt {
                own.is_noted |= swap
                    .noted()
                    .is_some_and(|(attempt, _)| attempt == own.number);
            }
        } else if !is_struck {
            self.process(at).is_current = false;
            story.tell(|| {
                format!(
                    "P{at} cannot store {}: another process was quicker",
                    self.difference(record)
                )
            });
        }
        if is_struck {
            story.tell(|| match is_written {
                true => format!("P{at} does not hear that it is stored"),
                false => format!(
                    "P{at} cannot store {}: the store is unreachable",
                    self.difference(record)
                ),
            });
            return Ok(Err(unreachable_store()));
        }
        Ok(Ok(if is_written {
            SwapOutcome::Stored
        } else {
            SwapOutcome::Conflict
        }))
    }

    /// Replaces the record; all but one process no longer know the newest.
    fn store(&mut self, record: Rc<Record>, by: Option<usize>) {
        let previous = self.record.replace(record);
        if self.left.restores > 0 {
            self.previous = previous;
        }
        self.is_restored = false;
        for at in 0..self.processes.len() {
            if self.processes[at].is_current != (by == Some(at)) {
                self.process(at).is_current = by == Some(at);
            }
        }
    }

    pub(super) fn log_out(&mut self, luck: &mut Luck, story: &mut Story) {
        luck.is_bad = true;
        self.left.logouts -= 1;
        story.tell(|| "the user logs out".to_owned());
        let is_seeded = self.scenario.start == Start::Seeded;
        let forget = Change::Forget {
            lineage: Lineage(self.number()),
            born: self.now().wall,
            seed: is_seeded.then_some(Fingerprint(1)),
        };
        let forgotten = self.record.as_deref();
        let forgotten = forgotten.and_then(|record| forget.apply(Some(record), self.now()));
        if let Some(tombstone) = forgotten {
            let tombstone = Rc::new(tombstone);
            self.logout = Some(Logout {
                tombstone: Rc::clone(&tombstone),
                issued: self.server.issued.len(),
                is_over: false,
            });
            self.store(tombstone, None);
        }
    }

    /// The second swap, unless a process has replaced the tombstone.
    pub(super) fn end_log_out(&mut self, luck: &mut Luck, story: &mut Story) {
        luck.is_bad = true;
        let Some(mut logout) = self.logout.take() else {
            return;
        };
        if self.holds(&logout.tombstone) {
            self.store(Rc::new(logout.tombstone.next()), None);
        }
        story.tell(|| "the logout is over".to_owned());
        logout.is_over = true;
        self.logout = Some(logout);
    }

    pub(super) fn holds(&self, record: &Rc<Record>) -> bool {
        let stored = self.record.as_ref();
        stored.is_some_and(|stored| Rc::ptr_eq(stored, record))
    }

    pub(super) fn restore(&mut self, luck: &mut Luck, story: &mut Story) {
        luck.is_bad = true;
        self.left.restores -= 1;
        story
            .tell(|| "the newest record is damaged, and the one before is brought back".to_owned());
        let previous = self.previous.take();
        self.record = previous;
        self.is_restored = true;
        for at in 0..self.processes.len() {
            self.process(at).is_current = false;
        }
    }
}

fn unreachable_store() -> Error {
    Error::store(StoreFailure::Unavailable, "unreachable")
}
