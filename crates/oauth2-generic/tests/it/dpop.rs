//! Tokens that are bound to a key: proofs to the token endpoint and to APIs.

mod agent; // real requests, to an API that is as strict as the RFC
mod api; // that API
mod clocks; // a clock that is wrong
#[cfg(feature = "authorization_code")]
mod codes; // a login by code
mod files; // a key that is kept in a file
mod keys; // the key itself
mod nonces; // a server that requires a nonce, and how often a request is sent
mod server; // an authorization server that records its requests
mod tokens; // claims of a proof, and the responses that are accepted

use std::time::{Duration, SystemTime};

use auth_core::testing::ManualClock;
use oauth2_generic::{Client, DpopKey};

use crate::requests::client;

/// A client with a key.
fn bound() -> Client {
    client().dpop(key())
}

fn key() -> DpopKey {
    DpopKey::generate().unwrap()
}

/// A clock at `NOW`.
fn clock() -> ManualClock {
    ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
}

/// 2027-01-15 08:00 UTC.
const NOW: u64 = 1_800_000_000;
