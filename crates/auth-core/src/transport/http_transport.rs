//! The transport over ureq, and what it refuses.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::io::Read;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH};
use http::uri::Scheme;
use http::{HeaderValue, Request, Response, Uri};
use ureq::config::AutoHeaderValue;
use ureq::{Agent, Body, Proxy, ProxyProtocol, SendBody};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::origin::{is_localhost, is_loopback};
use crate::secret::SecretSource;

use super::failure::Progress;
use super::tls::{TlsSettings, Updated};
use super::{TIMEOUT, Tls, Transport, cookies, failure};

/// The default transport, over `ureq`: https only, no redirects, time-outs, bounded responses. Clones share it.
///
/// Plain http is sent to a literal loopback address (`127.0.0.1`, `[::1]`) and nowhere else, and never through a proxy
/// then. Each request has a connection of its own: a token endpoint is called once an hour, and after a failure on
/// a stale connection no client knows if the server used the refresh token. No cookie is kept, even if another crate
/// of the program switches on the feature `cookies` of `ureq`: the sessions of several users share a transport.
///
/// ```
/// use std::time::Duration;
/// use auth_core::{Secret, transport::HttpTransport};
///
/// let transport = HttpTransport::builder()
///     .timeout(Duration::from_secs(5))
///     .proxy(Secret::new("http://user:password@proxy.example:3128"))
///     .build()?;
/// # Ok::<(), auth_core::Error>(())
/// ```
#[derive(Clone)]
pub struct HttpTransport(Arc<Inner>);

struct Inner {
    agent: Agent,
    tls: Updated,
    /// The agent is the caller's: its connector is not in its settings, so it cannot be made anew.
    is_lent: bool,
    allow_http: bool,
}

impl HttpTransport {
    /// A transport with the defaults: 30 s for a request, 10 s of them to connect, the environment's proxy, and
    /// [`Tls::default`].
    #[must_use]
    pub fn new() -> Self {
        HttpTransportBuilder::new().finish(Updated::default(), None)
    }

    /// A transport with settings of your own.
    pub fn builder() -> HttpTransportBuilder {
        HttpTransportBuilder::new()
    }

    /// Returns the TLS settings.
    pub fn tls(&self) -> &Tls {
        self.0.tls.tls()
    }

    /// A transport over an agent of the caller.
    pub(crate) fn lent(agent: Agent) -> Self {
        let tls = Updated::lent(agent.config());
        Self(Arc::new(Inner {
            agent,
            tls,
            is_lent: true,
            allow_http: false,
        }))
    }

    /// Returns `true` for clones of one transport.
    pub(crate) fn is_clone_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The proxy, if there is one.
    pub(crate) fn proxy(&self) -> Option<&Proxy> {
        self.0.agent.config().proxy()
    }

    /// The TLS settings now: after a change of a certificate's file they are other ones.
    pub(crate) fn tls_settings(&self) -> TlsSettings {
        self.0.tls.now()
    }

    /// The TLS settings now, if they are others than `old`.
    pub(crate) fn tls_settings_after(&self, old: &TlsSettings) -> Option<TlsSettings> {
        self.0.tls.after(old)
    }
}

