//! A real keyring: its records, its users, and the store's errors when it fails.

use std::process::Command;
use std::time::Duration;

use auth_core::Error;
use auth_core::error::{Remedy, StoreFailure};
use auth_core::grant::Identity;
use auth_core::store::{Record, Store, SwapOutcome};
use auth_sim::store_conformance::check;
use auth_store_keyring::KeyringStore;

use crate::session::{Desktop, again, inside, role};

fn record(bytes: impl AsRef<[u8]>) -> Record {
    Record::from_bytes(bytes.as_ref().to_vec())
}

fn ann() -> Identity {
    Identity::new("ermeo").with("username", "ann")
}

#[test]
fn the_keyring_keeps_every_promise() {
    inside(Desktop::Unlocked, || {
        check(|| {
            let store = KeyringStore::open("conformance").unwrap();
            store.with_timeout(Duration::from_secs(60))
        });
    });
}

#[test]
fn several_processes_lose_no_update() {
    inside(Desktop::Unlocked, || {
        let store = KeyringStore::open("processes").unwrap();
        let store = store.with_timeout(Duration::from_secs(60));
        if role().is_some() {
            (0..5).for_each(|_| increment(&store));
            return;
        }
        let start = |process: u32| again(&process.to_string()).spawn().unwrap();
        let processes: Vec<_> = (0..4).map(start).collect();
        for mut process in processes {
            assert!(process.wait().unwrap().success());
        }
        let last = store.load(&ann()).unwrap();
        assert_eq!(number(last.as_ref()), 20);
    });
}

/// A number alone is not enough: two processes that add one swap the same bytes, and both succeed.
fn increment(store: &KeyringStore) {
    loop {
        let seen = store.load(&ann()).unwrap();
        let next = number(seen.as_ref()) + 1;
        let next = record(format!("{next} by {}", std::process::id()));
        if store.swap(&ann(), seen.as_ref(), &next).unwrap() == SwapOutcome::Stored {
            return;
        }
    }
}

fn number(record: Option<&Record>) -> u32 {
    record.map_or(0, |record| {
        let text = std::str::from_utf8(record.expose()).unwrap();
        text.split(' ').next().unwrap().parse().unwrap()
    })
}

#[test]
fn services_and_sizes_are_kept_apart() {
    inside(Desktop::Unlocked, || {
        let [one, two] = ["one", "two"].map(|service| KeyringStore::open(service).unwrap());
        let mut last = None;
        for length in [10, 100_000, 10, 40_000, 200_000, 1] {
            let next = record("x".repeat(length));
            let swapped = one.swap(&ann(), last.as_ref(), &next).unwrap();
            assert_eq!(swapped, SwapOutcome::Stored);
            assert_eq!(one.load(&ann()).unwrap().as_ref(), Some(&next));
            last = Some(next);
        }
        assert_eq!(two.load(&ann()).unwrap(), None);
        // Only the entry of the last, small record is left.
        let found = secret_service("SearchItems", "dict:string:string:service,one");
        assert_eq!(found.matches("/collection/").count(), 1, "{found}");
    });
}

#[test]
fn a_locked_keyring_is_named_and_keeps_its_records() {
    inside(Desktop::Unlocked, || {
        let store = KeyringStore::open("locked").unwrap();
        let first = record("canary");
        assert_eq!(
            store.swap(&ann(), None, &first).unwrap(),
            SwapOutcome::Stored
        );
        let default = secret_service("ReadAlias", "string:default");
        let path = default.split('"').nth(1).unwrap().to_owned();
        secret_service("Lock", &format!("array:objpath:{path}"));

        let store = store.with_timeout(Duration::from_secs(5));
        for error in [
            store.load(&ann()).unwrap_err(),
            store
                .swap(&ann(), Some(&first), &record("new"))
                .unwrap_err(),
        ] {
            let shown = format!("{error} {error:?}");
            assert!(error.remedy() == Remedy::Retry, "{shown}");
            assert!(shown.contains("locked"), "{shown}");
            assert!(!shown.contains("canary"), "{shown}");
        }
    });
}

#[test]
fn without_a_keyring_the_error_names_an_alternative() {
    inside(Desktop::Headless, || {
        let error = KeyringStore::open("headless").unwrap_err();
        let Error::Store {
            failure, message, ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(*failure, StoreFailure::Unavailable);
        assert!(
            message.contains("FileStore") && message.contains("EncryptedStore"),
            "{message}"
        );
    });
}

/// Calls a method of the Secret Service as another program.
fn secret_service(method: &str, argument: &str) -> String {
    let output = Command::new("dbus-send")
        .args([
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.secrets",
        ])
        .arg("/org/freedesktop/secrets")
        .arg(format!("org.freedesktop.Secret.Service.{method}"))
        .arg(argument)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
