//! The end of a login: forgotten by all that share it, and revoked at the server.

use std::mem;
use std::sync::atomic::Ordering;

use crate::error::{Error, Result, StoreFailure};
use crate::grant::{Grant, RevokedToken};
use crate::login::{Change, Lineage, Loaded, Record, Refresh, Tokens};
use crate::store::SwapOutcome;
use crate::transport::Transport;

use super::driver::random;
use super::stored::{MOST_CONFLICTS, newer};
use super::{Inner, lock};

/// A login that was forgotten here and is still to be revoked.
pub(super) struct Ended {
    tokens: Tokens,
    /// Its refresh token may be spent, so that revoking it alone may have no effect.
    may_be_spent: bool,
}

impl Inner {
    pub(super) fn forget(&self) -> Result<()> {
        let (tombstone, _) = self.bury()?;
        self.bury_what_was_before(&tombstone)
    }

    /// Forgets first: a token that is revoked and not forgotten would still be served.
    pub(super) fn log_out(&self) -> Result<()> {
        let (tombstone, ended) = self.bury()?;
        let mut result = self.bury_what_was_before(&tombstone);
        let mut unrevoked = mem::take(&mut *lock(&self.unrevoked));
        unrevoked.extend(ended);
        for ended in unrevoked {
            if let Err(error) = ended.revoke(&*self.grant, &*self.transport) {
                if error.is_transient() {
                    lock(&self.unrevoked).push(ended);
                }
                result = result.and(Err(error));
            }
        }
        result
    }

    /// Replaces the record by a tombstone, and returns that and the login that it ended.
    fn bury(&self) -> Result<(Record, Option<Ended>)> {
        let now = self.clock().now();
        for _ in 0..MOST_CONFLICTS {
            let stored = self.store.load(&self.identity)?;
            let loaded = stored.as_ref().map(Loaded::decode).transpose();
            // One that cannot be read is replaced as well.
            let found = loaded.ok().flatten().map(|loaded| loaded.record);
            let newest = self.seen();
            let base = newer(found, newest.clone());
            let forget = Change::Forget {
                lineage: Lineage(random()),
                born: now.wall,
                seed: self.seed,
            };
            let Some(tombstone) = forget.apply(base.as_ref(), now) else {
                break;
            };
            if self.swap(stored.as_ref(), &tombstone)? == SwapOutcome::Conflict {
                continue;
            }
            let mut locked = lock(&self.memory);
            let memory = locked.get_or_insert_default();
            let owed = memory.owed.take();
            let owed = owed.and_then(|owed| owed.apply(base.as_ref(), now));
            memory.told = None;
            memory.newest = Some(tombstone.clone());
            self.logouts.fetch_add(1, Ordering::AcqRel);
            self.cache.quiet_until(0);
            self.cache.set(None);
            *lock(&self.rejection) = None;
            // What is there may be our own tombstone, whose acknowledgement was lost.
            let ended = [owed, base, newest].into_iter().flatten();
            return Ok((tombstone, ended.filter_map(Ended::of).next()));
        }
        Err(Error::store(
            StoreFailure::Unavailable,
            "the login changes all the time, not logged out; try again",
        ))
    }

    /// A store may keep the record before the newest, and bring it back: let that be a tombstone, too.
    fn bury_what_was_before(&self, tombstone: &Record) -> Result<()> {
        match self.swap(Some(&tombstone.encode()), &tombstone.next()) {
            Ok(SwapOutcome::Stored) => Ok(()),
            Ok(SwapOutcome::Conflict) => match self.look() {
                // The process that replaced the tombstone has left it as the previous record.
                (Some(found), _) if !found.is_older_than(tombstone) => Ok(()),
                (_, error) => Err(not_buried(error)),
            },
            Err(error) => Err(not_buried(Some(error))),
        }
    }
}

impl Ended {
    fn of(record: Record) -> Option<Self> {
        let tokens = Tokens {
            access: record.access,
            refresh: record.refresh.token().cloned(),
        };
        let is_empty = tokens.access.is_none() && tokens.refresh.is_none();
        (!is_empty).then_some(Self {
            tokens,
            may_be_spent: !matches!(record.refresh, Refresh::Absent | Refresh::Ready(_)),
        })
    }

    /// Revokes all that can be revoked, and returns the first failure.
    fn revoke(&self, grant: &dyn Grant, transport: &dyn Transport) -> Result<()> {
        let Tokens { access, refresh } = &self.tokens;
        let alone = refresh.is_none() || self.may_be_spent;
        let refresh_token = refresh.as_ref().map(|token| &token.secret);
        let access_token = access
            .as_ref()
            .filter(|_| alone)
            .map(|access| &access.token);
        let tokens = [
            refresh_token.map(RevokedToken::Refresh),
            access_token.map(RevokedToken::Access),
        ];
        let revoked =
            tokens
                .into_iter()
                .flatten()
                .map(|token| match grant.revocation_request(token)? {
                    Some(request) => request.deliver(transport),
                    None => Ok(()),
                });
        revoked.fold(Ok(()), Result::and)
    }
}

fn not_buried(cause: Option<Error>) -> Error {
    let why = match cause {
        Some(Error::Store { message, .. }) => message,
        _ => "it went back to an older record".into(),
    };
    let message = format!("logged out, but the store may still have a copy; log out again: {why}");
    Error::store(StoreFailure::Unavailable, message)
}
