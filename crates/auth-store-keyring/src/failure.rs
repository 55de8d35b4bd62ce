//! Errors of the keyring, with how to repair it.
//!
//! An error of a keyring may hold a record, so none is kept, quoted or formatted.

use std::time::Duration;

use auth_core::Error;
use auth_core::error::StoreFailure;
use keyring_core::Error as Keyring;

/// The keyring cannot be reached at all.
pub(crate) fn absent(_: Keyring) -> Error {
    unavailable(
        "no keyring was found; without a desktop session, as on a server, use `FileStore`, and \
         `EncryptedStore` around it if its files must be encrypted",
    )
}

pub(crate) fn failed(error: &Keyring) -> Error {
    match error {
        Keyring::NoStorageAccess(_) => unavailable(
            "the keyring is locked, or the user declined to open it; unlock it and try again",
        ),
        Keyring::Ambiguous(_) => Error::store(
            StoreFailure::Unsafe,
            "the keyring has several entries of the same name; remove all of them but one",
        ),
        Keyring::BadEncoding(_) | Keyring::BadDataFormat(..) | Keyring::BadStoreFormat(_) => {
            damaged()
        }
        Keyring::TooLong(..) => unavailable("the keyring refuses an entry of this size"),
        _ => unavailable("the keyring failed; check that it still runs, and try again"),
    }
}

pub(crate) fn no_response(after: Duration) -> Error {
    waited(
        after,
        "it may be locked and ask the user for a password; unlock it and try again",
    )
}

/// An earlier call has not returned.
pub(crate) fn still_waiting(after: Duration) -> Error {
    waited(
        after,
        "an earlier call still waits for it; if it asks the user for a password, unlock it and try again",
    )
}

fn waited(after: Duration, what: &str) -> Error {
    let after = after.as_millis();
    Error::store(
        StoreFailure::Unavailable,
        format!("the keyring did not respond in {after} ms: {what}"),
    )
}

/// No caller sees this: it has stopped waiting.
pub(crate) fn given_up() -> Error {
    unavailable("the keyring responded too late; nothing was written")
}

pub(crate) fn broken() -> Error {
    unavailable("the keyring's client library panicked; try again")
}

pub(crate) fn no_thread() -> Error {
    unavailable("the system cannot start a thread for a call of the keyring; try again")
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
        "the entry in the keyring is damaged, or a part of it is missing; remove it there to log in again",
    )
}

pub(crate) fn foreign() -> Error {
    Error::store(
        StoreFailure::Unreadable,
        "the entry in the keyring belongs to another program; open the store with another `service`",
    )
}

pub(crate) fn newer() -> Error {
    Error::store(
        StoreFailure::Unreadable,
        "a newer version of this library wrote the entry in the keyring; update this program",
    )
}

fn unavailable(detail: &'static str) -> Error {
    Error::store(StoreFailure::Unavailable, detail)
}
