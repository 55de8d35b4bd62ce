#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// On docs.rs each item shows the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod aerion; // the account, and the strict server
pub mod aeris;
pub mod ermeo;
pub mod generic;
#[cfg(feature = "conformance")]
pub mod store_conformance; // the promises of every store
#[cfg(feature = "conformance")]
pub mod vendor_contract; // the promises of every vendor

mod builder; // settings before a simulator starts
mod control; // control by another process
mod dialect; // the words of a refusal
mod door; // TCP: one response per connection
mod fault; // faults and gates
mod realm; // the state of one authorization server
mod received; // recorded requests
mod response;
mod serve; // one request: noted, handled or spoilt, answered
mod simulator;
mod tokens; // issue, expire, rotate, revoke
mod vendor;

pub use builder::{Bodies, SimulatorBuilder};
pub use dialect::Dialect;
pub use fault::{Fault, Gate};
pub use realm::{Pair, Realm};
pub use received::Received;
pub use response::Response;
pub use simulator::Simulator;
pub use tokens::{Login, Rejection};
pub use vendor::{Vendor, VendorServer};
