#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "jwt")]
mod assertion;
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
mod extension;
mod implicit;
mod introspection;
#[cfg(feature = "jwt")]
mod jwt_bearer;
mod metadata;
mod password;
#[cfg(feature = "jwt")]
mod private_key_jwt;
mod redirect;
mod refresh_token;
mod revocation;
#[cfg(any(feature = "dpop", feature = "jwt"))]
mod signing;
#[cfg(feature = "jwt")]
mod signing_key;
mod token_exchange;

pub use auth_core::agent::ureq;
pub use auth_core::error::{Delivery, ErrorCode, LoginReason, NetworkFailure, Refusal};
pub use auth_core::grant::{ExpiryFormat, Replay, ResponseFormat, TokenResponse};
pub use auth_core::transport::{HttpTransport, Transport};
pub use auth_core::{self, Error, Grant, Result, Secret, Session, Token, http, time};

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
pub use extension::ExtensionGrant;
pub use implicit::{Implicit, PendingToken};
pub use introspection::Introspection;
#[cfg(feature = "jwt")]
pub use jwt_bearer::JwtBearer;
pub use metadata::{Discovery, Metadata};
pub use password::Password;
#[cfg(feature = "jwt")]
pub use private_key_jwt::PrivateKeyJwt;
pub use refresh_token::RefreshToken;
#[cfg(feature = "jwt")]
pub use signing_key::SigningKey;
pub use token_exchange::TokenExchange;
