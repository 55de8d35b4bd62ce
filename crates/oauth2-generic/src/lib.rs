#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// On docs.rs each item shows the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "jwt")]
mod assertion;
#[cfg(feature = "authorization_code")]
mod authorization_code;
#[cfg(any(feature = "authorization_code", feature = "implicit"))]
#[cfg_attr(
    not(all(feature = "authorization_code", feature = "implicit")),
    allow(dead_code, reason = "each of the two grants uses a part")
)]
mod authorize;
#[cfg(feature = "browser")]
mod browser;
mod client;
mod client_auth;
mod device_login;
mod discovery;
#[cfg(feature = "dpop")]
mod dpop;
mod extension;
mod files;
mod github_actions;
mod grants;
#[cfg(feature = "implicit")]
mod implicit;
mod introspection;
mod json;
#[cfg(feature = "jwt")]
mod jwt_bearer;
mod metadata;
mod place;
#[cfg(feature = "presets")]
mod presets;
mod protected_resource;
#[cfg(any(feature = "authorization_code", feature = "implicit"))]
#[cfg_attr(
    not(all(feature = "authorization_code", feature = "implicit")),
    allow(dead_code, reason = "each of the two grants uses a part")
)]
mod redirect;
mod server;
#[cfg(feature = "jwt")]
mod service_account;
#[cfg(any(feature = "dpop", feature = "jwt"))]
mod signing;
#[cfg(feature = "jwt")]
mod signing_key;
mod watched;

pub use auth_core;
#[doc(no_inline)]
pub use auth_core::*;

#[cfg(feature = "authorization_code")]
pub use authorization_code::{AuthorizationCode, PendingLogin};
#[cfg(feature = "browser")]
pub use browser::BrowserLogin;
pub use client::Client;
pub use client_auth::ClientAuth;
#[cfg(feature = "qr")]
pub use device_login::Qr;
pub use device_login::{DeviceLogin, DevicePrompt};
pub use discovery::Discovery;
#[cfg(feature = "dpop")]
pub use dpop::DpopKey;
pub use extension::ExtensionGrant;
pub use github_actions::github_actions;
pub use grants::{ClientCredentials, Password, RefreshToken, SecurityToken, TokenExchange};
#[cfg(feature = "implicit")]
pub use implicit::{Implicit, PendingImplicit};
pub use introspection::Introspection;
#[cfg(feature = "jwt")]
pub use jwt_bearer::JwtBearer;
pub use metadata::Metadata;
#[cfg(feature = "presets")]
pub use presets::{Preset, PresetValue};
pub use protected_resource::ProtectedResource;
pub use server::{Encoding, Server};
#[cfg(feature = "jwt")]
pub use service_account::ServiceAccount;
#[cfg(feature = "jwt")]
pub use signing_key::SigningKey;
