#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod agent;
mod clock;
mod error;
mod fingerprint;
mod grant;
mod identity;
mod login;
#[cfg(auth_model)]
#[path = "../../auth-model/src/model.rs"]
pub mod model;
mod observer;
mod origin;
mod presentation;
mod request;
mod response;
mod secret;
mod session;
mod store;
mod token;
mod transport;

pub use clock::{Clock, ManualClock, Moment, SystemClock, UnixTime};
pub use error::{
    Error, ErrorCode, Network, Reason, Refusal, RequestKind, Result, Sent, StoreFailure,
};
pub use grant::{Grant, Policy, Prover, Replay, RevokedToken};
pub use identity::Identity;
pub use observer::{Event, Observer};
pub use request::TokenRequest;
pub use response::{AnswerFormat, Expiry, Reply};
pub use secret::Secret;
pub use session::{Builder, Keeper, Session};
pub use store::{FileStore, MemoryStore, Store, StoredRecord, Swap};
#[cfg(feature = "sealed")]
pub use store::{Key, Sealed};
pub use token::{Expires, Token, TokenResponse, TokenType};
pub use transport::{HttpTransport, Transport};

pub use {http, time, ureq};
