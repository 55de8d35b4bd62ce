#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// On docs.rs each item shows the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

// Its examples use every feature.
#[cfg(all(
    doc,
    feature = "full",
    feature = "browser",
    feature = "dpop",
    feature = "encryption",
    feature = "jwt",
    feature = "postgres",
    feature = "qr",
    feature = "redis"
))]
pub mod _docs;

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
