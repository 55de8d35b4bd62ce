//! Stores that forget, go back in time, or hold what is not a record.

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

#[test]
fn a_store_that_goes_back_in_time_gets_the_newer_record_again_and_nobody_spends_the_old_token() {
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
        "it is not clear yet who else uses its refresh token"
    );
    let second = session(&Script::new(), &store, &clock);
    assert_eq!(served(&second), "two", "written back");
    clock.advance(seconds(250));
    assert_eq!(served(&first), "three");
    assert_eq!(script.asked(), ["log in", "refresh r1", "refresh r2"]);
}

#[test]
fn an_emptied_store_gets_the_record_again_from_whoever_has_it() {
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
fn what_is_not_a_record_is_left_alone_until_somebody_logs_out() {
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
fn a_record_of_a_newer_version_is_left_alone_and_the_error_says_what_to_do() {
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
fn a_record_damaged_at_any_byte_or_cut_anywhere_is_an_error_or_a_record_and_never_a_panic() {
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
