//! Aerion's requests to the byte, and the contract of every vendor.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod contract;
mod wire;
