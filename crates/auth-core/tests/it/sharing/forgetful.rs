//! Stores that lose a record, restore an older one, or hold foreign bytes.

use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::{MemoryStore, Record, Store, SwapOutcome};
use auth_core::testing::ManualClock;
use auth_core::{Error, Session};

use crate::script::{Script, seconds, served};

fn identity() -> Identity {
    Identity::new("script")
}

fn put(store: &MemoryStore, record: &Record) {
    let there = store.load(&identity()).unwrap();
    assert_eq!(
        store.swap(&identity(), there.as_ref(), record).unwrap(),
        SwapOutcome::Stored
    );
}

fn session(script: &Script, store: &MemoryStore, clock: &ManualClock) -> Session {
    script
        .builder(clock)
        .retries(0)
        .store(store.clone())
        .build()
        .unwrap()
}

/// The refresh token of the older record is not sent again.
#[test]
fn a_restored_older_record_is_replaced_by_the_newer_one() {
    let (store, clock) = (MemoryStore::new(), ManualClock::new());
    let script = Script::new().token("one", "r1").token("two", "r2");
    let script = script.token("three", "r3");
    let first = session(&script, &store, &clock);
    served(&first);
    let old = store.load(&identity()).unwrap().unwrap();
    clock.advance(seconds(3600));
    assert_eq!(served(&first), "two");
    put(&store, &old);
    clock.advance(seconds(3300));
    assert_eq!(
        served(&first),
        "two",
        "another process may be using its refresh token"
    );
    let second = session(&Script::new(), &store, &clock);
    assert_eq!(served(&second), "two", "written back");
    clock.advance(seconds(250));
    assert_eq!(served(&first), "three");
    assert_eq!(script.asked(), ["log in", "refresh r1", "refresh r2"]);
}

#[test]
fn an_emptied_store_gets_the_record_from_a_session() {
    let clock = ManualClock::new();
    let script = Script::new().token("one", "r1").token("two", "r2");
    #[derive(Clone, Debug, Default)]
    struct Emptied(std::sync::Arc<std::sync::Mutex<MemoryStore>>);
    impl Store for Emptied {
        fn load(&self, identity: &Identity) -> auth_core::Result<Option<Record>> {
            self.0.lock().unwrap().load(identity)
        }
        fn swap(
            &self,
            identity: &Identity,
            expected: Option<&Record>,
            record: &Record,
        ) -> auth_core::Result<SwapOutcome> {
            self.0.lock().unwrap().swap(identity, expected, record)
        }
    }
    let store = Emptied::default();
    let session = script.builder(&clock).store(store.clone()).build().unwrap();
    served(&session);
    *store.0.lock().unwrap() = MemoryStore::new();
    clock.advance(seconds(3300));
    assert_eq!(served(&session), "one");
    assert!(store.load(&identity()).unwrap().is_some());
    clock.advance(seconds(250));
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked(), ["log in", "refresh r1"]);
}

#[test]
fn foreign_bytes_are_left_alone_until_a_log_out() {
    let (store, clock) = (MemoryStore::new(), ManualClock::new());
    let foreign = Record::from_bytes(b"{\"access_token\":\"canary\"}".to_vec());
    put(&store, &foreign);
    let script = Script::new().token("one", "r1");
    let session = session(&script, &store, &clock);
    let error = session.token().unwrap_err();
    assert!(
        matches!(
            error,
            Error::Store {
                failure: StoreFailure::Unreadable,
                ..
            }
        ),
        "{error}"
    );
    assert!(!format!("{error} {error:?}").contains("canary"));
    assert_eq!(store.load(&identity()).unwrap().unwrap(), foreign);
    assert!(script.asked().is_empty());
    session.forget().unwrap();
    assert_eq!(served(&session), "one");
}

#[test]
fn a_newer_record_is_refused_with_a_hint_to_upgrade() {
    let (store, clock) = (MemoryStore::new(), ManualClock::new());
    let writer = Script::new().token("one", "r1");
    served(&session(&writer, &store, &clock));
    let mut bytes = store.load(&identity()).unwrap().unwrap().expose().to_vec();
    bytes[8] += 1;
    put(&store, &Record::from_bytes(bytes));
    let script = Script::new();
    let error = session(&script, &store, &clock).token().unwrap_err();
    assert!(
        error.to_string().contains("upgrade this program"),
        "{error}"
    );
}

#[test]
fn no_damaged_or_cut_record_causes_a_panic() {
    let (store, clock) = (MemoryStore::new(), ManualClock::new());
    let writer = Script::new()
        .token("one", "r1")
        .error(crate::script::refused("invalid_scope"));
    let first = session(&writer, &store, &clock);
    served(&first);
    clock.advance(seconds(3300));
    served(&first);
    let record = store.load(&identity()).unwrap().unwrap();
    let bytes = record.expose();
    let mut refused = 0;
    let mut read = |bytes: Vec<u8>| {
        let store = MemoryStore::new();
        put(&store, &Record::from_bytes(bytes));
        let words = format!("{:#}", session(&Script::new(), &store, &clock).status());
        refused += usize::from(words.contains("is unreadable"));
    };
    for cut in 0..bytes.len() {
        read(bytes[..cut].to_vec());
    }
    for place in 0..bytes.len() {
        for bit in [1, 0x80] {
            let mut bytes = bytes.to_vec();
            bytes[place] ^= bit;
            read(bytes);
        }
    }
    assert!(refused >= bytes.len(), "every cut is noticed: {refused}");
}
