#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub use auth_core::*;

#[cfg(feature = "aerion")]
pub use aerion_auth as aerion;
#[cfg(feature = "aeris")]
pub use aeris_auth as aeris;
#[cfg(feature = "keyring")]
pub use auth_store_keyring as keyring;
#[cfg(feature = "postgres")]
pub use auth_store_postgres as postgres;
#[cfg(feature = "redis")]
pub use auth_store_redis as redis;
#[cfg(feature = "ermeo")]
pub use ermeo_auth as ermeo;
#[cfg(feature = "generic")]
pub use oauth2_generic as generic;
