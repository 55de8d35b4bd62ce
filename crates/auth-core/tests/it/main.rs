//! Behaviour of a session, in memory: a scripted grant, a manual clock, no socket, no sleep.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic fails the test and names the line"
)]

mod building; // checks of `build`, and secrets that are read when they are sent
mod checking; // one turn of a loop that renews
mod clocks; // lives, windows, jumps, suspends
mod every_order; // every order of responses, up to a depth
mod failures; // retries, back-offs, remembered refusals
mod file_store; // records in files: shared, damaged, refused, killed
mod holding; // the token that is there, without a request
mod keeping; // the thread that renews ahead of time
mod logging_in; // logins of users
mod many_sessions; // one session per customer
mod many_threads; // one renewal for all
mod observing; // events and log lines
mod rejecting; // effect of a 401 on a token
mod renewing; // obtain, refresh, rotate, forget
mod script; // a grant with scripted responses
mod sharing; // more than one session over one store, and stores that fail
mod transports; // pointers, closures, and settings that go together
