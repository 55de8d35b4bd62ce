//! A renewal as the scheduler of the model sees it: when two are the same.

use super::{After, Change, Doing, How, Next, Record, Renewal};
use crate::model::Print;

impl Renewal {
    /// The change that it is about to store.
    pub(crate) fn carries(&self) -> Option<&Change> {
        match &self.doing {
            Doing::Changing(_, change, _)
            | Doing::LookingAgain(change, _)
            | Doing::Settling(_, change) => Some(change),
            _ => None,
        }
    }

    /// Whether it looks at the store before it does anything else.
    pub(crate) fn looks_next(&self) -> bool {
        matches!(self.doing, Doing::Waiting(..) | Doing::Sleeping)
    }

    /// What the store held when it last looked.
    pub(crate) fn base(&self) -> Option<&Record> {
        self.base.as_ref()
    }

    /// All that decides what it does next, but for the base and for records that are made of it.
    pub(crate) fn print(&self, to: &mut Print) {
        to.stamp(self.want.held);
        to.stamp(self.want.rejected);
        to.stamp(self.kept);
        to.flag(self.want.is_valid);
        to.flag(self.want.new_login);
        to.number(self.want.ahead);
        to.number(self.retries.into());
        to.name(self.ended.unwrap_or_default());
        match &self.doing {
            Doing::Looking => to.number(0),
            Doing::LookingAgain(change, after) => {
                to.number(1);
                to.change(change);
                after.print(to);
            }
            Doing::WritingBack(record) => {
                to.number(2);
                to.record(record);
            }
            Doing::Settling(_, change) => {
                to.number(3);
                to.change(change);
            }
            Doing::Beginning(_, attempt, secret) => {
                to.number(4);
                to.name(*attempt);
                to.option(secret.as_ref(), Print::token);
            }
            Doing::Sending(attempt, secret) => {
                to.number(5);
                to.name(*attempt);
                to.option(secret.as_ref(), Print::token);
            }
            Doing::Changing(_, change, after) => {
                to.number(6);
                to.change(change);
                after.print(to);
            }
            Doing::Waiting(attempt, _) => {
                to.number(7);
                to.name(*attempt);
            }
            Doing::Sleeping => to.number(8),
            Doing::Nothing => to.number(9),
        }
    }
}

impl After {
    fn print(&self, to: &mut Print) {
        match self {
            Self::Serve(login, how) => {
                to.number(match how {
                    How::Obtained => 0,
                    How::Refreshed { .. } => 1,
                    How::Adopted => 2,
                    How::Kept => 8,
                });
                to.login(login);
            }
            Self::Fail(error, next) => {
                to.number(match next {
                    Next::Now => 3,
                    Next::After(wait) if *wait > super::patience::LONGEST_PATIENCE => 4,
                    Next::After(_) => 5,
                    Next::Stop => 6,
                });
                to.error(error);
            }
            Self::Decide => to.number(7),
        }
    }
}
