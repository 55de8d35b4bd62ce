//! How a request reaches a token endpoint, and what is refused on the way.

mod cookies;
mod failure;

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::{self, Debug};
use std::io::Read;
use std::mem;
use std::rc::Rc;
use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH};
use http::uri::Scheme;
use http::{HeaderValue, Request, Response, Uri};
use ureq::config::{AutoHeaderValue, ConfigBuilder};
use ureq::typestate::AgentScope;
use ureq::{Agent, Body, SendBody};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::origin::is_loopback;
use failure::Progress;

/// Sends one request and returns what came back, whatever its status.
///
/// A closure is a transport, so a test needs no server:
///
/// ```
/// use auth_core::{Result, http};
/// use auth_core::grant::TokenRequest;
/// use auth_core::transport::Transport;
///
/// let fake = |_request: http::Request<Vec<u8>>| -> Result<http::Response<Vec<u8>>> {
///     Ok(http::Response::new(br#"{"access_token":"t","token_type":"bearer"}"#.to_vec()))
/// };
/// let answer = TokenRequest::form("https://as.example/token").send(&fake)?;
/// assert_eq!(answer.access_token.expose(), "t");
/// # Ok::<(), auth_core::Error>(())
/// ```
pub trait Transport: Send + Sync {
    /// Sends the request once. It must not follow redirects and must not try again.
    ///
    /// # Errors
    /// [`Error::Network`] if no answer came, saying whether the request may have arrived.
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>>;

    /// How long [`send`](Transport::send) may take at the most. Default: 30 s.
    ///
    /// Processes that share a login take a request for lost some time after that.
    fn timeout(&self) -> Duration {
        TIMEOUT
    }
}

/// Makes a transport of a closure.
pub fn from_fn<F>(send: F) -> FromFn<F>
where
    F: Fn(Request<Vec<u8>>) -> Result<Response<Vec<u8>>> + Send + Sync,
{
    FromFn(send)
}

/// Transport made by [`from_fn`].
#[derive(Clone, Copy)]
pub struct FromFn<F>(F);

impl<F> Debug for FromFn<F> {
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

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<T: Transport + ?Sized> Transport for $pointer {
            fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
                (**self).send(request)
            }

            fn timeout(&self) -> Duration {
                (**self).timeout()
            }
        }
    )*};
}

forward!(&T, Box<T>, std::sync::Arc<T>);

/// The transport over ureq: https only, no redirects, time-outs, a bounded answer.
///
/// Plain http is sent to a literal loopback address (`127.0.0.1`, `[::1]`) and nowhere else.
/// Connections are not kept: a token endpoint is called once an hour, and a stale connection would
/// leave open whether a refresh token was spent. Cookies are not kept either, also if another crate of
/// the program switches on ureq's feature `cookies`: the sessions of several users share a transport.
///
/// ```
/// use std::time::Duration;
/// use auth_core::agent::ureq;
/// use auth_core::transport::HttpTransport;
///
/// let transport = HttpTransport::configured(|config| {
///     config
///         .timeout_global(Some(Duration::from_secs(5)))
///         .proxy(ureq::Proxy::new("http://proxy.example:3128").ok())
/// });
/// ```
///
/// A custom CA, a client certificate or the platform's verifier go into
/// [`tls_config`](ureq::config::ConfigBuilder::tls_config) in the same way.
#[derive(Clone)]
pub struct HttpTransport {
    agent: Agent,
    /// The agent is the caller's: its connector is not in its settings, so it cannot be made anew.
    is_lent: bool,
    /// Our settings are not in the agent, so they go on top of each request.
    on_top: bool,
    allow_http: bool,
}

impl HttpTransport {
    /// A transport with the defaults: 30 s in all, 10 s to connect, the proxy of the environment.
    pub fn new() -> Self {
        Self::configured(|config| config)
    }

    /// A transport with settings of your own: proxy, certificates, time-outs.
    ///
    /// Redirects, connection reuse and the treatment of statuses are set afterwards, and cannot be
    /// changed; a time-out can be changed but not removed.
    pub fn configured(
        configure: impl FnOnce(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope>,
    ) -> Self {
        let defaults = Agent::config_builder()
            .user_agent(USER_AGENT)
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(TIMEOUT_CONNECT))
            .input_buffer_size(INPUT_BUFFER)
            .max_response_header_size(LARGEST_HEAD)
            .output_buffer_size(OUTPUT_BUFFER);
        #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
        let defaults = defaults.tls_config(
            ureq::tls::TlsConfig::builder()
                .provider(ureq::tls::TlsProvider::NativeTls)
                .build(),
        );
        let config = configure(defaults)
            .http_status_as_error(false)
            .max_redirects(0)
            .accept_encoding(AutoHeaderValue::None)
            .max_idle_connections(0)
            .build();
        let on_top = config.timeouts().global.is_none();
        Self {
            agent: config.new_agent(),
            is_lent: false,
            on_top,
            allow_http: false,
        }
    }

    /// A transport over an agent you have, with its connector, resolver and certificates.
    ///
    /// The safety settings go on top of each request; the agent itself is not changed, with one exception:
    /// if ureq is built with its feature `cookies`, the agent's cookies are deleted before and after each
    /// request. Users who log in at the same time still share them for as long as a request takes; a
    /// [configured](HttpTransport::configured) transport has none to share.
    pub fn from_agent(agent: Agent) -> Self {
        Self {
            agent,
            is_lent: true,
            on_top: true,
            allow_http: false,
        }
    }

