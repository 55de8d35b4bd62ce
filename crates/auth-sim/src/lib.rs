#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod aerion; // the account, and the strict server
pub mod aeris;
pub mod ermeo;
pub mod generic;
#[cfg(feature = "store")]
pub mod store_conformance; // what every store must promise

mod builder; // what is decided before a simulator starts
mod dialect; // the words of a refusal
mod door; // TCP: one answer per connection
mod echo;
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
pub use received::Received;
pub use response::Response;
pub use simulator::Simulator;
pub use vendor::Vendor;
