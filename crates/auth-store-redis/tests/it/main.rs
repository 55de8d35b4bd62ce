//! The store: what it refuses to connect to, and what it does with a real server.

#![expect(clippy::expect_used, reason = "a test that cannot go on says where")]

mod real_redis; // everything that needs a server
mod urls; // what is refused before a socket is opened
