//! An older record that was restored: a caller that loaded it earlier is not aware of the damage.

use std::fs;

use tempfile::TempDir;

use super::*;

/// A store that cannot wait, so a wait returns `Changed` only at once.
#[derive(Debug)]
struct CannotWait(FileStore);

impl Store for CannotWait {
    fn load(&self, identity: &Identity) -> auth_core::Result<Option<Record>> {
        self.0.load(identity)
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> auth_core::Result<SwapOutcome> {
        self.0.swap(identity, expected, record)
    }
}

/// A store whose newest record was damaged, so that `before` is restored.
fn restored() -> (TempDir, EncryptedStore<CannotWait>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logins");
    let files = CannotWait(FileStore::open(&path).unwrap());
    let store = EncryptedStore::new(files, EncryptionKey::generate().unwrap());
    let who = identity("ada");
    put(&store, &who, b"before");
    put(&store, &who, b"newest");
    let mut files = fs::read_dir(&path)
        .unwrap()
        .map(|file| file.unwrap().path());
    let newest = files.find(|file| file.extension().is_some_and(|end| end == "record"));
    fs::write(newest.unwrap(), b"damaged").unwrap();
    (folder, store)
}

#[test]
fn an_unmarked_expectation_is_a_conflict() {
    let (_folder, store) = restored();
    let (who, unaware) = (identity("ada"), record("before"));
    let aware = store.load(&who).unwrap().unwrap();
    assert!(aware == unaware && aware.is_restored());
    // The second would only be a repeated swap.
    for next in ["next", "before"] {
        let swapped = store.swap(&who, Some(&unaware), &record(next));
        assert_eq!(swapped.unwrap(), SwapOutcome::Conflict);
        assert!(store.load(&who).unwrap().unwrap().is_restored());
    }
    let swapped = store.swap(&who, Some(&aware), &record("next"));
    assert_eq!(swapped.unwrap(), SwapOutcome::Stored);
    assert_eq!(bytes(&store, &who), b"next");
    assert!(!store.load(&who).unwrap().unwrap().is_restored());
}

#[test]
fn a_wait_ends_when_a_record_was_restored() {
    let (_folder, store) = restored();
    let (who, unaware) = (identity("ada"), record("before"));
    let aware = store.load(&who).unwrap();
    let wait = |seen| store.wait(&who, seen, Duration::from_secs(60)).unwrap();
    assert_eq!(wait(Some(&unaware)), WaitOutcome::Changed);
    assert_eq!(wait(aware.as_ref()), WaitOutcome::Unsupported);
}
