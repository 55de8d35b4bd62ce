//! What the servers promise to the tests that use them.

#![expect(clippy::expect_used, reason = "a test that cannot go on says where")]

mod real_redis; // ends when it should, and keeps what it acknowledged
