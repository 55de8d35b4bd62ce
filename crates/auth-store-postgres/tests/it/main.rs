//! The store over a real server.
//!
//! The tests that need a server are in `real_postgres`, so that they can be left out without one.

#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    reason = "in a test a failure is a panic, in its helpers as well"
)]

mod logs;
mod real_postgres;
mod settings;
mod strings;
