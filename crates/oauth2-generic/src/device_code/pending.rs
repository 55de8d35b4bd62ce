//! Waits until the user has entered the code.

use std::fmt;
use std::time::Duration;

use auth_core::{Clock, Error, Moment, Reason, Reply, Result, Secret, SystemClock, Transport};

use super::{DeviceCode, GrantedDevice};
use crate::authorize::is_private;

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
        let uri = |name| {
            let uri = reply.text(name).map(Secret::expose);
            uri.filter(|uri| is_showable(uri) && is_private(uri, allow_http))
        };
        let user_code = reply.text("user_code").map(Secret::expose);
        let expires_in = reply.number("expires_in").filter(|seconds| *seconds > 0.0);
        Ok(Self {
            device_code: reply
                .text("device_code")
                .ok_or_else(|| missing("device_code"))?
                .clone(),
            user_code: user_code
                .filter(|code| is_showable(code))
                .ok_or_else(|| missing("user_code"))?
                .to_owned(),
            // Google's is older than the RFC.
            verification_uri: uri("verification_uri")
                .or_else(|| uri("verification_url"))
                .ok_or_else(|| missing("verification_uri"))?
                .to_owned(),
            verification_uri_complete: uri("verification_uri_complete").map(str::to_owned),
            expires_in: seconds(expires_in.ok_or_else(|| missing("expires_in"))?),
            interval: reply.number("interval").map_or(INTERVAL, seconds),
            begun: SystemClock.now(),
            login,
            cancelled: Box::new(|| false),
            clock: Box::new(SystemClock),
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
    /// It asks as often as the server allows. While the network or the server fails it goes on, and
    /// asks less often.
    ///
    /// # Errors
    /// [`Error::Refused`] if the user or the server said no; [`Error::ReauthenticationRequired`] with
    /// [`Reason::LoginTimedOut`] or [`Reason::LoginCancelled`] if nobody entered the code;
    /// [`Error::Answer`] if there was no usable token in the answer.
    pub fn wait(mut self, http: &dyn Transport) -> Result<GrantedDevice> {
        let mut pace = Pace::new(self.interval);
        loop {
            if !self.pause(pace.wait())? {
                return Err(timed_out(pace.failure));
            }
            match self.login.ask(&self.device_code, http) {
                Ok(first) => return Ok(GrantedDevice::new(self.login.client, first)),
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
            .field("verification_uri", &self.verification_uri)
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

/// How often to ask (RFC 8628 §3.5).
struct Pace {
    interval: Duration,
    failures: u32,
    /// The last failure, if there was no answer since.
    failure: Option<Error>,
}

impl Pace {
    fn new(interval: Duration) -> Self {
        Self {
            interval,
            failures: 0,
            failure: None,
        }
    }

    /// How long to wait before the next question: twice as long after every failure in a row.
    fn wait(&self) -> Duration {
        let longest = self.interval.max(LONGEST_BACKOFF);
        let backed_off = self.interval.saturating_mul(1 << self.failures.min(16));
        let asked_for = self.failure.as_ref().and_then(Error::retry_after);
        backed_off.min(longest).max(asked_for.unwrap_or_default())
    }

    /// Takes in why there is no token yet; gives the error back if there will never be one.
    fn slow_down_for(&mut self, error: Error) -> Result<()> {
        let code = match &error {
            Error::Refused(refusal) => refusal.code.to_string(),
            _ => String::new(),
        };
        match code.as_str() {
            "authorization_pending" => self.answered(),
            "slow_down" => {
                self.interval += SLOW_DOWN;
                self.answered();
            }
            "expired_token" => return Err(timed_out(Some(error))),
            // An answer that makes no sense may have been the token, and there is no second one.
            _ if error.is_transient() && !matches!(error, Error::Answer(_)) => {
                self.failures += 1;
                self.failure = Some(error);
            }
            _ => return Err(error),
        }
        Ok(())
    }

    fn answered(&mut self) {
        self.failures = 0;
        self.failure = None;
    }
}

fn timed_out(cause: Option<Error>) -> Error {
    Error::ReauthenticationRequired {
        reason: Reason::LoginTimedOut,
        cause: cause.map(Box::new),
    }
}

/// Whether a text can be shown on a terminal and typed: nothing in it moves a cursor or hides.
fn is_showable(text: &str) -> bool {
    let is_printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    text.len() <= LONGEST_TEXT && text.bytes().all(is_printable)
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
/// RFC 8628 §3.5: for this and all further questions.
const SLOW_DOWN: Duration = Duration::from_secs(5);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// How soon it is noticed that nobody wants to go on.
const GLANCE: Duration = Duration::from_millis(250);
const BOUNDS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(24 * 3600));
const LONGEST_TEXT: usize = 2048;
