//! Changes to the record: stored, overtaken by somebody else's, or owed.

use crate::error::{Error, StoreFailure};

use super::super::Record;
use super::super::change::Change;
use super::words::{Do, How, Notice, Outcome, Serve};
use super::{After, Doing, Next, Step, done};

impl Step<'_> {
    /// Makes a change, on whatever record is there.
    pub(super) fn change(&mut self, change: Change, after: After) -> Do {
        match change.apply(self.renewal.base.as_ref(), self.around.now()) {
            Some(to) => self.renewal.ask(Doing::Changing(to, change, after)),
            None => self.overtaken(after),
        }
    }

    pub(super) fn changed(&mut self, after: After) -> Do {
        match after {
            After::Serve(_, how) => match self.serve(how) {
                Some(serve) => done(Outcome::Serve(Serve {
                    is_due: false,
                    ..serve
                })),
                None => self.decide(),
            },
            After::Fail(error, Next::After(wait)) => self.retry_or_fail(error, wait),
            After::Fail(error, Next::Stop) => self.fail(error),
            After::Fail(error, Next::Now) => self.decide_after(Some(error)),
            After::Decide => self.decide(),
        }
    }

    /// Somebody else was quicker, or logged out.
    pub(super) fn overtaken(&mut self, after: After) -> Do {
        self.remember();
        if let Some(serve) = self
            .serve(How::Adopted)
            .filter(|serve| Some(serve.stamp) != self.renewal.want.held)
        {
            return done(Outcome::Serve(serve));
        }
        match after {
            After::Serve(login, _) => done(Outcome::ServeOnce(login)),
            After::Fail(error, _) => self.fail(error),
            After::Decide => self.decide(),
        }
    }

    /// What could not be stored is kept, and stored at the next opportunity.
    pub(super) fn owe(&mut self, change: Change, after: After, error: Error) -> Do {
        let unstored = change.apply(self.renewal.base.as_ref(), self.around.now());
        if change.holds_a_token() {
            (self.tell)(Notice::NotStored(error));
        }
        if !mutant!(UnsavedForgotten) {
            self.memory.owed = Some(Box::new(change));
        }
        match after {
            After::Serve(login, how) => {
                self.renewal.base = unstored;
                match self.serve(how) {
                    Some(serve) => done(Outcome::Serve(Serve {
                        is_due: true,
                        ..serve
                    })),
                    None => done(Outcome::ServeOnce(login)),
                }
            }
            After::Fail(error, _) => self.fail(error),
            After::Decide => self.fail(Error::store(
                StoreFailure::Unavailable,
                "too slow to go on, and then not reached again; nothing was sent",
            )),
        }
    }

    /// Nothing is owed any more: it is stored, or was, or something newer is.
    pub(super) fn settled(&mut self, change: &Change) {
        self.memory.owed = None;
        if change.holds_a_token() {
            // The token was due for being stored, and may be fresh otherwise.
            self.renewal.kept = self.renewal.want.held.take();
        }
        if matches!(change, Change::Commit { .. } | Change::CommitLogin { .. }) {
            (self.tell)(Notice::Stored);
        }
    }

    pub(super) fn stored(&mut self, record: Record) {
        self.renewal.base = Some(record);
        self.remember();
    }

    pub(super) fn remember(&mut self) {
        self.memory.newest.clone_from(&self.renewal.base);
    }
}
