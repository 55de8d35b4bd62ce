//! The sessions that are kept, and which of them is dropped.
//!
//! Customers are spread over parts by a hash of their key, each with a lock of its own. In a part the sessions are in a
//! ring. A hand goes round it when room is needed: it passes over a session that was used since it last came by, and drops
//! the next one that was not. A use costs a flag, not a place in a list, so threads that use sessions share the lock.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Session, SessionCounts};

pub(super) struct Kept<K> {
    most: usize,
    size: AtomicUsize,
    parts: Box<[Part<K>]>,
    hasher: RandomState,
    evicted: AtomicU64,
    over_capacity: AtomicU64,
}

/// On cache lines of its own: threads write to the lock and the count.
#[repr(align(128))]
struct Part<K> {
    ring: RwLock<Ring<K>>,
    hits: AtomicU64,
}

struct Ring<K> {
    by_key: HashMap<K, Entry>,
    keys: Vec<K>,
    hand: usize,
}

struct Entry {
    session: Session,
    /// The place of its key in the ring.
    at: usize,
    /// Since the hand last came by.
    is_used: AtomicBool,
}

impl<K> Kept<K> {
    pub(super) fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    pub(super) fn most(&self) -> usize {
        self.most
    }

    pub(super) fn counts(&self) -> SessionCounts {
        let hits = self.parts.iter();
        SessionCounts {
            size: self.size(),
            hits: hits.map(|part| part.hits.load(Ordering::Relaxed)).sum(),
            evicted: self.evicted.load(Ordering::Relaxed),
            over_capacity: self.over_capacity.load(Ordering::Relaxed),
            ..SessionCounts::default()
        }
    }
}

impl<K: Eq + Hash + Clone> Kept<K> {
    pub(super) fn new(most: usize) -> Self {
        let parts = (most / SMALLEST_PART).clamp(1, MOST_PARTS);
        // A power of two, so that the part is some bits of the hash.
        let parts = 1 << parts.ilog2();
        Self {
            most,
            size: AtomicUsize::new(0),
            parts: (0..parts).map(|_| Part::new()).collect(),
            hasher: RandomState::new(),
            evicted: AtomicU64::new(0),
            over_capacity: AtomicU64::new(0),
        }
    }

    /// These sessions with another capacity.
    pub(super) fn with_capacity(self, most: usize) -> Self {
        let kept = Self::new(most);
        for part in self.parts {
            let ring = part.ring.into_inner();
            for (key, entry) in ring.unwrap_or_else(PoisonError::into_inner).by_key {
                kept.keep(&key, entry.session);
            }
        }
        kept
    }

    /// Returns the session, which counts as used.
    pub(super) fn used(&self, key: &K) -> Option<Session> {
        let part = &self.parts[self.part(key)];
        let ring = part.read();
        let entry = ring.by_key.get(key)?;
        if !entry.is_used.load(Ordering::Relaxed) {
            entry.is_used.store(true, Ordering::Relaxed);
        }
        part.hits.fetch_add(1, Ordering::Relaxed);
        Some(entry.session.clone())
    }

    pub(super) fn get(&self, key: &K) -> Option<Session> {
        let ring = self.parts[self.part(key)].read();
        Some(ring.by_key.get(key)?.session.clone())
    }