impl Inner {
    /// Refuses what would show the secrets to others; the message must not quote the URL.
    fn check(&self, uri: &Uri) -> Result<()> {
        if uri.scheme() == Some(&Scheme::HTTPS) {
            return self.tls.tls().check_compiled();
        }
        if uri.scheme() != Some(&Scheme::HTTP) {
            return Err(Error::configuration(
                "the URL of the token endpoint (`base`, or an endpoint of the server) must begin with https://",
            ));
        }
        if self.allow_http || uri.host().is_some_and(is_loopback) {
            return Ok(());
        }
        let is_localhost = uri.host().is_some_and(is_localhost);
        Err(Error::configuration(if is_localhost {
            "the URL of the token endpoint (`base`, or an endpoint of the server) is plain http to localhost, a name; \
             write 127.0.0.1 for localhost, or allow it in a test network with `HttpTransportBuilder::danger_allow_http`"
        } else {
            "the URL of the token endpoint (`base`, or an endpoint of the server) must begin with https://; plain http \
             is for 127.0.0.1 and [::1], and for a test network with `HttpTransportBuilder::danger_allow_http`"
        }))
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

    /// Sets, for one request, what the agent does not have.
    fn configured(
        &self,
        request: Request<SendBody<'static>>,
        is_here: bool,
    ) -> Request<SendBody<'static>> {
        let newer = self.tls.after_start();
        let round_the_proxy = is_here && self.agent.config().proxy().is_some();
        if !self.is_lent && !round_the_proxy && newer.is_none() {
            return request;
        }
        let mut settings = self
            .agent
            .configure_request(request)
            .http_status_as_error(false)
            .max_redirects(0)
            .accept_encoding(AutoHeaderValue::None)
            .max_idle_age(Duration::ZERO)
            .timeout_global(Some(self.timeout()));
        // A request to this machine must not go to a proxy, which is another one.
        if round_the_proxy {
            settings = settings.proxy(None);
        }
        if let Some(newer) = newer {
            settings = newer.of_request(settings);
        }
        settings.build()
    }

    fn timeout(&self) -> Duration {
        self.agent.config().timeouts().global.unwrap_or(TIMEOUT)
    }
}

impl Default for HttpTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("tls", self.tls())
            .field("timeout", &self.0.timeout())
            .field("allow_http", &self.0.allow_http)
            .finish_non_exhaustive()
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let inner = &*self.0;
        inner.check(request.uri())?;
        let is_here = request.uri().scheme() == Some(&Scheme::HTTP)
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
        let request = inner.configured(Request::from_parts(parts, body), is_here);
        let progress = || match (has_body, taken.get()) {
            (false, _) => Progress::Bodiless,
            (true, false) => Progress::BodyKept,
            (true, true) => Progress::BodyTaken,
        };
        let agent = inner.agent();
        let response = agent.run(request);
        cookies::delete(&agent);
        let response = response.map_err(|e| failure::error(e, progress()))?;
        let (parts, body) = response.into_parts();
        let body = read(body)?;
        Ok(Response::from_parts(parts, body))
    }

    fn timeout(&self) -> Duration {
        self.0.timeout()
    }

    fn http(&self) -> Option<&HttpTransport> {
        Some(self)
    }
}

/// Settings of an [`HttpTransport`].
///
/// ```
/// use auth_core::transport::{HttpTransport, HttpTransportBuilder, Tls};
/// use auth_core::{Result, secret};
///
/// /// The settings of this company, for all of its programs.
/// fn company(authorities: Option<Vec<u8>>) -> HttpTransportBuilder {
///     let transport = HttpTransport::builder().proxy(secret::env("COMPANY_PROXY"));
///     match authorities {
///         Some(pem) => transport.tls(Tls::default().only_authorities(pem)),
///         None => transport,
///     }
/// }
///
/// let error = company(None).build().unwrap_err();
/// assert!(error.to_string().contains("COMPANY_PROXY")); // it is not set here
/// ```
#[derive(Clone, Debug)]
#[must_use = "`build` makes the transport"]
pub struct HttpTransportBuilder {
    tls: Tls,
    timeout: Duration,
    proxy: Setting,
    allow_http: bool,
}

/// How the proxy is chosen.
#[derive(Clone, Debug)]
enum Setting {
    Environment,
    None,
    Url(SecretSource),
}

impl HttpTransportBuilder {
    fn new() -> Self {
        Self {
            tls: Tls::default(),
            timeout: TIMEOUT,
            proxy: Setting::Environment,
            allow_http: false,
        }
    }

    /// Sets TLS. Default: [`Tls::default`].
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the most time of a whole request. Default: 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets an HTTP proxy by its URL, which is a secret if it has a password in it. It is read once, by
    /// [`build`](HttpTransportBuilder::build). Default: the environment's, from `ALL_PROXY`, `HTTPS_PROXY` or
    /// `HTTP_PROXY`, with the exceptions in `NO_PROXY`.
    pub fn proxy(mut self, url: impl Into<SecretSource>) -> Self {
        self.proxy = Setting::Url(url.into());
        self
    }

