//! Hostile input for every parser: one function of bytes per parser, which asserts what must hold for any input.
//!
//! Each function is a target. It passes the bytes to its parser through the public API: as a response of a transport,
//! as a record in a store, or over a socket. Three programs run the targets: `cargo test`, with the corpus and a fixed
//! number of changed inputs; `cargo xtask fuzz`, for a time that its caller sets; and libFuzzer, in the folder `fuzz`.
//!
//! The corpus is one folder per target in `corpus`, a file per input, named after what it is. An input of a target that
//! reads responses is a response as text, a head and a body; a line `%%` is between two responses.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a target reports a fault by a panic"
)]

mod addresses; // connection strings and URLs that an operator sets
mod api; // responses of an API, over a socket
mod documents; // metadata, introspection, device logins, pushed requests
mod holds; // properties of every error, and of every accepted value
mod keys; // PEM, certificates, encryption keys
mod loopback; // requests to the port of a browser login
mod mutate; // small changes of an input
mod records; // stored records: plain, encrypted, in files
mod redirects; // the URLs that users return to, and saved logins
mod runner; // runs a target on its corpus and on changed inputs
mod tokens; // responses of a token endpoint
mod wire; // responses as text, and a transport that returns them

pub use runner::{Budget, judge, run};

/// One parser, and the function that asserts its properties.
#[derive(Debug)]
#[non_exhaustive]
pub struct Target {
    /// Name of the target and of its folder in the corpus.
    pub name: &'static str,
    /// Asserts the properties for one input; panics if one does not hold.
    pub check: fn(&[u8]),
    /// Changed inputs in `cargo test`: as many as take half a second.
    pub inputs: u32,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target("api", api::api, 60),
    target("device_login", documents::device_login, 300),
    target("dpop", tokens::dpop, 300),
    target("encrypted_record", records::encrypted_record, 400),
    target("encryption_key", keys::encryption_key, 2000),
    target("headers", tokens::headers, 300),
    target("implicit", redirects::implicit, 1500),
    target("introspection", documents::introspection, 1500),
    target("loopback", loopback::loopback, 120),
    target("metadata", documents::metadata, 500),
    target("pem", keys::pem, 200),
    target("postgres", addresses::postgres, 2000),
    target("pushed", documents::pushed, 500),
    target("record", records::record, 150),
    target("record_file", records::record_file, 12),
    target("redirect", redirects::redirect, 1200),
    target("redis", addresses::redis, 1500),
    target("refusal", tokens::refusal, 80),
    target("saved_login", redirects::saved_login, 1500),
    target("token_response", tokens::token_response, 200),
    target("urls", addresses::urls, 400),
];

const fn target(name: &'static str, check: fn(&[u8]), inputs: u32) -> Target {
    Target {
        name,
        check,
        inputs,
    }
}

/// Returns the target of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
