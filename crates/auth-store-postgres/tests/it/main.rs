//! The store over a real server.
//!
//! All that needs a server stands under `real_postgres`, so that it can be left out where there is none.

#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    reason = "in a test a failure is a panic, in what tests share as well"
)]

mod logs;
mod real_postgres;
mod settings;
mod strings;
