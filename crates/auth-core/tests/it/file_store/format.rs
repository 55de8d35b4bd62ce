//! The content of a file, built here by hand from its description.

use std::fs;

use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::{Store, SwapOutcome};
use siphasher::sip128::SipHasher24;

use super::{ANN, Place, ann, attempt, failed, put, record, text};

/// A file of this version of the format.
fn file(version: u32, is_restored: u8, identity: &str, record: &str) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let length = 8 + 4 + 4 + 1 + 4 + identity.len() + record.len() + 16;
    let parts: [&[u8]; 7] = [
        b"auth-all",
        &version.to_le_bytes(),
        &number(length),
        &[is_restored],
        &number(identity.len()),
        identity.as_bytes(),
        record.as_bytes(),
    ];
    summed(&parts.concat())
}

/// With the checksum at its end.
fn summed(bytes: &[u8]) -> Vec<u8> {
    let sum = SipHasher24::new_with_key(b"auth-all: record").hash(bytes);
    [bytes, &sum.as_bytes()].concat()
}

#[test]
fn a_file_is_written_as_documented() {
    let place = Place::new();
    put(&place.open(), &["one", "two"]);
    let read = |extension| fs::read(place.file(extension)).unwrap();
    assert_eq!(read("record"), file(1, 0, "ermeo username=ann", "two"));
    assert_eq!(read("previous"), file(1, 0, "ermeo username=ann", "one"));
}

#[test]
fn a_file_is_read_as_documented() {
    let place = Place::new();
    put(&place.open(), &["one"]);
    fs::write(place.file("record"), file(1, 1, ann().as_str(), "by hand")).unwrap();
    let loaded = place.open().load(&ann()).unwrap().unwrap();
    assert!(loaded == record("by hand") && loaded.is_restored());
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_kept() {
    let place = Place::new();
    put(&place.open(), &["one", "two"]);
    let path = place.file("record");
    let unlike = summed(&[b"auth-all\x09\0\0\0\x26\0\0\0", &b"whatever"[..]].concat());
    assert!(
        unlike.len() != 0x26,
        "its length differs from the stated one"
    );
    for newer in [
        file(2, 0, ann().as_str(), "from the future"),
        summed(b"auth-all\xff\xff\xff\xff\x20\0\0\0"),
    ] {
        fs::write(&path, &newer).unwrap();
        let why = failed(place.open().load(&ann()), StoreFailure::Unreadable, &path);
        assert!(why.contains("newer than this program"), "{why}");
        for expected in [None, Some(record("two"))] {
            let swap = place
                .open()
                .swap(&ann(), expected.as_ref(), &record("three"));
            failed(swap, StoreFailure::Unreadable, &path);
        }
        assert_eq!(fs::read(&path).unwrap(), newer);
        assert!(place.files_with("damaged").is_empty());
    }
    // With a wrong length it is damaged, whatever its version.
    fs::write(&path, unlike).unwrap();
    assert_eq!(text(&place.open()).as_deref(), Some("one"));
}

#[test]
fn a_newer_previous_record_stops_the_restore() {
    let place = Place::new();
    put(&place.open(), &["one", "two"]);
    let (newest, before) = (place.file("record"), place.file("previous"));
    let newer = file(2, 0, ann().as_str(), "from the future");
    fs::write(&newest, "damaged").unwrap();
    fs::write(&before, &newer).unwrap();
    failed(place.open().load(&ann()), StoreFailure::Unreadable, &before);
    assert_eq!(fs::read(&newest).unwrap(), b"damaged");
    assert_eq!(fs::read(&before).unwrap(), newer);
}

#[test]
fn another_identitys_file_is_refused_and_kept() {
    let place = Place::new();
    put(&place.open(), &["ann's"]);
    let bob = Identity::new("ermeo").with("username", "bob");
    let store = place.open();
    assert_eq!(
        store.swap(&bob, None, &record("bob's")).unwrap(),
        SwapOutcome::Stored
    );
    let mut records = place.files_with("record");
    records.retain(|name| !place.file("record").ends_with(name));
    let bobs = place.directory.join(&records[0]);
    fs::copy(place.file("record"), &bobs).unwrap();

    let why = failed(store.load(&bob), StoreFailure::Unreadable, &bobs);
    assert!(why.contains("another login"), "{why}");
    let swap = store.swap(&bob, Some(&record("bob's")), &record("next"));
    failed(swap, StoreFailure::Unreadable, &bobs);
    assert_eq!(
        fs::read(&bobs).unwrap(),
        fs::read(place.file("record")).unwrap()
    );
    assert!(place.files_with("damaged").is_empty());
}

#[test]
fn file_names_are_the_vendor_and_a_stable_hash() {
    let place = Place::new();
    put(&place.open(), &["one", "two"]);
    drop(place.open().announce(&ann(), attempt(1)));
    let names = ["alive", "lock", "previous", "record"];
    assert_eq!(
        place.files(),
        names.map(|extension| format!("{ANN}.{extension}"))
    );
}

#[test]
fn file_names_are_short_and_harmless() {
    let place = Place::new();
    let long = "x".repeat(5000);
    for vendor in ["../../etc/passwd", "..", "", "größe", "a b", "A\0\n", &long] {
        let identity = Identity::new(vendor).with("scope", &long);
        let swap = place.open().swap(&identity, None, &record("one")).unwrap();
        assert_eq!(swap, SwapOutcome::Stored);
        let loaded = place.open().load(&identity).unwrap();
        assert_eq!(loaded, Some(record("one")));
    }
    assert_eq!(place.files().len(), 14, "{:?}", place.files());
    for name in place.files() {
        let harmless = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        assert!(name.len() < 80 && name.chars().all(harmless), "{name}");
    }
}

#[test]
fn a_record_that_is_too_long_is_refused() {
    let place = Place::new();
    let store = place.open();
    put(&store, &["one"]);
    let around = 8 + 4 + 4 + 1 + 4 + ann().as_str().len() + 16;
    let most = vec![b'x'; 1024 * 1024 - around];
    let too_long = [&most[..], b"x"].concat();
    let swap = store.swap(&ann(), Some(&record("one")), &record(&too_long));
    let error = swap.unwrap_err().to_string();
    assert!(
        error.contains("nothing was saved") && error.contains("1024 KiB"),
        "{error}"
    );
    assert_eq!(text(&store).as_deref(), Some("one"));

    let swap = store.swap(&ann(), Some(&record("one")), &record(&most));
    assert_eq!(swap.unwrap(), SwapOutcome::Stored);
    assert_eq!(place.open().load(&ann()).unwrap(), Some(record(&most)));
}

#[test]
fn a_file_that_is_too_long_is_damaged() {
    let place = Place::new();
    put(&place.open(), &["one", "two"]);
    let too_long = file(1, 0, ann().as_str(), &"x".repeat(1024 * 1024));
    fs::remove_file(place.file("record")).unwrap();
    fs::rename(place.file("lock"), place.file("record")).unwrap();
    fs::write(place.file("record"), &too_long).unwrap();
    assert_eq!(text(&place.open()).as_deref(), Some("one"));
    assert_eq!(fs::read(place.file("damaged-1")).unwrap(), too_long);
}

#[test]
fn an_empty_record_is_a_record() {
    let place = Place::new();
    put(&place.open(), &[""]);
    assert_eq!(place.open().load(&ann()).unwrap(), Some(record("")));
}
