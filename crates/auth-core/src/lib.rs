#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// On docs.rs each item shows the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod agent;
pub mod clock;
pub mod error;
mod fingerprint;
pub mod grant;
mod identity;
mod login;
#[cfg(auth_model)]
#[path = "../../auth-model/src/model.rs"]
pub mod model;
pub mod observe;
mod origin;
mod presentation;
mod request;
mod response;
pub mod secret;
mod session;
pub mod store;
pub mod testing;
mod token;
pub mod transport;

pub use http;

#[doc(inline)]
pub use error::{Error, Result};
#[doc(inline)]
pub use grant::Grant;
#[doc(inline)]
pub use secret::Secret;
pub use session::{
    BackgroundRefresh, LoginOutcome, RenewalCheck, Session, SessionBuilder, SessionCounts,
    SessionStatus, Sessions,
};
pub use token::Token;
