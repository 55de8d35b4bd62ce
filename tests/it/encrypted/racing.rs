//! Swaps whose result was lost, and concurrent swaps of other processes.

use std::sync::Mutex;

use auth_core::error::Remedy;

use super::*;

/// Lets another process swap right before the next swap, or loses its result.
#[derive(Debug)]
struct Between {
    memory: MemoryStore,
    next: Mutex<Option<Next>>,
}

#[derive(Debug)]
enum Next {
    /// Another process swaps first.
    Swap(EncryptedStore<MemoryStore>, &'static str),
    LoseTheResult,
}

impl Store for Between {
    fn load(&self, identity: &Identity) -> auth_core::Result<Option<Record>> {
        self.memory.load(identity)
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> auth_core::Result<SwapOutcome> {
        let next = self.next.lock().unwrap().take();
        if let Some(Next::Swap(other, text)) = &next {
            put(other, identity, text.as_bytes());
        }
        let result = self.memory.swap(identity, expected, record);
        match next {
            Some(Next::LoseTheResult) => Err(Error::store(
                StoreFailure::Unavailable,
                "the result was lost",
            )),
            _ => result,
        }
    }
}

/// Returns a store with `old` in it that does this at its next swap, and the same store in another process.
fn between(
    next: impl FnOnce(EncryptedStore<MemoryStore>) -> Next,
) -> (EncryptedStore<Between>, EncryptedStore<MemoryStore>) {
    let memory = MemoryStore::new();
    let key = EncryptionKey::generate().unwrap();
    let other = EncryptedStore::new(memory.clone(), key.clone());
    put(&other, &identity("ada"), b"old");
    let next = Mutex::new(Some(next(other.clone())));
    (EncryptedStore::new(Between { memory, next }, key), other)
}

#[test]
fn a_swap_with_a_lost_result_can_be_repeated() {
    let (store, other) = between(|_| Next::LoseTheResult);
    let who = identity("ada");
    let [old, new] = ["old", "new"].map(record);
    store.swap(&who, Some(&old), &new).unwrap_err();
    assert_eq!(
        store.swap(&who, Some(&old), &new).unwrap(),
        SwapOutcome::Stored
    );
    assert_eq!(bytes(&other, &who), b"new");
}

#[test]
fn a_swap_after_another_is_a_conflict() {
    let (store, other) = between(|other| Next::Swap(other, "theirs"));
    let who = identity("ada");
    let swapped = store.swap(&who, Some(&record("old")), &record("ours"));
    assert_eq!(swapped.unwrap(), SwapOutcome::Conflict);
    assert_eq!(bytes(&other, &who), b"theirs");
}

#[test]
fn a_swap_after_the_same_swap_is_stored() {
    let (store, other) = between(|other| Next::Swap(other, "new"));
    let who = identity("ada");
    let swapped = store.swap(&who, Some(&record("old")), &record("new"));
    assert_eq!(swapped.unwrap(), SwapOutcome::Stored);
    assert_eq!(bytes(&other, &who), b"new");
}

#[test]
fn the_inner_store_acknowledges_a_current_record() {
    let (store, _) = between(|_| Next::LoseTheResult);
    let old = record("old");
    let error = store.swap(&identity("ada"), None, &old).unwrap_err();
    assert!(error.remedy() == Remedy::Retry, "{error}");
    assert_eq!(
        store.swap(&identity("ada"), None, &old).unwrap(),
        SwapOutcome::Stored
    );
}
