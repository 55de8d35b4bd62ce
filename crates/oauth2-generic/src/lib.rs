#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod authorization_code;
mod authorize;
#[cfg(feature = "browser")]
mod browser;
mod client;
mod client_auth;
mod client_credentials;
mod device_code;
#[cfg(feature = "dpop")]
mod dpop;
mod implicit;
mod introspection;
mod metadata;
mod password;
#[cfg(feature = "jwt")]
mod private_key_jwt;
mod redirect;
mod refresh_token;
mod revocation;
#[cfg(any(feature = "dpop", feature = "jwt"))]
mod signing;
mod token_exchange;

pub use auth_core::{
    self, AnswerFormat, Error, ErrorCode, Expiry, Grant, HttpTransport, Network, Reason, Refusal,
    Replay, Result, Secret, Sent, Session, Token, TokenResponse, Transport, http, time, ureq,
};

pub use authorization_code::{AuthorizationCode, Granted, PendingCode};
#[cfg(feature = "browser")]
pub use browser::BrowserLogin;
pub use client::{Client, Encoding};
pub use client_auth::ClientAuth;
pub use client_credentials::ClientCredentials;
#[cfg(feature = "qr")]
pub use device_code::Qr;
pub use device_code::{DeviceCode, GrantedDevice, PendingDevice};
#[cfg(feature = "dpop")]
pub use dpop::DpopKey;
pub use implicit::{Implicit, PendingToken};
pub use introspection::Introspection;
pub use metadata::{Discovery, Metadata};
pub use password::Password;
#[cfg(feature = "jwt")]
pub use private_key_jwt::{PrivateKeyJwt, SigningKey};
pub use refresh_token::RefreshToken;
pub use token_exchange::TokenExchange;
