//! Waits until the user has entered the code.

use std::fmt;
use std::time::Duration;

#[cfg(doc)]
use auth_core::ErrorCode;
use auth_core::{Clock, Error, Moment, Reason, Reply, Result, Secret, SystemClock, Transport};

use super::pace::{Pace, timed_out};
use super::{DeviceCode, GrantedDevice, place};

/// A login that waits for the user to enter a code on another device.
///
/// Its `Display` says what to do, in one line for people.
#[must_use = "nobody logs in before somebody is shown the code and waited for"]
pub struct PendingDevice {
    login: DeviceCode,
    device_code: Secret,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: Duration,
    interval: Duration,
    /// When the server gave out the code.
    begun: Moment,
    cancelled: Box<dyn FnMut() -> bool + Send>,
    clock: Box<dyn Clock>,
}

impl PendingDevice {
    pub(super) fn read(login: DeviceCode, reply: &Reply) -> Result<Self> {
        let missing = |name: &str| Error::answer(format!("it has no usable `{name}`"));
        let allow_http = login.client.danger_allow_http_login;
        let uri = |name| match reply.text(name).map(Secret::expose) {
            Some(uri) => place::check(name, uri, allow_http).map(|()| Some(uri.to_owned())),
            None => Ok(None),
        };
        // Google's is older than the RFC.
        let verification_uri = match (uri("verification_uri"), uri("verification_url")) {
            (Ok(Some(uri)), _) | (_, Ok(Some(uri))) => uri,
            (Err(error), _) | (_, Err(error)) => return Err(error),
            (Ok(None), Ok(None)) => return Err(missing("verification_uri")),
        };
        let user_code = reply.text("user_code").map(Secret::expose);
        let expires_in = reply.number("expires_in").filter(|seconds| *seconds > 0.0);
        Ok(Self {
            device_code: reply
                .text("device_code")
                .ok_or_else(|| missing("device_code"))?
                .clone(),
            user_code: user_code
                .filter(|code| place::is_showable(code))
                .ok_or_else(|| missing("user_code"))?
                .to_owned(),
            verification_uri,
            verification_uri_complete: uri("verification_uri_complete").unwrap_or_default(),
            expires_in: seconds(expires_in.ok_or_else(|| missing("expires_in"))?),
            interval: reply.number("interval").map_or(INTERVAL, seconds),
            begun: SystemClock::new().now(),
            login,
            cancelled: Box::new(|| false),
            clock: Box::new(SystemClock::new()),
        })
    }

    /// What the user enters.
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Where the user enters it.
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// The same with the code in it, for a link or a QR code, if the server has one.
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.verification_uri_complete.as_deref()
    }

    /// How long the user has got, from the beginning.
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }

    /// Where the user goes, as a QR code for a terminal.
    ///
    /// # Errors
    /// [`Error::Answer`] if the server's URL is too long for one.
    #[cfg(feature = "qr")]
    pub fn qr(&self) -> Result<super::Qr> {
        let short = &self.verification_uri;
        super::Qr::new(self.verification_uri_complete.as_ref().unwrap_or(short))
    }

    /// Asked several times a second whether to give up. Default: never.
    pub fn cancelled_by(mut self, asked: impl FnMut() -> bool + Send + 'static) -> Self {
        self.cancelled = Box::new(asked);
        self
    }

    /// What time it is, and who waits for it to pass; the code lives from now, by this clock.
    /// Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.begun = clock.now();
        self.clock = Box::new(clock);
        self
    }

    /// Waits until the user is done, as long as the server lets the user take.
    ///
    /// It asks as often as the server allows. While the network or the server fails, or the server limits
    /// the rate (429, or any refusal with `Retry-After`), it continues and asks less often. The words of
    /// RFC 8628 §3.5 are understood in whichever member the server says them.
    ///
    /// # Errors
    /// [`Error::Refused`] with [`ErrorCode::AccessDenied`] if the user said no;
    /// [`Error::ReauthenticationRequired`] with [`Reason::LoginTimedOut`] or [`Reason::LoginCancelled`] if
    /// the user did not enter the code, and with [`Reason::CodeSpent`] if the server refused the code;
    /// [`Error::Status`] if the endpoint's URL is wrong; [`Error::Answer`] if there was no usable token in
    /// the answer.
    pub fn wait(mut self, http: &dyn Transport) -> Result<GrantedDevice> {
        let mut pace = Pace::new(self.interval);
        loop {
            if !self.pause(pace.wait())? {
                return Err(timed_out(pace.failure));
            }
            match self.login.ask(&self.device_code, http) {
                Ok(Some(first)) => return Ok(GrantedDevice::new(self.login.client, first)),
                Ok(None) => pace.not_yet(),
                Err(error) => pace.slow_down_for(error)?,
            }
        }
    }

    /// Lets time pass; answers whether the code is still good then.
    fn pause(&mut self, wait: Duration) -> Result<bool> {
        let mut past = self.clock.now().since(self.begun);
        let until = past.saturating_add(wait);
        loop {
            if (self.cancelled)() {
                return Err(Error::reauthentication_required(Reason::LoginCancelled));
            }
            past = self.clock.now().since(self.begun).max(past);
            if past >= until.min(self.expires_in) {
                return Ok(past < self.expires_in);
            }
            let rest = until.min(self.expires_in) - past;
            self.clock.sleep(rest.min(GLANCE));
        }
    }
}

impl fmt::Debug for PendingDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingDevice")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for PendingDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (uri, code) = (&self.verification_uri, &self.user_code);
        write!(f, "On another device, open {uri} and enter {code}")
    }
}

/// A time that a server asks for, in sensible bounds.
fn seconds(seconds: f64) -> Duration {
    let (shortest, longest) = BOUNDS;
    Duration::try_from_secs_f64(seconds)
        .unwrap_or(shortest)
        .clamp(shortest, longest)
}

/// RFC 8628 §3.2: where the server does not say.
const INTERVAL: Duration = Duration::from_secs(5);
/// How soon it is noticed that nobody wants to go on.
const GLANCE: Duration = Duration::from_millis(250);
const BOUNDS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(24 * 3600));
