//! The generic client from outside, without a network.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a panic fails the test and names the line"
)]
#![cfg_attr(
    not(all(
        feature = "authorization_code",
        feature = "dpop",
        feature = "implicit",
        feature = "jwt"
    )),
    allow(dead_code, reason = "with fewer features there are fewer tests")
)]

mod asking; // sends what a grant builds
#[cfg(feature = "browser")]
mod browser; // a person in front of a browser
mod client_auth; // authentication of the client
#[cfg(feature = "authorization_code")]
mod codes; // a code is sent once
mod devices; // the user logs in on another device
#[cfg(feature = "dpop")]
mod dpop; // tokens that are bound to a key
mod ends; // revocation and introspection
mod exchanges; // a token is traded for another
mod extension; // a grant type of the server's own
mod further; // parameters beyond those of the grant
#[cfg(feature = "implicit")]
mod implicit; // logins by the implicit grant
#[cfg(any(feature = "dpop", feature = "jwt"))]
mod jose; // reads and verifies JWTs
#[cfg(feature = "jwt")]
mod jwks; // private keys as JWK
#[cfg(feature = "jwt")]
mod jwt_bearer; // an assertion that the client signs for a user
mod metadata; // a server's metadata, and its enforcement
#[cfg(feature = "authorization_code")]
mod pending; // a login that waits for its user: saved, resumed, traded once
#[cfg(all(feature = "jwt", feature = "presets"))]
mod presets; // servers by name
mod protected_resource; // an API that announces the servers of its tokens
#[cfg(feature = "authorization_code")]
mod pushed; // pushed authorization requests
#[cfg(feature = "authorization_code")]
mod redirects; // redirects with a code
mod requests; // requests of each grant to the token endpoint
mod script; // a server with scripted responses
mod servers; // a server by its metadata, by a copy of it, and by hand
#[cfg(feature = "jwt")]
mod service_account; // the key file of a service account
mod simulated; // against the strict simulator, from an issuer to a log-out
#[cfg(feature = "authorization_code")]
mod urls; // URLs to which users are sent
mod values; // values that are refused before a request is sent
