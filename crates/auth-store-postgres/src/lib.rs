#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// On docs.rs each item shows the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod builder;
mod connection;
mod failure;
mod line;
mod parameters;
mod statements;
mod store;
mod tls;

pub use auth_core::store::Store;
pub use auth_core::{self, Error, Result, Secret};
pub use builder::PostgresStoreBuilder;
pub use store::PostgresStore;
