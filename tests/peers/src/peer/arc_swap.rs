//! The floor: a header in an `ArcSwap`, loaded after a look at the coarse clock. It is no client, and never renews.

use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use rustix::time::{ClockId, clock_gettime};

use super::{Peer, Result, Settings};

pub(crate) struct Client {
    header: ArcSwap<String>,
    expires_at: AtomicU64,
}

impl Peer for Client {
    async fn connect(_: &Settings) -> Result<Self> {
        Ok(Self {
            header: ArcSwap::from_pointee(format!("Bearer {}", "a".repeat(900))),
            expires_at: AtomicU64::new(seconds() + 3600),
        })
    }

    async fn token(&self) -> Result<usize> {
        if seconds() >= self.expires_at.load(Ordering::Acquire) {
            return Err("expired".into());
        }
        Ok(self.header.load().len())
    }
}

fn seconds() -> u64 {
    clock_gettime(ClockId::RealtimeCoarse).tv_sec.unsigned_abs()
}