    /// Allows plain http to any host. Everybody on the way can then read and use the secrets.
    #[must_use]
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Refuses what would show the secrets to others; the message must not quote the URL.
    fn check(&self, uri: &Uri) -> Result<()> {
        if uri.scheme() == Some(&Scheme::HTTPS) {
            return if cfg!(any(feature = "rustls", feature = "native-tls")) {
                Ok(())
            } else {
                Err(Error::configuration(
                    "https needs the feature `rustls` or `native-tls`",
                ))
            };
        }
        if uri.scheme() != Some(&Scheme::HTTP) {
            return Err(Error::configuration(
                "the token endpoint must begin with https://",
            ));
        }
        if self.allow_http || uri.host().is_some_and(is_loopback) {
            return Ok(());
        }
        Err(Error::configuration(
            "the token endpoint must begin with https://; plain http is for 127.0.0.1 and [::1], and for a test \
             network with `HttpTransport::danger_allow_http`",
        ))
    }

    /// The agent for one request, which knows no cookie of another.
    fn agent(&self) -> Cow<'_, Agent> {
        if !cookies::are_kept_by(&self.agent) {
            Cow::Borrowed(&self.agent)
        } else if self.is_lent {
            cookies::delete(&self.agent);
            Cow::Borrowed(&self.agent)
        } else {
            Cow::Owned(self.agent.config().clone().new_agent())
        }
    }

    fn settings_on_top(
        &self,
        request: Request<SendBody<'static>>,
        here: bool,
    ) -> Request<SendBody<'static>> {
        let round_the_proxy = here && self.agent.config().proxy().is_some();
        if !self.on_top && !round_the_proxy {
            return request;
        }
        let settings = self
            .agent
            .configure_request(request)
            .http_status_as_error(false)
            .max_redirects(0)
            .accept_encoding(AutoHeaderValue::None)
            .max_idle_age(Duration::ZERO)
            .timeout_global(Some(self.timeout()));
        // What is meant for this machine must not go to a proxy, which is not this machine.
        if round_the_proxy {
            settings.proxy(None).build()
        } else {
            settings.build()
        }
    }
}

impl Default for HttpTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("allow_http", &self.allow_http)
            .finish_non_exhaustive()
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        self.check(request.uri())?;
        let here = request.uri().scheme() == Some(&Scheme::HTTP)
            && request.uri().host().is_some_and(is_loopback);
        let taken = Rc::new(Cell::new(false));
        let (mut parts, body) = request.into_parts();
        parts
            .headers
            .insert(CONNECTION, HeaderValue::from_static("close"));
        let has_body = !body.is_empty();
        let body = if !has_body {
            SendBody::none()
        } else {
            parts.headers.insert(CONTENT_LENGTH, body.len().into());
            let bytes = Zeroizing::new(body);
            SendBody::from_owned_reader(WatchedBody {
                bytes,
                sent: 0,
                taken: Rc::clone(&taken),
            })
        };
        let request = self.settings_on_top(Request::from_parts(parts, body), here);
        let progress = || match (has_body, taken.get()) {
            (false, _) => Progress::NoBody,
            (true, false) => Progress::BodyKept,
            (true, true) => Progress::BodyTaken,
        };
        let agent = self.agent();
        let answer = agent.run(request);
        cookies::delete(&agent);
        let answer = answer.map_err(|e| failure::error(e, progress()))?;
        let (parts, body) = answer.into_parts();
        let body = read(body)?;
        Ok(Response::from_parts(parts, body))
    }

    fn timeout(&self) -> Duration {
        self.agent.config().timeouts().global.unwrap_or(TIMEOUT)
    }
}

/// A request body that notes when ureq first asks for it.
///
/// ureq does so after the connection stands, TLS included, and after the headers are written. A
/// body that was never asked for has not left this machine, and with it no refresh token.
struct WatchedBody {
    bytes: Zeroizing<Vec<u8>>,
    sent: usize,
    taken: Rc<Cell<bool>>,
}

impl Read for WatchedBody {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.taken.set(true);
        let read = (&self.bytes[self.sent..]).read(buffer)?;
        self.sent += read;
        Ok(read)
    }
}

/// The whole body, decoded, or an error if it is larger than any answer with a token.
fn read(body: Body) -> Result<Vec<u8>> {
    let too_large = || Error::response(format!("it is larger than {LARGEST_ANSWER} bytes"));
    let length = body.content_length().unwrap_or(LARGEST_ANSWER);
    if length > LARGEST_ANSWER {
        return Err(too_large());
    }
    // Wiped, since half an answer may hold a whole token; and never grown, which would leave a copy.
    let capacity = usize::try_from(length + 1).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    // Bounded here because ureq counts before it decompresses, and any crate may switch that on.
    body.into_reader()
        .take(LARGEST_ANSWER + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| failure::error(e.into(), Progress::Answered))?;
    if bytes.len() as u64 > LARGEST_ANSWER {
        Err(too_large())
    } else {
        Ok(mem::take(&mut *bytes))
    }
}

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
const TIMEOUT: Duration = Duration::from_secs(30);
const TIMEOUT_CONNECT: Duration = Duration::from_secs(10);
/// An answer is a few kilobytes; ureq's default of 128 KiB is for downloads.
const INPUT_BUFFER: usize = 16 * 1024;
/// Less than the buffer: to ureq, a full buffer without a whole head looks like a closed connection.
const LARGEST_HEAD: usize = INPUT_BUFFER - 1;
const OUTPUT_BUFFER: usize = 8 * 1024;
const LARGEST_ANSWER: u64 = 256 * 1024;
