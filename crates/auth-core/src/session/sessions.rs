//! Many sessions that are alike, one per customer.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hash;
use std::sync::Mutex;

use crate::error::Result;

use super::{Session, lock};

/// Sessions that are alike, one per customer; the least recently used are dropped.
///
/// A dropped session keeps its login in its store; one without a store logs in again. A session whose newest tokens are
/// not stored yet is not dropped.
///
/// ```
/// use auth_core::{Sessions, testing};
///
/// let sessions = Sessions::new(|customer: &u64| Ok(testing::session(&format!("token-of-{customer}"))));
/// assert_eq!(sessions.get(&4711)?.token()?.expose(), "token-of-4711");
/// # Ok::<(), auth_core::Error>(())
/// ```
pub struct Sessions<K> {
    make: Box<Make<K>>,
    most: usize,
    kept: Mutex<Kept<K>>,
}

type Make<K> = dyn Fn(&K) -> Result<Session> + Send + Sync;

struct Kept<K> {
    sessions: HashMap<K, (Session, u64)>,
    /// The customers by their last use.
    order: BTreeMap<u64, K>,
    uses: u64,
}

impl<K: Eq + Hash + Clone> Sessions<K> {
    /// Makes a session when a customer is first named.
    pub fn new(make: impl Fn(&K) -> Result<Session> + Send + Sync + 'static) -> Self {
        Self {
            make: Box::new(make),
            most: 10_000,
            kept: Mutex::new(Kept {
                sessions: HashMap::new(),
                order: BTreeMap::new(),
                uses: 0,
            }),
        }
    }

    /// Sets how many sessions are kept, at least one. Default: 10 000.
    #[must_use]
    pub fn with_capacity(mut self, most: usize) -> Self {
        self.most = most.max(1);
        self
    }

    /// Returns the session of a customer.
    ///
    /// # Errors
    /// The error of the closure; it is called again next time.
    pub fn get(&self, customer: &K) -> Result<Session> {
        if let Some(session) = lock(&self.kept).used(customer) {
            return Ok(session);
        }
        // Made without the lock: it may read files, and other customers must not wait.
        let made = (self.make)(customer)?;
        let mut kept = lock(&self.kept);
        if let Some(session) = kept.used(customer) {
            return Ok(session);
        }
        kept.make_room(self.most);
        Ok(kept.keep(customer.clone(), made))
    }

    /// Drops the session of a customer and returns it.
    pub fn remove(&self, customer: &K) -> Option<Session> {
        let mut kept = lock(&self.kept);
        let (session, used) = kept.sessions.remove(customer)?;
        kept.order.remove(&used);
        Some(session)
    }
}

impl<K: Eq + Hash + Clone> Kept<K> {
    /// Returns the session, which is then the most recently used.
    fn used(&mut self, customer: &K) -> Option<Session> {
        let (session, used) = self.sessions.get_mut(customer)?;
        let customer = self.order.remove(used)?;
        self.uses += 1;
        *used = self.uses;
        self.order.insert(self.uses, customer);
        Some(session.clone())
    }

    fn keep(&mut self, customer: K, session: Session) -> Session {
        self.uses += 1;
        self.order.insert(self.uses, customer.clone());
        self.sessions.insert(customer, (session.clone(), self.uses));
        session
    }

    /// Drops the least recently used sessions whose tokens are stored, until there is room for one more.
    fn make_room(&mut self, most: usize) {
        let excess = (self.sessions.len() + 1).saturating_sub(most);
        let is_stored = |customer: &K| {
            let session = self.sessions.get(customer);
            session.is_none_or(|(session, _)| !session.0.owes())
        };
        let oldest = self
            .order
            .iter()
            .filter(|(_, customer)| is_stored(customer));
        let dropped: Vec<u64> = oldest.map(|(used, _)| *used).take(excess).collect();
        for used in dropped {
            if let Some(customer) = self.order.remove(&used) {
                self.sessions.remove(&customer);
            }
        }
    }
}

impl<K> fmt::Debug for Sessions<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("kept", &lock(&self.kept).sessions.len())
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}
