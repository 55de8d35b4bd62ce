//! The suite for stores: a correct store passes, and each fault is reported with the promise that it breaks.

mod broken; // stores with one fault each

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use auth_core::store::MemoryStore;
use auth_sim::store_conformance::{PROPERTIES, Property, Violation, check};

use broken::{Broken, Fault};

const CAUGHT: &[(Fault, &str)] = &[
    (Fault::FindsAnything, "no record exists at first"),
    (
        Fault::SharesNothing,
        "a first swap is stored, and every process loads it",
    ),
    (
        Fault::InsertsOver,
        "a swap that expects no record leaves a record alone",
    ),
    (
        Fault::Creates,
        "a swap that expects a record does not create one",
    ),
    (
        Fault::ForgetsToCompare,
        "a swap with a wrong expectation leaves the record alone",
    ),
    (
        Fault::OnlyInserts,
        "a swap with the right expectation is stored, and every process loads it",
    ),
    (
        Fault::OnlyPretends,
        "a swap with the right expectation is stored, and every process loads it",
    ),
    (
        Fault::RefusesToRepeat,
        "a swap can be repeated while its record is current, and only then",
    ),
    (
        Fault::ReadsStale,
        "load returns another process's swap at once",
    ),
    (Fault::FoldsCase, "identities are kept apart"),
    (Fault::CutsIdentities, "long identities are kept apart"),
    (Fault::EndsAtNul, "records keep every byte"),
    (Fault::CutsRecords, "records keep every byte"),
    (Fault::ReadsText, "records keep every byte"),
    (
        Fault::ComparesText,
        "records are compared by their bytes, not as text or numbers",
    ),
    (Fault::Restores, "a stored record is not marked as restored"),
    (Fault::Shows, "Debug shows no byte of a record"),
    (
        Fault::LoadsThenWrites,
        "of many swaps with the same expectation, one succeeds",
    ),
    (Fault::LoadsThenWrites, "no update is lost"),
    (
        Fault::NeverWakes,
        "wait returns soon after a swap, or is unsupported",
    ),
    (
        Fault::WaitsForTheNext,
        "wait returns at once if another record is current already",
    ),
    (Fault::NeverGivesUp, "wait returns when its time is over"),
    (
        Fault::Spins,
        "wait does not return at once, again and again, while nothing changes",
    ),
    (
        Fault::CallsTheUnknownExited,
        "an attempt that was never announced has not exited",
    ),
    (
        Fault::KeepsOneAttempt,
        "an attempt has not exited while its guard is held",
    ),
    (
        Fault::LeavesItsGuard,
        "a dropped guard does not hinder the next attempt",
    ),
];

#[test]
fn the_memory_store_keeps_every_promise() {
    let store = MemoryStore::new();
    check(|| store.clone());
}

#[test]
fn a_test_store_without_a_fault_passes() {
    let store = Broken::new(None);
    check(|| store.open());
}

#[test]
fn each_fault_is_reported_by_its_promise() {
    thread::scope(|scope| {
        for (fault, sentence) in CAUGHT {
            scope.spawn(move || {
                let violation = violation(*fault, sentence)
                    .unwrap_or_else(|| panic!("{fault:?} keeps \"{sentence}\""));
                assert_eq!(violation.sentence(), *sentence);
                let message = violation.to_string();
                assert!(
                    message.starts_with(&format!("\"{sentence}\": ")),
                    "{message}"
                );
            });
        }
    });
}

#[test]
fn each_promise_is_broken_by_a_store() {
    let caught: BTreeSet<_> = CAUGHT.iter().map(|(_, sentence)| *sentence).collect();
    let promised: BTreeSet<_> = PROPERTIES.iter().map(Property::sentence).collect();
    assert_eq!(caught, promised);
    assert_eq!(
        promised.len(),
        PROPERTIES.len(),
        "two promises have the same sentence"
    );
}

#[test]
fn the_panic_lists_every_broken_promise() {
    let store = Broken::new(Some(Fault::InsertsOver));
    let panic = catch_unwind(AssertUnwindSafe(|| check(|| store.open()))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    for part in [
        "\"a swap that expects no record leaves a record alone\": \
         a swap returned Stored instead of Conflict",
        "\"of many swaps with the same expectation, one succeeds\": ",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!message.contains("no record exists at first"), "{message}");
}

fn violation(fault: Fault, sentence: &str) -> Option<Violation> {
    let store = Broken::new(Some(fault));
    let property = PROPERTIES.iter().find(|one| one.sentence() == sentence);
    property.unwrap().check(|| store.open()).err()
}
