//! The store: what it refuses to connect to, and what it does with a real server.

#![expect(clippy::expect_used, reason = "a test that cannot go on says where")]

mod fake; // speaks the protocol, and answers what a test says
mod others; // proxies, Sentinels, other roles: what answers and will not do
mod passwords; // that change
mod real_redis; // everything that needs a server
mod urls; // what is refused before a socket is opened
