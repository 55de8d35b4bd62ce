//! Servers that speak TLS, their certificates, and a proxy, for tests.
//!
//! Every certificate is made when a test runs and forgotten after it.

#![forbid(unsafe_code)]
#![allow(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "only tests of this workspace use it"
)]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

pub mod authority; // signs certificates
pub mod endpoint; // a token endpoint on a socket
pub mod proxy; // passes on what comes, and keeps a copy
pub mod visits; // connections to a port, and what was done on each
