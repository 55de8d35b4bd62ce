//! The store: servers that it refuses, and its work with a real one.

#![expect(
    clippy::expect_used,
    reason = "a panic fails the test and names the line"
)]

mod fake; // a server that speaks the protocol, with the responses of a test
mod others; // proxies, Sentinels, other roles
mod passwords; // passwords that change
mod real_redis; // everything that needs a server
mod urls; // URLs and certificates that are refused before a socket is opened