    /// Connects without a proxy, also if the environment names one.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = Setting::None;
        self
    }

    /// Allows plain http to any host. Everyone on the way can then read and use the secrets.
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Makes the transport.
    ///
    /// # Errors
    /// [`Error::Configuration`] if a certificate, a key or the proxy's URL cannot be read or used.
    pub fn build(self) -> Result<HttpTransport> {
        let tls = Updated::new(self.tls.clone())?;
        let proxy = match &self.proxy {
            Setting::Environment | Setting::None => None,
            Setting::Url(url) => Some(self.proxy_of(url)?),
        };
        Ok(self.finish(tls, proxy))
    }

    fn proxy_of(&self, url: &SecretSource) -> Result<Proxy> {
        let proxy = Proxy::new(url.read()?.expose()).map_err(|_| {
            Error::configuration("the proxy's URL is not of the form http://host:port")
        })?;
        match proxy.protocol() {
            ProxyProtocol::Http => {}
            ProxyProtocol::Https => self.tls.check_compiled()?,
            _ => {
                return Err(Error::configuration(
                    "the proxy must be an HTTP proxy; for SOCKS use `agent::transport` with an agent of a `ureq` with \
                     its feature `socks-proxy`",
                ));
            }
        }
        Ok(proxy)
    }

    fn finish(self, tls: Updated, proxy: Option<Proxy>) -> HttpTransport {
        let mut config = Agent::config_builder()
            .user_agent(USER_AGENT)
            .timeout_global(Some(self.timeout))
            .timeout_connect(Some(TIMEOUT_CONNECT))
            .input_buffer_size(INPUT_BUFFER)
            .max_response_header_size(LARGEST_HEAD)
            .output_buffer_size(OUTPUT_BUFFER)
            .http_status_as_error(false)
            .max_redirects(0)
            .accept_encoding(AutoHeaderValue::None)
            .max_idle_connections(0);
        if !matches!(self.proxy, Setting::Environment) {
            config = config.proxy(proxy);
        }
        config = tls.now().of_agent(config);
        HttpTransport(Arc::new(Inner {
            agent: config.build().new_agent(),
            tls,
            is_lent: false,
            allow_http: self.allow_http,
        }))
    }
}

/// A request body that notes when ureq first reads it.
///
/// ureq does so after the connection is made, TLS included, and after the headers are written. A body that was never
/// requested has not left this machine, and with it no refresh token.
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

/// The whole body, decoded, or an error if it is larger than any response with a token.
fn read(body: Body) -> Result<Vec<u8>> {
    let too_large = || Error::response(format!("it is larger than {LARGEST_RESPONSE} bytes"));
    let length = body.content_length().unwrap_or(LARGEST_RESPONSE);
    if length > LARGEST_RESPONSE {
        return Err(too_large());
    }
    // Wiped, since half a response may hold a whole token; and never grown, which would leave a copy.
    let capacity = usize::try_from(length + 1).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    // Bounded here because ureq counts before it decompresses, and any crate may switch that on.
    body.into_reader()
        .take(LARGEST_RESPONSE + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| failure::error(e.into(), Progress::Responded))?;
    if bytes.len() as u64 > LARGEST_RESPONSE {
        Err(too_large())
    } else {
        Ok(mem::take(&mut *bytes))
    }
}

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
pub(crate) const TIMEOUT_CONNECT: Duration = Duration::from_secs(10);
/// A response is a few kilobytes; ureq's default of 128 KiB is for downloads.
const INPUT_BUFFER: usize = 16 * 1024;
/// Less than the buffer: to ureq, a full buffer without a whole head looks like a closed connection.
const LARGEST_HEAD: usize = INPUT_BUFFER - 1;
const OUTPUT_BUFFER: usize = 8 * 1024;
const LARGEST_RESPONSE: u64 = 256 * 1024;
