//! The generic client against two servers that nobody here wrote: django-oauth-toolkit and
//! oidc-provider.
//!
//! One process of each runs for all of these; `tests/servers` says how they are installed and set up.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on says where"
)]

mod attacks; // those of RFC 9700, against both servers
mod devices; // a code that the user enters elsewhere
mod discovery; // from an issuer to a token
mod django; // what only django-oauth-toolkit has or does
mod ends; // revoked at log-out, and what introspection says then
mod grants; // to a token that opens the API
mod keys; // signed assertions, and tokens that are bound to a key
mod oidc; // what only oidc-provider has or does
mod pushed; // logins that the server is told of before the user is sent to it
mod redirects; // codes and refusals on their way through a browser
mod refusals; // wrong clients, passwords, scopes, tokens
mod rotation; // refresh tokens that work once
mod sharing; // one login for several sessions and programs
pub(crate) mod site; // what a test does with a server
mod transport; // over the network, counting
