//! The generic client against django-oauth-toolkit, which nobody here wrote.
//!
//! One server runs for all of these, with one port that reads forms and one that reads JSON;
//! `tests/servers` says how it is installed and set up. Each test goes through both ports.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on says where"
)]

mod browser; // somebody who logs in and says yes or no
mod grants; // all five, to a token that opens the API
mod port; // what a test does with one port of the server
mod redirects; // codes and refusals on their way through a browser
mod refusals; // wrong clients, passwords, scopes, bodies, tokens
mod rotation; // refresh tokens that work once
mod server; // starts it, once
