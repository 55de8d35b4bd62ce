//! The promises of every store, and what differs between systems.

use std::fs::{self, File};
use std::path::Path;

use auth_core::grant::Identity;
use auth_core::store::{EncryptedStore, EncryptionKey, FileStore, Record, Store};
use auth_sim::store_conformance::PROPERTIES;

use crate::{Outcome, must};

/// A record that another program has open for reading is replaced, or the error names that program.
///
/// Windows replaces it on volumes with POSIX rename alone; Wine 8 has none.
pub(crate) fn replaced_while_open(directory: &Path) -> Outcome {
    let store = FileStore::open(directory)?;
    let who = Identity::new("ermeo").user(Some("ann"));
    let [one, two, three] = ["one", "two", "three"].map(|text| Record::from_bytes(text.into()));
    let _ = store.swap(&who, None, &one)?;
    let paths = fs::read_dir(directory)?.flatten().map(|entry| entry.path());
    let mut records = paths.filter(|path| path.extension().is_some_and(|it| it == "record"));
    let open = File::open(records.next().ok_or("no record")?)?;
    let remark = match store.swap(&who, Some(&one), &two) {
        Ok(swap) => format!("{swap:?}"),
        Err(error) if cfg!(windows) => {
            let why = error.to_string();
            must(why.contains("another program has the file open"), &*why)?;
            must(store.load(&who)? == Some(one), "the record has changed")?;
            "refused, and nothing is lost".to_owned()
        }
        Err(error) => return Err(error.into()),
    };
    drop(open);
    let now = store.load(&who)?;
    let _ = store.swap(&who, now.as_ref(), &three)?;
    must(store.load(&who)? == Some(three), "not replaced afterwards")?;
    Ok(remark)
}

pub(crate) fn promises(directory: &Path) -> Outcome {
    kept(|| FileStore::open(directory).map_err(|error| error.to_string()))
}

pub(crate) fn promises_encrypted(directory: &Path) -> Outcome {
    let key = EncryptionKey::generate()?;
    kept(|| {
        let files = FileStore::open(directory).map_err(|error| error.to_string())?;
        Ok(EncryptedStore::new(files, key.clone()))
    })
}

/// The lock files are in the directory.
#[cfg(any(windows, target_os = "macos"))]
pub(crate) fn promises_keyring(directory: &Path) -> Outcome {
    use auth_store_keyring::KeyringStore;
    let service = "auth-targets";
    let open = || KeyringStore::open_with_locks_in(service, directory);
    kept(|| open().map_err(|error| error.to_string()))
}

fn kept<S: Store + 'static>(open: impl Fn() -> Result<S, String>) -> Outcome {
    let mut broken = Vec::new();
    for property in PROPERTIES {
        // A store that does not open is a failure of the check, which catches the panic.
        let open = || open().unwrap_or_else(|error| panic!("{error}"));
        if let Err(violation) = property.check(open) {
            broken.push(violation.to_string());
        }
    }
    must(broken.is_empty(), broken.join("; "))?;
    Ok(format!("{} promises", PROPERTIES.len()))
}
