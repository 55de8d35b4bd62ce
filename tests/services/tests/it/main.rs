//! Guarantees that the servers give to the tests that use them.

#![expect(
    clippy::expect_used,
    reason = "a failure panics with its place in the test"
)]

mod real_redis; // ends with its test, and keeps acknowledged writes
