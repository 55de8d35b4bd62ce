//! The user logs in on another device, and this one waits.

mod pace;
mod prompt;
#[cfg(feature = "qr")]
mod qr;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use auth_core::clock::{Clock, Moment, SystemClock};
#[cfg(doc)]
use auth_core::error::ErrorCode;
use auth_core::error::LoginReason;
use auth_core::grant::{JsonResponse, TokenResponse};
use auth_core::http::{Response, StatusCode};
use auth_core::store::Store;
use auth_core::transport::Transport;
use auth_core::{Error, Result, Secret, Session};

use crate::client::{Client, DEVICE_CODE, optional};
use crate::grants::RefreshToken;
use crate::metadata::Endpoint;
use crate::watched::Watched;

use pace::{Pace, timed_out};

pub use prompt::DevicePrompt;
#[cfg(feature = "qr")]
pub use qr::Qr;

/// The user logs in on another device (RFC 8628): for devices without a browser or a keyboard.
///
/// The user is shown a short code and where to enter it, on a telephone for instance; the login waits.
///
/// ```no_run
/// use oauth2_generic::store::FileStore;
/// use oauth2_generic::{Client, DeviceLogin, Server};
///
/// let client = Client::new(Server::discover("https://login.example.com")?, "screen");
/// let session = DeviceLogin::new(client)
///     .user("lobby")
///     .show(|prompt| println!("{prompt}")) // On another device, open https://… and enter WDJB-MJHT
///     .session(FileStore::for_program("screen")?)?;
/// # let _ = session;
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "`session` or `exchange` begins the login"]
pub struct DeviceLogin {
    client: Client,
    grant: RefreshToken,
    show: Arc<Show>,
    cancelled: Arc<Cancelled>,
    clock: Arc<dyn Clock>,
}

type Show = dyn Fn(&DevicePrompt) + Send + Sync;
type Cancelled = dyn Fn() -> bool + Send + Sync;

