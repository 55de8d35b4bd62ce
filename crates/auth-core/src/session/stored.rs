//! The stored record outside of a renewal: what a session begins with, shows, and stores late.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::fingerprint::Fingerprint;
use crate::login::{Change, Generation, Lineage, Loaded, Record, Stamp, Tokens};
use crate::observe::Event;
use crate::secret::Secret;
use crate::store::{Record as StoredRecord, SwapOutcome};
use crate::token::{Token, TokenResponse};

use super::builder::seed;
use super::driver::random;
use super::{Inner, lock};

impl Inner {
    /// Begins with a token from elsewhere; it is stored by the first call.
    pub(super) fn begin_with(
        &self,
        response: Option<TokenResponse>,
        refresh_token: Option<Secret>,
        seed: Option<Fingerprint>,
    ) {
        let Some(seed) = seed else {
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
                self.cache.set(self.token(&access, stamp, 0, now));
                tokens
            }
            None => Tokens::seeded(refresh_token, now),
        };
        lock(&self.memory).get_or_insert_default().owed = Some(Box::new(Change::Seed {
            lineage,
            born: now.wall,
            tokens,
            seed,
            is_new,
        }));
    }

    /// Replaces the login by one that a user has just made, here and in the store.
    pub(super) fn replace_login(&self, tokens: TokenResponse) -> Result<()> {
        let now = self.clock().now();
        Tokens::new(tokens.clone(), now)?;
        let tokens = Some(tokens);
        let seed = seed(&self.identity, &tokens, &None);
        // A renewal of the old login that is under way must not replace this one.
        self.logouts.fetch_add(1, Ordering::AcqRel);
        *lock(&self.rejection) = None;
        lock(&self.memory).get_or_insert_default().told = None;
        self.cache.quiet_until(0);
        self.begin_with(tokens, None, seed);
        self.tell(&Event::LoggedIn {
            expires_at: self.cache.valid(now).and_then(|token| token.expires_at()),
            took: Duration::ZERO,
        });
        // Stores it as every first call does.
        self.renew(0)?;
        self.store_what_is_owed()
    }

    /// Returns the valid token of this session or of its store; the cache then has it, too.
    pub(super) fn held(&self) -> Result<Option<Token>> {
        if let Some(token) = self.cache.valid(self.clock().now()) {
            return Ok(Some(token));
        }
        let (found, error) = self.look();
        if let Some(error) = error {
            return Err(error);
        }
        let mut locked = lock(&self.memory);
        let now = self.clock().now();
        // A renewal or a login may have ended during the look.
        if let Some(token) = self.cache.valid(now) {
            return Ok(Some(token));
        }
        let newest = locked.as_ref().and_then(|memory| memory.newest.clone());
        let Some(record) = newer(found, newest) else {
            return Ok(None);
        };
        let token = self.token_of(&record, now);
        if token.is_some() {
            self.cache.set(token.clone());
            if self.is_stored {
                // A store that forgets it later is not believed: its refresh token is spent.
                locked.get_or_insert_default().newest = Some(record);
            }
        }
        Ok(token)
    }

    /// Adopts the login of the store if another process has renewed, replaced or ended this one.
    pub(super) fn catch_up(&self) {
        let now = self.clock().now();
        if self.cache.valid(now).is_none() || self.is_busy() {
            return;
        }
        let Some(found) = self.look().0 else {
            return;
        };
        let mut locked = lock(&self.memory);
        // A renewal or a login may have ended during the look; it has noted its record.
        let Some(held) = self.cache.valid(now) else {
            return;
        };
        let newest = &mut locked.get_or_insert_default().newest;
        let is_old = newest.as_ref().is_some_and(|it| found.is_older_than(it));
        if found.stamp() == held.stamp() || is_old {
            return;
        }
        let token = self.token_of(&found, now);
        if token.is_some() || found.access.is_none() {
            self.cache.set(token.clone());
            // As above.
            *newest = Some(found);
        }
        drop(locked);
        if let Some(token) = token {
            let expires_at = token.expires_at();
            self.tell(&Event::Adopted { expires_at });
        }
    }

    /// The token of a record, if it is valid and no API has rejected it.
    fn token_of(&self, record: &Record, now: Moment) -> Option<Token> {
        let stamp = record.stamp();
        let is_rejected = lock(&self.rejection)
            .as_ref()
            .is_some_and(|last| last.stamp == stamp);
        let access = record.access.as_ref();
        let access = access.filter(|access| access.is_valid(now) && !is_rejected)?;
        let fresh_for = access.fresh_for(self.rules.renew_ahead);
        self.token(access, stamp, fresh_for, now)
    }

    pub(super) fn refresh_token(&self) -> Option<Secret> {
        let record = self.newest()?;
        record.refresh.unsent().map(|token| token.secret.clone())
    }

    /// The stored record with this process's unsaved change applied.
    fn newest(&self) -> Option<Record> {
        let (found, _) = self.look();
        let mut locked = lock(&self.memory);
        let memory = locked.get_or_insert_default();
        let owed = memory
            .owed
            .as_ref()
            .and_then(|owed| owed.apply(found.as_ref(), self.clock().now()));
        owed.or_else(|| newer(found, memory.newest.clone()))
    }

    /// The newest record that this process has seen.
    pub(super) fn seen(&self) -> Option<Record> {
        let memory = lock(&self.memory);
        memory.as_ref().and_then(|memory| memory.newest.clone())
    }

    /// Drops knowledge that the store has, too, if the store is this session's own, which forgets nothing.
    pub(super) fn rest(&self) {
        if !self.is_stored {
            lock(&self.memory).take_if(|memory| {
                memory.newest = None;
                memory.owed.is_none() && memory.told.is_none()
            });
        }
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

    /// Tries to store a token that is not stored yet.
    pub(super) fn store_what_is_owed(&self) -> Result<()> {
        let owed = lock(&self.memory)
            .as_ref()
            .and_then(|memory| memory.owed.clone());
        let Some(change) = owed.filter(|change| change.holds_a_token()) else {
            return Ok(());
        };
        for _ in 0..MOST_CONFLICTS {
            match self.try_to_store(&change) {
                Ok(SwapOutcome::Conflict) => {}
                Ok(SwapOutcome::Stored) => {
                    lock(&self.memory).get_or_insert_default().owed = None;
                    self.tell(&Event::Stored);
                    return Ok(());
                }
                Err(error) => {
                    self.tell(&Event::NotStored { error: &error });
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Returns `true` if the session is being renewed, or a token of it is not stored yet.
    pub(super) fn is_busy(&self) -> bool {
        self.is_in_flight() || self.owes()
    }

    fn owes(&self) -> bool {
        let memory = lock(&self.memory);
        let owed = memory.as_ref().and_then(|memory| memory.owed.as_ref());
        owed.is_some_and(|change| change.holds_a_token())
    }

    fn try_to_store(&self, change: &Change) -> Result<SwapOutcome> {
        let stored = self.store.load(&self.identity)?;
        let found = stored.as_ref().map(Loaded::decode).transpose()?;
        let newest = self.seen();
        let base = newer(found.map(|loaded| loaded.record), newest);
        match change.apply(base.as_ref(), self.clock().now()) {
            Some(record) => self.swap(stored.as_ref(), &record),
            // Another process has logged in or out since: the change is not wanted any more.
            None => Ok(SwapOutcome::Stored),
        }
    }

    pub(super) fn swap(
        &self,
        expected: Option<&StoredRecord>,
        record: &Record,
    ) -> Result<SwapOutcome> {
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
