//! One target of `tests/fuzz` under libFuzzer: the one that the variable `TARGET` names.
//!
//! One program for all targets, because each would take a minute to build. `cargo xtask fuzz --libfuzzer` starts it with
//! the corpus of a target.

#![no_main]

use std::env;
use std::sync::OnceLock;

use auth_fuzz::{Target, find};
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<&Target> = OnceLock::new();

fuzz_target!(init: {
    let name = env::var("TARGET").unwrap_or_default();
    let target = find(&name).unwrap_or_else(|| panic!("TARGET={name} is not a target"));
    TARGET.get_or_init(|| target);
}, |input: &[u8]| {
    if let Some(target) = TARGET.get() {
        (target.check)(input);
    }
});
