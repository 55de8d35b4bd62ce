//! Records that only the holder of a key can read; a forged one is an error.

mod forged; // damaged, moved, cut, from the future
mod keys; // their text, their rotation, and records from before encryption
mod racing; // swaps whose result was lost, and concurrent swaps of other processes
mod restored; // older records that were restored

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::{
    AttemptId, EncryptedStore, EncryptionKey, FileStore, LivenessGuard, MemoryStore, Record, Store,
    SwapOutcome, WaitOutcome,
};
use auth_core::{Error, Secret};
use auth_sim::store_conformance::check;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::support::CANARY;

fn identity(username: &str) -> Identity {
    Identity::new("ermeo").with("username", username)
}

fn record(text: impl AsRef<[u8]>) -> Record {
    Record::from_bytes(text.as_ref().to_vec())
}

/// The key of these bytes.
fn key(bytes: [u8; 32]) -> EncryptionKey {
    EncryptionKey::from_base64(Secret::new(BASE64_STANDARD.encode(bytes))).unwrap()
}

/// Replaces the current record.
fn put(store: &dyn Store, identity: &Identity, bytes: &[u8]) {
    let found = store.load(identity).unwrap();
    let swapped = store.swap(identity, found.as_ref(), &record(bytes));
    assert_eq!(swapped.unwrap(), SwapOutcome::Stored);
}

fn bytes(store: &dyn Store, identity: &Identity) -> Vec<u8> {
    store.load(identity).unwrap().unwrap().expose().to_vec()
}

