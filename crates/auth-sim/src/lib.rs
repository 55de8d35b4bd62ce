#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// On docs.rs each item shows the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod aerion; // the account, and the strict server
pub mod aeris;
pub mod ermeo;
pub mod generic;
#[cfg(feature = "conformance")]
pub mod store_conformance; // what every store must promise
#[cfg(feature = "conformance")]
pub mod vendor_contract; // what every vendor must

mod builder; // what is decided before a simulator starts
mod control; // what another process may do to a simulator
mod dialect; // the words of a refusal
mod door; // TCP: one answer per connection
mod fault; // what goes wrong, and gates
mod realm; // the state of one authorization server
mod received; // what arrived
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
