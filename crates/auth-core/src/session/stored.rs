//! The stored record outside of a renewal: what a session begins with, shows, and stores late.

use crate::error::{Error, Result};
use crate::login::{Change, Generation, Lineage, Loaded, Record, Stamp, Tokens};
use crate::observer::Event;
use crate::secret::Secret;
use crate::store::{StoredRecord, Swap};
use crate::token::TokenResponse;

use super::driver::random;
use super::{Inner, lock};

impl Inner {
    /// Begins with a token from elsewhere; it is stored when a token is first asked for.
    pub(super) fn begin_with(
        &self,
        response: Option<TokenResponse>,
        refresh_token: Option<Secret>,
    ) {
        let Some(seed) = self.seed else {
            return;
        };
        let now = self.clock().now();
        // A response that cannot be held is as good as none: the first call then gets a token.
        let held = response.and_then(|mut response| {
            response.refresh_token = response.refresh_token.or_else(|| refresh_token.clone());
            Tokens::new(response, now).ok()
        });
        let is_new = held.is_some();
        let lineage = Lineage(random());
        let tokens = match held {
            Some((access, tokens)) => {
                let stamp = Stamp {
                    lineage,
                    generation: Generation(1),
                };
                // Due at once, so that the first call stores it.
                self.cache.set(self.current(&access, stamp, 0, now));
                tokens
            }
            None => Tokens::seeded(refresh_token, now),
        };
        lock(&self.memory).owed = Some(Box::new(Change::Seed {
            lineage,
            born: now.wall,
            tokens,
            seed,
            is_new,
        }));
    }

    pub(super) fn refresh_token(&self) -> Option<Secret> {
        let record = self.newest()?;
        record.refresh.unsent().map(|token| token.secret.clone())
    }

    /// The stored record with this process's unsaved change applied.
    fn newest(&self) -> Option<Record> {
        let (found, _) = self.look();
        let memory = lock(&self.memory);
        let owed = memory
            .owed
            .as_ref()
            .and_then(|owed| owed.apply(found.as_ref(), self.clock().now()));
        owed.or(found).or_else(|| memory.newest.clone())
    }

    /// The stored record, as far as it can be read.
    pub(super) fn look(&self) -> (Option<Record>, Option<Error>) {
        let loaded = self
            .store
            .load(&self.identity)
            .and_then(|stored| stored.as_ref().map(Loaded::decode).transpose());
        match loaded {
            Ok(loaded) => (loaded.map(|loaded| loaded.record), None),
            Err(error) => (None, Some(error)),
        }
    }

    /// Tries once more to store a token that could not be stored.
    pub(super) fn store_what_is_owed(&self) {
        let owed = lock(&self.memory).owed.clone();
        let Some(change) = owed.filter(|change| change.holds_a_token()) else {
            return;
        };
        for _ in 0..MOST_CONFLICTS {
            match self.try_to_store(&change) {
                Ok(Swap::Conflict) => {}
                Ok(Swap::Stored) => {
                    lock(&self.memory).owed = None;
                    return self.tell(&Event::Stored);
                }
                Err(error) => return self.tell(&Event::NotStored { error: &error }),
            }
        }
    }

    fn try_to_store(&self, change: &Change) -> Result<Swap> {
        let stored = self.store.load(&self.identity)?;
        let found = stored.as_ref().map(Loaded::decode).transpose()?;
        let newest = lock(&self.memory).newest.clone();
        let base = newer(found.map(|loaded| loaded.record), newest);
        match change.apply(base.as_ref(), self.clock().now()) {
            Some(record) => self.swap(stored.as_ref(), &record),
            // Another process has logged in or out since: the change is not wanted any more.
            None => Ok(Swap::Stored),
        }
    }

    pub(super) fn swap(&self, expected: Option<&StoredRecord>, record: &Record) -> Result<Swap> {
        self.store.swap(&self.identity, expected, &record.encode())
    }
}

/// The newest record that was seen, if the store shows an older one.
pub(super) fn newer(found: Option<Record>, newest: Option<Record>) -> Option<Record> {
    match (found, newest) {
        (Some(found), Some(newest)) if found.is_older_than(&newest) => Some(newest),
        (found, newest) => found.or(newest),
    }
}

/// After so many changes by others between a look and a write, something is wrong.
pub(super) const MOST_CONFLICTS: usize = 16;
