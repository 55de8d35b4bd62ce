//! Probes of the public API, as another crate sees it.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod building; // what `build` finds without a network
mod examples; // the programs in the facade's examples, against simulators
mod pointers; // references, boxes and `Arc`s are what they point to
mod types; // every public type, and what a program may do with it