/// Requires that load, swap and wait fail with these words and leave the record as it is.
#[track_caller]
fn assert_refused(
    store: &EncryptedStore<MemoryStore>,
    memory: &MemoryStore,
    who: &Identity,
    why: &str,
) {
    let before = bytes(memory, who);
    let new = record("new");
    for error in [
        store.load(who).unwrap_err(),
        store.swap(who, None, &new).unwrap_err(),
        store.swap(who, Some(&record("old")), &new).unwrap_err(),
        store.wait(who, None, Duration::ZERO).unwrap_err(),
    ] {
        let Error::Store {
            failure, message, ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(*failure, StoreFailure::Unreadable);
        assert!(message.contains(why), "{message}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(CANARY), "{shown}");
    }
    assert_eq!(bytes(memory, who), before);
}

#[test]
fn an_encrypted_store_keeps_every_promise() {
    let store = EncryptedStore::new(MemoryStore::new(), EncryptionKey::generate().unwrap());
    check(|| store.clone());
}

#[test]
fn promises_are_kept_while_the_key_is_replaced() {
    let memory = MemoryStore::new();
    let [old, new] = [(); 2].map(|()| EncryptionKey::generate().unwrap());
    let opened = Cell::new(0);
    check(|| {
        opened.set(opened.get() + 1);
        let (encrypts, decrypts) = match opened.get() % 2 {
            0 => (&old, &new),
            _ => (&new, &old),
        };
        EncryptedStore::new(memory.clone(), encrypts.clone()).also_decrypt(decrypts.clone())
    });
}

#[test]
fn every_generation_of_a_file_is_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logins");
    let key = EncryptionKey::generate().unwrap();
    let open = || EncryptedStore::new(FileStore::open(&path).unwrap(), key.clone());
    check(open);
    let (store, who) = (open(), identity("ada"));
    for turn in ["first", "second", "third"] {
        put(&store, &who, format!("{CANARY} {turn}").as_bytes());
    }
    let files: Vec<_> = std::fs::read_dir(&path).unwrap().collect();
    assert!(files.len() > 2, "{files:?}");
    for file in files {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let canary = CANARY.as_bytes();
        assert!(!bytes.windows(canary.len()).any(|window| window == canary));
    }
}

#[test]
fn stored_bytes_show_neither_record_nor_key() {
    let memory = MemoryStore::new();
    let store = EncryptedStore::new(memory.clone(), key(*b"canary-key-canary-key-canary-key"));
    let who = identity("ada");
    put(&store, &who, CANARY.as_bytes());
    assert_eq!(bytes(&store, &who), CANARY.as_bytes());

    let encrypted = bytes(&memory, &who);
    for secret in [CANARY.as_bytes(), b"canary-key"] {
        for part in secret.windows(6) {
            assert!(!encrypted.windows(6).any(|window| window == part));
        }
    }
}

#[test]
fn encrypting_twice_gives_different_bytes() {
    let memory = MemoryStore::new();
    let store = EncryptedStore::new(memory.clone(), EncryptionKey::generate().unwrap());
    let mut seen = BTreeSet::new();
    let mut nonces = BTreeSet::new();
    for turn in 0..200 {
        let who = identity(&turn.to_string());
        put(&store, &who, b"the same record");
        put(&store, &who, b"another");
        put(&store, &who, b"the same record");
        let encrypted = bytes(&memory, &who);
        nonces.insert(encrypted[NONCE].to_vec());
        seen.insert(encrypted[NONCE.end..].to_vec());
    }
    assert_eq!((seen.len(), nonces.len()), (200, 200));
}

#[test]
fn debug_shows_neither_key_nor_record() {
    let key = key(*b"canary-key-canary-key-canary-key");
    let text = key.to_base64();
    let store = EncryptedStore::new(MemoryStore::new(), key.clone()).also_decrypt(key.clone());
    put(&store, &identity("ada"), CANARY.as_bytes());
    let shown = format!("{store:?} {store:#?} {key:?} {key:#?}");
    assert!(shown.contains("EncryptedStore(MemoryStore("), "{shown}");
    for secret in [CANARY, "canary-key", text.expose(), "99, 97, 110"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_restored_record_is_still_marked() {
    #[derive(Debug)]
    struct Restores(MemoryStore);

    impl Store for Restores {
        fn load(&self, identity: &Identity) -> auth_core::Result<Option<Record>> {
            Ok(self.0.load(identity)?.map(Record::restored))
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

    let store = Restores(MemoryStore::new());
    let store =
        EncryptedStore::new(store, EncryptionKey::generate().unwrap()).danger_accept_plaintext();
    for who in [identity("encrypted"), identity("plaintext")] {
        put(&store, &who, b"record");
        assert!(store.load(&who).unwrap().unwrap().is_restored());
    }
}

#[test]
fn time_out_and_liveness_come_from_the_inner_store() {
    #[derive(Debug)]
    struct Exited(MemoryStore);

    impl Store for Exited {
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

        fn timeout(&self) -> Duration {
            Duration::from_secs(3)
        }

        fn announce(&self, identity: &Identity, attempt: AttemptId) -> Option<LivenessGuard> {
            self.has_exited(identity, attempt)
                .then(|| LivenessGuard::new(()))
        }

        fn has_exited(&self, identity: &Identity, attempt: AttemptId) -> bool {
            *identity == self::identity("ada") && attempt == SEVEN
        }
    }

    const SEVEN: AttemptId = AttemptId::from_bytes([7; 16]);
    const EIGHT: AttemptId = AttemptId::from_bytes([8; 16]);

    let store = EncryptedStore::new(
        Exited(MemoryStore::new()),
        EncryptionKey::generate().unwrap(),
    );
    // A swap calls it at most four times: load, swap, load, swap.
    assert_eq!(store.timeout(), Duration::from_secs(12));
    assert!(store.announce(&identity("ada"), SEVEN).is_some());
    assert!(store.announce(&identity("ada"), EIGHT).is_none());
    assert!(store.has_exited(&identity("ada"), SEVEN));
    assert!(!store.has_exited(&identity("bob"), SEVEN));
    // The inner store cannot wait, so this one cannot either.
    let waited = store.wait(&identity("ada"), None, Duration::from_secs(60));
    assert_eq!(waited.unwrap(), WaitOutcome::Unsupported);
}

/// Position of the nonce: after the format's name and version, and the number of the key.
const NONCE: std::ops::Range<usize> = 21..33;
