//! How token requests are sent, and TLS.
//!
//! [`HttpTransport`] is the default. TLS is a value, [`Tls`]: it applies to the token endpoint, and, taken over by
//! [`Session::agent`](crate::Session::agent), to the APIs.
//!
//! ```no_run
//! use auth_core::transport::{ClientCertificate, Tls};
//! use auth_core::{Session, secret};
//!
//! # fn demo(grant: impl auth_core::Grant + 'static) -> auth_core::Result<()> {
//! let certificate = ClientCertificate::file("client.crt", secret::file("client.key"));
//! let tls = Tls::default()
//!     .only_authorities(std::fs::read("company-ca.pem").expect("a file"))
//!     .client_certificate(certificate);
//! let session = Session::builder(grant).tls(tls).build()?;
//! # Ok(())
//! # }
//! ```

mod cookies;
mod failure;
mod http_transport;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};

use crate::error::Result;

pub(crate) use cookies::are_kept_by as keeps_cookies;
pub(crate) use failure::of_api;
pub(crate) use http_transport::TIMEOUT_CONNECT;
pub use http_transport::{HttpTransport, HttpTransportBuilder};
pub(crate) use tls::TlsSettings;
pub use tls::{ClientCertificate, Tls};

#[doc(inline)]
pub use crate::origin::{Origin, is_loopback};

/// Sends requests to token endpoints.
///
/// References, boxes and `Arc`s of transports are transports too; [`from_fn`] makes one from a closure. One that wraps
/// another forwards [`timeout`](Transport::timeout) and [`http`](Transport::http).
pub trait Transport: Send + Sync {
    /// Sends the request once, and returns the response whatever its status. It must not follow redirects and must not
    /// try again.
    ///
    /// # Errors
    /// [`Error::network`](crate::Error::network) if no response arrived, with how far the request got.
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>>;

    /// Returns the most time that [`send`](Transport::send) takes. Default: 30 s.
    ///
    /// Processes that share a login take a request for lost some time after that.
    fn timeout(&self) -> Duration {
        TIMEOUT
    }

    /// Returns the settings that [`Session::agent`](crate::Session::agent) takes over: TLS and proxy. Default: `None`;
    /// the agent then has those of [`HttpTransport::new`].
    fn http(&self) -> Option<&HttpTransport> {
        None
    }
}

const TIMEOUT: Duration = Duration::from_secs(30);

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<T: Transport + ?Sized> Transport for $pointer {
            fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
                (**self).send(request)
            }

            fn timeout(&self) -> Duration {
                (**self).timeout()
            }

            fn http(&self) -> Option<&HttpTransport> {
                (**self).http()
            }
        }
    )*};
}

forward!(&T, Box<T>, Arc<T>);

/// A transport from a closure.
///
/// ```
/// use auth_core::grant::TokenRequest;
/// use auth_core::{http, transport};
///
/// let fake = transport::from_fn(|_request| {
///     Ok(http::Response::new(br#"{"access_token":"t","token_type":"bearer"}"#.to_vec()))
/// });
/// let tokens = TokenRequest::form("https://login.example.com/token").send(&fake)?;
/// assert_eq!(tokens.access_token.expose(), "t");
/// # Ok::<(), auth_core::Error>(())
/// ```
pub fn from_fn<F>(send: F) -> FromFn<F>
where
    F: Fn(Request<Vec<u8>>) -> Result<Response<Vec<u8>>> + Send + Sync,
{
    FromFn(send)
}

/// Transport made by [`from_fn`].
///
/// With a function instead of a closure its type has a name, for a field:
///
/// ```
/// use auth_core::error::{Delivery, Error, NetworkFailure, Result};
/// use auth_core::http::{Request, Response};
/// use auth_core::transport::{self, FromFn, Transport};
///
/// type Exchange = fn(Request<Vec<u8>>) -> Result<Response<Vec<u8>>>;
///
/// struct Aeroplane {
///     transport: FromFn<Exchange>,
/// }
///
/// fn offline(_: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
///     Err(Error::network(NetworkFailure::NameLookup, Delivery::NotSent))
/// }
///
/// let mode = Aeroplane { transport: transport::from_fn(offline) };
/// assert!(mode.transport.send(Request::default()).is_err());
/// ```
#[derive(Clone, Copy)]
pub struct FromFn<F>(F);

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("transport::FromFn")
    }
}

impl<F> Transport for FromFn<F>
where
    F: Fn(Request<Vec<u8>>) -> Result<Response<Vec<u8>>> + Send + Sync,
{
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        (self.0)(request)
    }
}
