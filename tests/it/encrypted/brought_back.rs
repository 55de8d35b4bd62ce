//! An older record that came back: whoever knew it before does not know what was lost.

use std::fs;

use tempfile::TempDir;

use super::*;

/// It cannot wait: whoever is not told at once is not told.
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

/// A store with `before` in it, brought back in the place of something newer that was damaged.
fn brought_back() -> (TempDir, EncryptedStore<CannotWait>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logins");
    let files = CannotWait(FileStore::open(&path).unwrap());
    let store = EncryptedStore::new(files, Key::generate().unwrap());
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
    let (_folder, store) = brought_back();
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
    let (_folder, store) = brought_back();
    let (who, unaware) = (identity("ada"), record("before"));
    let aware = store.load(&who).unwrap();
    let is_told = |seen| store.wait(&who, seen, Duration::from_secs(60)).unwrap();
    assert!(is_told(Some(&unaware)));
    assert!(!is_told(aware.as_ref()), "it is the same still");
}
