//! Records written without the key, which are errors.

use super::*;

/// A store, the memory below it, and a record in it.
fn encrypted() -> (EncryptedStore<MemoryStore>, MemoryStore, Identity) {
    let memory = MemoryStore::new();
    let store = EncryptedStore::new(memory.clone(), key([7; 32]));
    let who = identity("ada");
    put(&store, &who, CANARY.as_bytes());
    (store, memory, who)
}

#[test]
fn a_record_with_any_byte_changed_is_refused() {
    let (store, memory, who) = encrypted();
    let good = bytes(&memory, &who);
    for at in 0..good.len() {
        for change in [1, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= change;
            put(&memory, &who, &bad);
            let why = match at {
                0..12 => "not encrypted",
                12 => "newer version",
                13..21 => "another key",
                _ => "damaged or changed",
            };
            assert_refused(&store, &memory, &who, why);
        }
    }
    put(&memory, &who, &good);
    assert_eq!(bytes(&store, &who), CANARY.as_bytes());
}

#[test]
fn a_record_of_another_length_is_refused() {
    let (store, memory, who) = encrypted();
    let good = bytes(&memory, &who);
    for length in 0..good.len() {
        put(&memory, &who, &good[..length]);
        let why = if length < 12 {
            "not encrypted"
        } else {
            "damaged"
        };
        assert_refused(&store, &memory, &who, why);
    }
    for more in [&b"\0"[..], b"more", &good] {
        put(&memory, &who, &[&good, more].concat());
        assert_refused(&store, &memory, &who, "damaged");
    }
}

#[test]
fn another_logins_record_is_refused() {
    let (store, memory, who) = encrypted();
    let good = bytes(&memory, &who);
    let others = [
        identity("bob"),
        identity("ad"),
        identity("adaa"),
        identity("Ada"),
        Identity::new("aerion").with("username", "ada"),
        who.clone().with("scope", "all"),
    ];
    for other in &others {
        put(&memory, other, &good);
        assert_refused(&store, &memory, other, "another login");
    }
    // Parts of two records cannot be combined.
    put(&store, &identity("eve"), CANARY.as_bytes());
    let foreign = bytes(&memory, &identity("eve"));
    for at in 22..good.len() {
        put(&memory, &who, &[&good[..at], &foreign[at..]].concat());
        assert_refused(&store, &memory, &who, "damaged");
    }
}

#[test]
fn a_plaintext_record_is_refused() {
    let (store, memory, who) = encrypted();
    put(&memory, &who, CANARY.as_bytes());
    assert_refused(&store, &memory, &who, "danger_accept_plaintext");
}

#[test]
fn a_record_of_another_key_is_refused() {
    let (_, memory, who) = encrypted();
    let store = EncryptedStore::new(memory.clone(), key([8; 32]));
    assert_refused(&store, &memory, &who, "also_decrypt");
}

#[test]
fn an_older_format_stays_readable() {
    let memory = MemoryStore::new();
    let who = identity("ada");
    put(&memory, &who, &hex(ENCRYPTED_BY_0_1));
    let store = EncryptedStore::new(memory, key([7; 32]));
    assert_eq!(bytes(&store, &who), b"a record");
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// `a record` of `ermeo username=ada`, encrypted with 32 bytes of 7.
const ENCRYPTED_BY_0_1: &str = "617574682d7365616c65640001c65435ec029bb4722333fb7cba6715\
    f09962ffb520ec759751e7ac610af4f8545bd2175267f1a29d377adade";
