#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod agent;
mod backoff;
pub mod clock;
pub mod error;
mod fingerprint;
pub mod grant;
mod held;
mod identity;
pub mod observe;
mod origin;
mod presentation;
#[cfg(test)]
mod proof;
mod request;
mod response;
mod rotation;
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
    BackgroundRefresh, LoginOutcome, Session, SessionBuilder, SessionStatus, Sessions,
};
pub use token::Token;
