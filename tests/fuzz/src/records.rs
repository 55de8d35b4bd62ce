//! Stored records: plain, encrypted, and in files, each as another program may have left it.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::{EncryptedStore, EncryptionKey, FileStore, Record, Store, SwapOutcome};
use auth_core::testing::ManualClock;
use auth_core::{Error, Result, Secret, Session, transport};
use siphasher::sip128::SipHasher24;
use tempfile::TempDir;

use crate::holds::{CLIENT_SECRET, PASSWORD, is_one_line, is_quiet};
use crate::tokens::{TOKEN, password_grant};
use crate::wire::{Answers, down};

/// A record, and what sessions do with it over servers that respond, refuse, and are down.
pub(crate) fn record(input: &[u8]) {
    for answer in [Some(TOKEN), Some(REFUSED), None] {
        is_lived_with(input, answer, |held| held);
    }
}

/// An encrypted record: only what the holder of a key wrote is read.
pub(crate) fn encrypted_record(input: &[u8]) {
    let identity = Identity::new("fuzz").with("username", "ada");
    let held = Held::of(input);
    let strict = encrypted(held.clone());
    match strict.load(&identity) {
        Ok(record) => {
            assert!(
                GENUINE.contains(&input),
                "a forged record is read: {record:?}"
            );
        }
        Err(error) => is_unreadable(&error),
    }
    let lenient = encrypted(held.clone()).danger_accept_plaintext();
    match lenient.load(&identity) {
        Ok(Some(record)) if record.expose() == input => {}
        Ok(record) => assert!(GENUINE.contains(&input), "{record:?}"),
        Err(error) => is_unreadable(&error),
    }
    assert_eq!(held.bytes(), input, "a load changes nothing");
    is_lived_with(input, Some(TOKEN), |held| {
        encrypted(held).danger_accept_plaintext()
    });
}

/// The file of a record, as it is and with a true length and checksum.
pub(crate) fn record_file(input: &[u8]) {
    for bytes in [input.to_vec(), resealed(input)] {
        let place = Place::new();
        let before = place.record();
        fs::write(&place.path, &bytes).unwrap();
        match place.store.load(&place.identity) {
            Ok(Some(found)) => {
                let bytes = found.expose();
                let is_before = found.is_restored() && bytes == before.expose();
                assert!(is_before || contains(input, bytes), "{found:?}");
            }
            Ok(None) => panic!("a file is not seen"),
            Err(error) => is_unreadable(&error),
        }
        // Whatever it was, a login can be stored again after it, or the error says why not.
        let now = place.store.load(&place.identity);
        if let Ok(now) = now {
            let new = Record::from_bytes(b"new".to_vec());
            let swapped = place
                .store
                .swap(&place.identity, now.as_ref(), &new)
                .unwrap();
            assert_eq!(swapped, SwapOutcome::Stored);
        }
    }
}

/// Lets sessions use a record for a day; what they write is read again.
fn is_lived_with<S: Store + 'static>(
    input: &[u8],
    answer: Option<&'static str>,
    store: impl Fn(Held) -> S,
) {
    let held = Held::of(input);
    let clock = ManualClock::new();
    let session = |answer: Option<&'static str>| {
        let builder = Session::builder(password_grant()).store(store(held.clone()));
        let builder = builder.clock(clock.clone()).retries(0);
        let http = transport::from_fn(move |request| match answer {
            Some(text) => transport::Transport::send(&Answers::read(text.as_bytes()), request),
            None => Err(down()),
        });
        builder.transport(http).build().unwrap()
    };
    let session_of_answer = session(answer);
    for wait in [0, 60, 24 * 3600] {
        clock.advance(Duration::from_secs(wait));
        let outcome = session_of_answer.token();
        if let Err(error) = &outcome {
            is_quiet(error, &[CLIENT_SECRET, PASSWORD]);
        }
        is_one_line(&session_of_answer.status().to_string().replace('\n', " "));
        let written = held.bytes();
        if written != input {
            let again = session(None).token();
            if let Err(error @ Error::Store { .. }) = &again {
                panic!("what this version wrote is not read: {error}");
            }
            if let Ok(token) = outcome {
                let same = again.is_ok_and(|again| again.expose() == token.expose());
                assert!(same, "another session finds another token");
            }
        }
    }
    if let Err(error) = session_of_answer.forget() {
        is_quiet(&error, &[CLIENT_SECRET, PASSWORD]);
    }
}

fn is_unreadable(error: &Error) {
    is_quiet(error, &[]);
    let unreadable = StoreFailure::Unreadable;
    assert!(
        matches!(error, Error::Store { failure, .. } if *failure == unreadable),
        "{error:?}"
    );
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    part.is_empty() || bytes.windows(part.len()).any(|window| window == part)
}

/// A store of one record, which begins with these bytes.
#[derive(Clone, Debug)]
struct Held(Arc<Mutex<Record>>);

impl Held {
    fn of(bytes: &[u8]) -> Self {
        Self(Arc::new(Mutex::new(Record::from_bytes(bytes.to_vec()))))
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().expose().to_vec()
    }
}

impl Store for Held {
    fn load(&self, _: &Identity) -> Result<Option<Record>> {
        Ok(Some(self.0.lock().unwrap().clone()))
    }

    fn swap(
        &self,
        _: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let mut held = self.0.lock().unwrap();
        if Some(&*held) != expected && *held != *record {
            return Ok(SwapOutcome::Conflict);
        }
        *held = record.clone();
        Ok(SwapOutcome::Stored)
    }
}

fn encrypted<S: Store>(store: S) -> EncryptedStore<S> {
    let key = |text: &str| EncryptionKey::from_base64(Secret::new(text)).unwrap();
    EncryptedStore::new(store, key(NEW_KEY)).also_decrypt(key(OLD_KEY))
}

/// A folder with the record of one login, and one before it.
struct Place {
    store: FileStore,
    identity: Identity,
    path: PathBuf,
    _folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(folder.path().join("logins")).unwrap();
        let identity = Identity::new("fuzz");
        let [first, second] = ["first", "second"].map(|it| Record::from_bytes(it.into()));
        for (old, new) in [(None, &first), (Some(&first), &second)] {
            let swapped = store.swap(&identity, old, new).unwrap();
            assert_eq!(swapped, SwapOutcome::Stored);
        }
        let files = fs::read_dir(folder.path().join("logins")).unwrap();
        let mut paths = files.map(|file| file.unwrap().path());
        let path = paths.find(|path| path.extension().is_some_and(|it| it == "record"));
        Self {
            store,
            identity,
            path: path.unwrap(),
            _folder: folder,
        }
    }

    /// The record before the newest.
    fn record(&self) -> Record {
        Record::from_bytes(b"first".to_vec())
    }
}

/// The bytes with the length and the checksum that belong to them.
fn resealed(input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    let end = bytes.len().saturating_sub(16);
    bytes.truncate(end);
    let length = u32::try_from(end + 16).unwrap();
    if let Some(field) = bytes.get_mut(12..16) {
        field.copy_from_slice(&length.to_le_bytes());
    }
    let sum = SipHasher24::new_with_key(b"auth-all: record")
        .hash(&bytes)
        .as_bytes();
    bytes.extend(sum);
    bytes
}

const REFUSED: &str = "HTTP/1.1 400\n\n{\"error\":\"invalid_grant\"}";
const NEW_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OLD_KEY: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
/// The records that were encrypted with these keys.
const GENUINE: [&[u8]; 2] = [
    include_bytes!("../corpus/encrypted_record/ready"),
    include_bytes!("../corpus/encrypted_record/by-the-old-key"),
];
