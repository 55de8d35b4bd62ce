//! What a session does, in memory: a scripted grant, a manual clock, no socket, no sleep.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says where"
)]

mod building; // what `build` checks, and secrets that are read when they are sent
mod clocks; // lives, windows, jumps, suspends
mod every_order; // every order in which answers can come, and what never happens in any
mod failures; // what is retried, waited out, remembered, given up
mod file_store; // records in files: shared, damaged, refused, killed
mod keeping; // the thread that renews ahead of time
mod logging_in; // logins of users
mod many_sessions; // one session per customer
mod many_threads; // one renewal for all
mod observing; // events and log lines
mod rejecting; // what a 401 does to a token
mod renewing; // obtain, refresh, rotate, forget
mod script; // the grant that says what a test wrote down
mod sharing; // more than one session over one store, and stores that fail
mod transports; // pointers, closures, and settings that go together
