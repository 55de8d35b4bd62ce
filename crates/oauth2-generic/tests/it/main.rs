//! The generic client from outside, without a network.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on says where"
)]

mod browser; // a person in front of a browser
mod codes; // a code is sent once
mod redirects; // what comes back from the authorization endpoint
mod requests; // what each grant sends to the token endpoint
mod urls; // what users are sent to
