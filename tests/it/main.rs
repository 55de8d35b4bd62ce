//! Every test that needs more than one crate, in one binary.
//!
//! A module is one subject; what belongs in it stands beside its name.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking, also in what tests share"
)]

mod agent; // the agent that signs: for whom, and what it does about a 401
mod answers; // what a token endpoint may answer, well-formed and not
mod demonstration; // what `cargo xtask demo` prints
mod doors; // a program with one dependency, as a newcomer writes it
mod encrypted; // records that only the holder of a key can read
mod faults; // what goes wrong on the way: cut, dropped, endless, slow, redirected
mod file_store; // records in files, by the suite for every store
#[cfg(target_os = "linux")]
mod fleet; // processes that share a login: raced, killed, stopped, cut off from their store
mod identities; // which settings make another login
mod idle; // what a session holds while nobody asks it
mod nameless; // a login without a user is not stored
mod real_browser; // a person in front of Chromium
mod real_server; // the generic client against servers that nobody here wrote
mod refusals; // what a refusal costs: kind of grant × answer × what follows
mod secrecy; // no secret in an error, a log line or a `Debug`
mod support; // what more than one of these modules uses
mod tls; // over real TLS: who is trusted, and what a failed handshake costs
mod wire; // the exact requests of every vendor and grant
