#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod builder;
mod connection;
mod failure;
mod line;
mod statements;
mod store;
mod tls;

pub use auth_core::{self, Error, Result, Store};
pub use builder::Builder;
pub use store::PostgresStore;
