//! The simulators from outside, over a plain socket: each request that they must refuse is refused.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod client; // a client that sends any request, right or wrong

mod aerion; // method, path, encoding, tenant, fields, rotation
mod aeris; // query, headers, absolute expiry
mod code; // authorization codes: once, for one client, redirect and verifier
mod dialect; // the wording of refusals
mod endpoints; // metadata, devices, pushed requests, revocation, introspection
mod ermeo; // JSON, rotation, the API and its pages
mod fault; // each fault, gates, and the log of them
mod generic; // the token endpoint: clients, bodies, grants
mod own_server; // a vendor defined outside this crate
mod redirect; // the authorization endpoint
mod simulator; // clock, threads, ports, log
#[cfg(feature = "conformance")]
mod store_conformance; // every promise, and a store that breaks it
#[cfg(feature = "conformance")]
mod vendor_contract; // a vendor that fulfils it, and some that violate it
