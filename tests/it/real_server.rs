//! The generic client against two servers of other projects: django-oauth-toolkit and oidc-provider.
//!
//! One process of each runs for all tests; `tests/servers` contains their installation and settings.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot continue panics"
)]

mod attacks; // attacks of RFC 9700, against both servers
mod devices; // a code that the user enters on another device
mod discovery; // from an issuer to a token
mod django; // features of django-oauth-toolkit alone
mod ends; // revocation at log-out, and introspection afterwards
mod grants; // every grant, to a token that the API accepts
mod keys; // signed assertions, and tokens that are bound to a key
mod oidc; // features of oidc-provider alone
mod pushed; // pushed authorization requests (RFC 9126)
mod redirects; // codes and refusals on their way through a browser
mod refusals; // wrong clients, passwords, scopes, tokens
mod rotation; // refresh tokens that work once
mod sharing; // one login for several sessions and programs
pub(crate) mod site; // a server, as tests use it
mod transport; // a transport that counts requests
