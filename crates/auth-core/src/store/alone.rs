//! The store of a session that was given none.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::identity::Identity;

use super::{AttemptId, Record, Store, SwapOutcome};

/// The record of one session. A service may have a million of them, and a table for a single record is larger than the
/// record.
#[derive(Debug, Default)]
pub(crate) struct Alone(Mutex<Option<Record>>);

impl Store for Alone {
    fn load(&self, _: &Identity) -> Result<Option<Record>> {
        let place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(place.clone())
    }

    fn swap(
        &self,
        _: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if place.as_ref() == Some(record) {
            return Ok(SwapOutcome::Stored);
        }
        if place.as_ref() != expected {
            return Ok(SwapOutcome::Conflict);
        }
        *place = Some(record.compact());
        Ok(SwapOutcome::Stored)
    }

    fn timeout(&self) -> Duration {
        Duration::ZERO
    }

    /// Always `true`: a session makes one attempt at a time, so the one before is over, if by a panic.
    fn has_exited(&self, _: &Identity, _: AttemptId) -> bool {
        true
    }
}
