//! Processes that are killed: while they write, while they hold a lock, while they renew.

use std::thread;

use auth_core::store::{Store, SwapOutcome};

use super::child::{LONG, Running, with_role};
use super::{Place, ann, attempt, put, record, text};

#[test]
fn a_process_killed_while_writing_does_no_harm() {
    let place = Place::new();
    let new = place.file("new");
    let mut unfinished = 0;
    // This test may come too late now and then.
    for round in 0..100 {
        let mut writer = Running::start(with_role("write", place.directory.as_os_str()));
        while !new.exists() {
            assert!(!writer.is_over(), "it fails to write");
            thread::yield_now();
        }
        writer.kill();
        let left = new.exists();
        let current = place.open().load(&ann()).unwrap();
        if let Some(record) = &current {
            assert!(!record.is_restored() && is_whole(record.expose()));
        }
        let next = record(format!("round {round}"));
        let swap = place.open().swap(&ann(), current.as_ref(), &next);
        assert_eq!(swap.unwrap(), SwapOutcome::Stored);
        assert_eq!(text(&place.open()), Some(format!("round {round}")));
        assert!(!new.exists(), "the file of the dead process is removed");
        unfinished += u32::from(left);
        if unfinished == 5 {
            return;
        }
    }
    panic!("only {unfinished} of 100 were killed between writing and renaming");
}

/// Returns `true` for a record of a writer, or the one before.
fn is_whole(record: &[u8]) -> bool {
    record == vec![record[0]; LONG] || record.starts_with(b"round ")
}

#[test]
fn a_killed_process_holds_no_lock() {
    let place = Place::new();
    put(&place.open(), &["one"]);
    let lock = place.file("lock");
    let mut holder = Running::start(with_role("lock", lock.as_os_str()));
    assert_eq!(holder.says().as_deref(), Some("locked"));
    holder.kill();
    let swap = place
        .open()
        .swap(&ann(), Some(&record("one")), &record("two"));
    assert_eq!(swap.unwrap(), SwapOutcome::Stored);
}

#[test]
fn a_process_killed_while_renewing_has_exited() {
    let place = Place::new();
    let store = place.open();
    let mut holder = Running::start(with_role("renew 77", place.directory.as_os_str()));
    assert_eq!(holder.says().as_deref(), Some("renewing"));
    assert!(!store.has_exited(&ann(), attempt(77)));
    assert!(store.announce(&ann(), attempt(78)).is_none());
    // It does not delay reads and writes.
    put(&store, &["one", "two"]);

    holder.kill();
    assert!(store.has_exited(&ann(), attempt(77)));
    assert!(!store.has_exited(&ann(), attempt(78)));
    assert!(store.announce(&ann(), attempt(78)).is_some());
}