impl DeviceLogin {
    /// Logins of this client.
    pub fn new(client: Client) -> Self {
        Self {
            grant: RefreshToken::new(client.clone()),
            client,
            show: Arc::new(print),
            cancelled: Arc::new(|| false),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Names the user, in words of your own. It is not sent; it is part of the identity, and a store needs it.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.grant = self.grant.user(name);
        self
    }

    /// Shows the code and the URL to the user. Default: prints them on standard error.
    pub fn show(mut self, show: impl Fn(&DevicePrompt) + Send + Sync + 'static) -> Self {
        self.show = Arc::new(show);
        self
    }

    /// Gives up as soon as this returns `true`; it is called several times a second. Default: never.
    pub fn cancel_when(mut self, cancelled: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.cancelled = Arc::new(cancelled);
        self
    }

    /// Sets the clock of the deadline, for tests. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Returns the grant that lives on such a login.
    pub fn grant(&self) -> RefreshToken {
        self.grant.clone()
    }

    /// Shows a code and waits for the login, as long as the server gives the user time.
    ///
    /// It polls as often as the server allows. While the network or the server fails, or the server limits
    /// the rate (429, or any refusal with `Retry-After`), it continues and polls less often. The codes of
    /// RFC 8628 §3.5 are understood in whichever member the server puts them.
    ///
    /// # Errors
    /// [`Error::Refused`] if the user ([`ErrorCode::AccessDenied`]) or the server refused; [`Error::LoginRequired`] with
    /// [`LoginReason::TimedOut`] or [`LoginReason::Cancelled`] if the user did not enter the code; [`Error::Status`] if
    /// the endpoint's URL is wrong; [`Error::Response`] if a response cannot be used.
    pub fn exchange(&self, http: &dyn Transport) -> Result<TokenResponse> {
        let attempt = self.begin(http)?;
        (self.show)(&attempt.prompt);
        let mut pace = Pace::new(attempt.interval);
        loop {
            if !self.pause(&attempt, pace.wait())? {
                return Err(timed_out(pace.failure));
            }
            match self.ask(&attempt.device_code, http) {
                Ok(Some(tokens)) => return Ok(tokens),
                Ok(None) => pace.not_yet(),
                Err(error) => pace.slow_down_for(error)?,
            }
        }
    }

    /// Returns a session over the login in this store if it is alive; otherwise shows a code and waits.
    ///
    /// For other settings of the session, pass [`grant`](DeviceLogin::grant) to
    /// [`Session::builder`] and call [`Session::log_in_if_needed`].
    ///
    /// # Errors
    /// As [`exchange`](DeviceLogin::exchange) and [`Session::log_in_if_needed`]; [`Error::Configuration`] without a
    /// [`user`](DeviceLogin::user).
    pub fn session(&self, store: impl Store + 'static) -> Result<Session> {
        let session = Session::builder(self.grant()).store(store).build()?;
        session.log_in_if_needed(|http| self.exchange(http))?;
        Ok(session)
    }

    /// Requests a code that the user can enter on another device.
    fn begin(&self, http: &dyn Transport) -> Result<Attempt> {
        let client = &self.client;
        client.server().check()?;
        client.check_grant(DEVICE_CODE)?;
        client.url(Endpoint::Token)?;
        let endpoint = client.url(Endpoint::DeviceAuthorization)?;
        let request = client.authenticated(client.to(endpoint))?;
        let request = client.with_target(request, &client.and_scope(&[]))?;
        let request = optional(request, "scope", client.wanted_scope());
        let response = request.fetch(http)?;
        Attempt::read(client, &response, self.clock.now())
    }

    /// Asks once whether the user is done; `None` if the server reports as a success that the user is not.
    fn ask(&self, device_code: &Secret, http: &dyn Transport) -> Result<Option<TokenResponse>> {
        let is_pending = AtomicBool::new(false);
        let watched = Watched::new(http, |response: &Response<Vec<u8>>| {
            is_pending.store(says_pending(response), Ordering::Relaxed);
        });
        let request = self.client.request(DEVICE_CODE, &["device_code"])?;
        match request.secret("device_code", device_code).send(&watched) {
            Err(Error::Response(_)) if is_pending.load(Ordering::Relaxed) => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// Lets time pass; returns `true` if the code still works afterwards.
    fn pause(&self, attempt: &Attempt, wait: Duration) -> Result<bool> {
        let expires_in = attempt.prompt.expires_in;
        let mut past = self.clock.now().since(attempt.begun);
        let until = past.saturating_add(wait);
        loop {
            if (self.cancelled)() {
                return Err(Error::login_required(LoginReason::Cancelled));
            }
            past = self.clock.now().since(attempt.begun).max(past);
            if past >= until.min(expires_in) {
                return Ok(past < expires_in);
            }
            let rest = until.min(expires_in) - past;
            self.clock.sleep(rest.min(GLANCE));
        }
    }
}

impl fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceLogin")
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

/// A code that the server issued and the user has not entered yet.
struct Attempt {
    device_code: Secret,
    prompt: DevicePrompt,
    interval: Duration,
    /// The time of the server's response.
    begun: Moment,
}

impl Attempt {
    fn read(client: &Client, response: &JsonResponse, begun: Moment) -> Result<Self> {
        let missing = |name: &str| Error::response(format!("it has no usable `{name}`"));
        let device_code = response.text("device_code");
        let device_code = device_code.ok_or_else(|| missing("device_code"))?.clone();
        let expires_in = response.number("expires_in").filter(|it| *it > 0.0);
        let expires_in = seconds(expires_in.ok_or_else(|| missing("expires_in"))?);
        Ok(Self {
            device_code,
            prompt: DevicePrompt::read(response, client.allows_http_login(), expires_in)?,
            interval: response.number("interval").map_or(INTERVAL, seconds),
            begun,
        })
    }
}

/// A time that a server requests, in sensible bounds.
fn seconds(seconds: f64) -> Duration {
    let (shortest, longest) = BOUNDS;
    Duration::try_from_secs_f64(seconds)
        .unwrap_or(shortest)
        .clamp(shortest, longest)
}

/// Returns `true` if a response with a success status cannot be the token: the status means "not yet" (202, 204), or
/// the body does (`{"status": "pending"}`).
fn says_pending(response: &Response<Vec<u8>>) -> bool {
    let word = b"pending";
    let mut words = response.body().windows(word.len());
    let is_said = words.any(|letters| letters.eq_ignore_ascii_case(word));
    let is_empty = matches!(
        response.status(),
        StatusCode::ACCEPTED | StatusCode::NO_CONTENT
    );
    is_empty || response.status().is_success() && is_said
}

/// The default of [`DeviceLogin::show`].
#[expect(clippy::print_stderr, reason = "the user reads it and is waited for")]
fn print(prompt: &DevicePrompt) {
    eprintln!("{prompt}");
    if let Some(link) = &prompt.verification_uri_complete {
        eprintln!("Or open {link}");
    }
}

/// Default of RFC 8628 §3.2, if the server sends no interval.
const INTERVAL: Duration = Duration::from_secs(5);
/// The time after which a cancelled login is noticed.
const GLANCE: Duration = Duration::from_millis(250);
const BOUNDS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(24 * 3600));
