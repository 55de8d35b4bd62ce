//! Every test that needs more than one crate, in one binary.
//!
//! Each module has one subject, described beside its name.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot continue panics, also in the code that tests share"
)]

mod agent; // the agent that signs: for which origins, and how it handles a 401
mod answers; // responses of a token endpoint, well-formed and not
mod demonstration; // output of `cargo xtask demo`
mod doors; // a program with one dependency, as a newcomer writes it
mod encrypted; // records that only the holder of a key can read
mod faults; // failures of the network: cut, dropped, endless, slow, redirected
mod file_store; // records in files, tested by the suite for every store
#[cfg(target_os = "linux")]
mod fleet; // processes that share a login: raced, killed, stopped, cut off from their store
mod identities; // which settings make another login
mod idle; // memory that an idle session holds
mod nameless; // a login without a user is not stored
mod real_browser; // logins in Chromium
mod real_server; // the generic client against servers of other projects
mod refusals; // cost of a refusal: kind of grant × response × consequence
mod secrecy; // no secret in an error, a log line or a `Debug`
mod support; // code that several of these modules use
mod tls; // over real TLS: trusted servers, and the cost of a failed handshake
mod wire; // the exact requests of every vendor and grant
