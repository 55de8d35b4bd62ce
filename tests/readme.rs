#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::must_use_candidate,
    reason = "only tests of this workspace use it"
)]

pub mod fleet;
