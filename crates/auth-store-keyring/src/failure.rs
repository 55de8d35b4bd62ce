//! What goes wrong with a keyring, said so that somebody can mend it.
//!
//! An error of a keyring may hold what it choked on, so none is kept, quoted or formatted.

use std::time::Duration;

use auth_core::Error;
use auth_core::error::StoreFailure;
use keyring_core::Error as Keyring;

/// The keyring cannot be reached at all.
pub(crate) fn absent(_: Keyring) -> Error {
    unavailable(
        "there is no keyring to talk to; without a desktop session, as on a server, use `FileStore`, and \
         `EncryptedStore` around it if its files have to be encrypted",
    )
}

pub(crate) fn failed(error: &Keyring) -> Error {
    match error {
        Keyring::NoStorageAccess(_) => unavailable(
            "the keyring is locked, or somebody declined to open it; unlock it and try again",
        ),
        Keyring::Ambiguous(_) => Error::store(
            StoreFailure::Unsafe,
            "the keyring has several entries of the same name; remove all of them but one",
        ),
        Keyring::BadEncoding(_) | Keyring::BadDataFormat(..) | Keyring::BadStoreFormat(_) => {
            damaged()
        }
        Keyring::TooLong(..) => unavailable("the keyring refuses an entry of this size"),
        _ => unavailable("the keyring failed; see whether it still runs, and try again"),
    }
}

pub(crate) fn no_answer(after: Duration) -> Error {
    waited(
        after,
        "it may be locked and ask a person for a password; unlock it and try again",
    )
}

/// An earlier call has not come back.
pub(crate) fn still_asked(after: Duration) -> Error {
    waited(
        after,
        "an earlier call still waits for it; if it asks a person for a password, unlock it and try again",
    )
}

fn waited(after: Duration, what: &str) -> Error {
    let after = after.as_millis();
    Error::store(
        StoreFailure::Unavailable,
        format!("the keyring did not answer in {after} ms: {what}"),
    )
}

/// Nobody sees this: whoever would have gave up before.
pub(crate) fn given_up() -> Error {
    unavailable("the keyring answered too late; nothing was written")
}

pub(crate) fn broken() -> Error {
    unavailable("the keyring's client broke down; try again")
}

pub(crate) fn no_thread() -> Error {
    unavailable("the system has no thread to give for a call of the keyring; try again")
}

pub(crate) fn too_large(length: usize) -> Error {
    Error::store(
        StoreFailure::Unavailable,
        format!("a record of {length} bytes is too large for a keyring; use `FileStore`"),
    )
}

pub(crate) fn damaged() -> Error {
    Error::store(
        StoreFailure::Unreadable,
        "the entry in the keyring is damaged, or part of it is missing; remove it there to log in anew",
    )
}

pub(crate) fn foreign() -> Error {
    Error::store(
        StoreFailure::Unreadable,
        "the entry in the keyring is somebody else's; open the store with another name of the service",
    )
}

pub(crate) fn newer() -> Error {
    Error::store(
        StoreFailure::Unreadable,
        "the entry in the keyring is of a newer version of this library; update this program",
    )
}

fn unavailable(detail: &'static str) -> Error {
    Error::store(StoreFailure::Unavailable, detail)
}
