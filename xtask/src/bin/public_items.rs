//! Prints the public items of crates, one per line, from rustdoc's JSON.
//!
//! A program of its own, because only it needs `public-api` and its dependencies: `cargo xtask api`
//! builds and runs it. Each line has the number of its file among the arguments, the item's id there,
//! the id of the item's parent, and the declaration, separated by tabs.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;

use public_api::Builder;

fn main() -> Result<(), Box<dyn Error>> {
    for (file, path) in env::args().skip(1).enumerate() {
        let api = Builder::from_rustdoc_json(&path)
            .omit_blanket_impls(true)
            .build()
            .map_err(|error| format!("{path}: {error}"))?;
        for item in api.items() {
            let parent = item.parent_id().map_or(0, |id| id.0);
            println!("{file}\t{}\t{parent}\t{item}", item.id().0);
        }
    }
    Ok(())
}
