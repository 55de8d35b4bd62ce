//! The store over a real Secret Service: GNOME's, in a session and a home directory of its own.
#![cfg(all(unix, not(target_vendor = "apple")))]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod real_keyring; // its records, its users, and errors when it fails
mod session; // a session bus and a keyring for one test