    /// Adds a session whose key is new, and returns those that were dropped for it.
    pub(super) fn keep(&self, key: &K, session: Session) -> Vec<Session> {
        let size = self.size.fetch_add(1, Ordering::Relaxed) + 1;
        // One for the new session, and one for an earlier one that was kept beyond the capacity.
        let excess = size.saturating_sub(self.most).min(2);
        let mut looks = if excess > 0 { LOOKS } else { 0 };
        let own = self.part(key);
        let mut dropped = Vec::with_capacity(excess);
        dropped.extend(self.parts[own].write().add(key, session, &mut looks));
        for next in own..own + self.parts.len() {
            if dropped.len() == excess || looks == 0 {
                break;
            }
            let mut ring = self.parts[next % self.parts.len()].write();
            while dropped.len() < excess
                && let Some(at) = ring.idle(Some(key), &mut looks)
            {
                dropped.push(ring.take(at));
            }
        }
        self.size.fetch_sub(dropped.len(), Ordering::Relaxed);
        self.evicted
            .fetch_add(dropped.len() as u64, Ordering::Relaxed);
        if excess > 0 && dropped.is_empty() {
            self.over_capacity.fetch_add(1, Ordering::Relaxed);
            let over = size - self.most;
            if over.is_power_of_two() {
                log::warn!(
                    "sessions: {over} more than the capacity of {}, because others are being renewed or not stored",
                    self.most
                );
            }
        }
        dropped
    }

    /// Shows each session.
    pub(super) fn each(&self, show: impl Fn(&Session)) {
        for part in &self.parts {
            part.read()
                .by_key
                .values()
                .for_each(|entry| show(&entry.session));
        }
    }

    pub(super) fn remove(&self, key: &K) -> Option<Session> {
        let session = self.parts[self.part(key)].write().remove(key)?;
        self.size.fetch_sub(1, Ordering::Relaxed);
        Some(session)
    }

    fn part(&self, key: &K) -> usize {
        match self.parts.len() {
            1 => 0,
            parts => self.hasher.hash_one(key) as usize & (parts - 1),
        }
    }
}

impl<K> Part<K> {
    fn new() -> Self {
        Self {
            ring: RwLock::new(Ring {
                by_key: HashMap::new(),
                keys: Vec::new(),
                hand: 0,
            }),
            hits: AtomicU64::new(0),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Ring<K>> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Ring<K>> {
        self.ring.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Clone> Ring<K> {
    /// Adds a session, in the place of one that it drops if it may look at any.
    fn add(&mut self, key: &K, session: Session, looks: &mut usize) -> Option<Session> {
        let idle = self.idle(None, looks);
        let at = idle.unwrap_or(self.keys.len());
        let entry = Entry {
            session,
            at,
            is_used: AtomicBool::new(false),
        };
        self.by_key.insert(key.clone(), entry);
        match self.keys.get_mut(at) {
            None => {
                self.keys.push(key.clone());
                None
            }
            Some(place) => {
                let old = mem::replace(place, key.clone());
                Some(self.by_key.remove(&old)?.session)
            }
        }
    }

    /// Moves the hand to the next session that can be dropped, and past it; returns its place.
    fn idle(&mut self, but: Option<&K>, looks: &mut usize) -> Option<usize> {
        let mut second = None;
        for _ in 0..self.keys.len().min(*looks) {
            *looks -= 1;
            let at = self.hand % self.keys.len();
            self.hand = at + 1;
            let entry = self.by_key.get_mut(&self.keys[at])?;
            let is_used = mem::take(entry.is_used.get_mut());
            if Some(&self.keys[at]) == but || entry.session.0.is_busy() {
                continue;
            }
            if !is_used {
                return Some(at);
            }
            // All of them were used: then it is the one that was not looked at for the longest time.
            second = second.or(Some(at));
        }
        second
    }

    /// Removes the session at this place; the last one takes it.
    fn take(&mut self, at: usize) -> Session {
        let key = self.keys.swap_remove(at);
        if let Some(moved) = self.keys.get(at).and_then(|key| self.by_key.get_mut(key)) {
            moved.at = at;
        }
        match self.by_key.remove(&key) {
            Some(entry) => entry.session,
            None => unreachable!("each key of the ring has a session"),
        }
    }

    fn remove(&mut self, key: &K) -> Option<Session> {
        let at = self.by_key.get(key)?.at;
        Some(self.take(at))
    }
}

/// Most sessions at which one call looks to drop one.
const LOOKS: usize = 32;
const MOST_PARTS: usize = 64;
const SMALLEST_PART: usize = 64;
