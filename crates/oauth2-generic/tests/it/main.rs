//! The generic client from outside, without a network.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot continue says where"
)]

mod asking; // sends what a grant builds
mod browser; // a person in front of a browser
mod client_auth; // how the client shows who it is
mod codes; // a code is sent once
mod devices; // the user logs in on another device
mod dpop; // tokens that are bound to a key
mod ends; // revocation and introspection
mod exchanges; // a token is traded for another
mod extension; // a grant type of the server's own
mod further; // parameters beyond those of the grant
mod jose; // reads what was signed
mod jwt_bearer; // the client signs for whom it wants a token
mod metadata; // what a server announces, and is held to
mod pending; // a login that waits for its user: saved, resumed, traded once
mod pushed; // the server is told of a login first
mod redirects; // what comes back from the authorization endpoint
mod requests; // what each grant sends to the token endpoint
mod script; // a server that says what it was told to say
mod servers; // a server by its metadata, by a copy of it, and by hand
mod simulated; // against the strict simulator, from an issuer to a log-out
mod urls; // what users are sent to
mod values; // what cannot be meant is not sent
