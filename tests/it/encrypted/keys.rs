//! Keys: their text, their rotation, and records from before encryption.

use super::*;

#[test]
fn an_old_key_decrypts_and_the_newest_encrypts() {
    let memory = MemoryStore::new();
    let [one, two] = [key([1; 32]), key([2; 32])];
    let only = |key: &EncryptionKey| EncryptedStore::new(memory.clone(), key.clone());
    let both = |encrypts: &EncryptionKey, decrypts: &EncryptionKey| {
        only(encrypts).also_decrypt(decrypts.clone())
    };
    let who = identity("ada");

    put(&only(&one), &who, b"first");
    // Every process gets the new key, then uses it.
    assert_eq!(bytes(&both(&one, &two), &who), b"first");
    assert_eq!(bytes(&both(&two, &one), &who), b"first");
    // Reading changes nothing; the next swap encrypts with the new key.
    assert_eq!(bytes(&only(&one), &who), b"first");
    put(&both(&two, &one), &who, b"second");
    assert_eq!(bytes(&only(&two), &who), b"second");
    assert_eq!(bytes(&both(&one, &two), &who), b"second");
    assert_refused(&only(&one), &memory, &who, "also_decrypt");
    // The rotation can be reversed.
    put(&both(&one, &two), &who, b"third");
    assert_eq!(bytes(&only(&one), &who), b"third");
    assert_refused(&only(&two), &memory, &who, "also_decrypt");
}

#[test]
fn the_right_one_of_many_keys_is_found() {
    let memory = MemoryStore::new();
    let keys: Vec<_> = (0..20).map(|byte| key([byte; 32])).collect();
    for (at, key) in keys.iter().enumerate() {
        let who = identity(&at.to_string());
        let store = EncryptedStore::new(memory.clone(), key.clone());
        put(&store, &who, format!("record {at}").as_bytes());
    }
    let store = EncryptedStore::new(memory, EncryptionKey::generate().unwrap());
    let store = keys.into_iter().fold(store, EncryptedStore::also_decrypt);
    for at in 0..20 {
        let opened = bytes(&store, &identity(&at.to_string()));
        assert_eq!(opened, format!("record {at}").as_bytes());
    }
}

#[test]
fn accepted_plaintext_is_encrypted_on_change() {
    let memory = MemoryStore::new();
    let strict = EncryptedStore::new(memory.clone(), key([1; 32]));
    let moving = strict.clone().danger_accept_plaintext();
    let who = identity("ada");
    put(&memory, &who, CANARY.as_bytes());
    assert_refused(&strict, &memory, &who, "danger_accept_plaintext");

    assert_eq!(bytes(&moving, &who), CANARY.as_bytes());
    // A swap to the current record changes nothing.
    let same = moving.swap(&who, None, &record(CANARY)).unwrap();
    assert_eq!(same, SwapOutcome::Stored);
    assert_eq!(bytes(&memory, &who), CANARY.as_bytes());
    // A swap that expects another record changes nothing.
    let other = moving.swap(&who, None, &record("other")).unwrap();
    assert_eq!(other, SwapOutcome::Conflict);
    assert_eq!(bytes(&memory, &who), CANARY.as_bytes());

    put(&moving, &who, b"new");
    assert_eq!(bytes(&strict, &who), b"new");
    assert_ne!(bytes(&memory, &who), b"new");
}

#[test]
fn accepting_plaintext_accepts_no_forgery() {
    let memory = MemoryStore::new();
    let store = EncryptedStore::new(memory.clone(), key([1; 32])).danger_accept_plaintext();
    let who = identity("ada");
    put(&store, &who, b"record");
    let mut bad = bytes(&memory, &who);
    *bad.last_mut().unwrap() ^= 1;
    put(&memory, &who, &bad);
    assert_refused(&store, &memory, &who, "damaged");
}

#[test]
fn a_key_is_read_from_any_spelling_of_base64() {
    let memory = MemoryStore::new();
    let key = key([0xfb; 32]);
    let who = identity("ada");
    put(
        &EncryptedStore::new(memory.clone(), key.clone()),
        &who,
        b"record",
    );
    let text = key.to_base64();
    let text = text.expose();
    assert!(
        text.contains('+') || text.contains('/'),
        "both alphabets differ here"
    );
    for spelling in [
        text.to_owned(),
        text.trim_end_matches('=').to_owned(),
        text.replace('+', "-").replace('/', "_"),
        format!("  {text}\n"),
    ] {
        let same = EncryptionKey::from_base64(Secret::new(spelling)).unwrap();
        assert_eq!(
            bytes(&EncryptedStore::new(memory.clone(), same), &who),
            b"record"
        );
    }
}

#[test]
fn a_text_that_is_not_a_key_is_not_quoted() {
    let long = "Q2FuYXJ5".repeat(2000);
    for (text, why) in [
        ("", "this one is 0"),
        ("c2hvcnQ", "this one is 5"),
        (
            "Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2Fu",
            "this one is 33",
        ),
        (&long, "this one is 12000"),
        ("Canary*Canary", "not base64"),
        ("Canary/Canary-Canary", "not base64"),
        ("Canary Canary", "not base64"),
    ] {
        let error = EncryptionKey::from_base64(Secret::new(text)).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }));
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(why), "{shown}");
        assert!(
            !shown.contains("Canary") && !shown.contains("Q2F"),
            "{shown}"
        );
    }
}

#[test]
fn generated_keys_differ() {
    let text = || EncryptionKey::generate().unwrap().to_base64();
    let (one, two) = (text(), text());
    assert_ne!(one.expose(), two.expose());
    assert_eq!(one.expose().len(), 44);
}
