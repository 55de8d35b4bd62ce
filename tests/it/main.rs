//! Every test that needs more than one crate, in one binary.
//!
//! A module is one subject; what belongs in it stands beside its name.
