//! Tests of your own code, without a network and without waiting.
//!
//! ```
//! use auth_core::{Result, Session, testing};
//!
//! fn header(session: &Session) -> Result<String> {
//!     Ok(format!("{:?}", session.authorization()?))
//! }
//!
//! assert_eq!(header(&testing::session("abc"))?, "Sensitive");
//! assert_eq!(testing::session("abc").token()?.expose(), "abc");
//! # Ok::<(), auth_core::Error>(())
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};

use crate::clock::{Clock, Moment};
use crate::error::{Delivery, Error, NetworkFailure, Result};
use crate::grant::{Grant, Identity, Lifetime, Policy, TokenRequest, TokenResponse};
use crate::secret::Secret;
use crate::session::Session;
use crate::transport::Transport;

/// Returns a session that serves this access token for as long as the program runs.
///
/// ```
/// let session = auth_core::testing::session("abc");
/// assert_eq!(session.authorization()?, "Bearer abc");
/// # Ok::<(), auth_core::Error>(())
/// ```
#[must_use]
pub fn session(access_token: &str) -> Session {
    Session::new(Fixed(Secret::new(access_token)))
}

/// The grant of [`session`].
#[derive(Debug)]
struct Fixed(Secret);

impl Grant for Fixed {
    fn identity(&self) -> Identity {
        Identity::new("testing")
    }

    fn policy(&self) -> Policy {
        Policy::for_client()
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let access_token = self.0.clone();
        Ok(TokenRequest::from_fn([], move |_http| {
            let mut tokens = TokenResponse::new(access_token.clone());
            tokens.lifetime = Lifetime::For(LONG);
            Ok(tokens)
        }))
    }
}

/// A hundred years.
const LONG: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Clock that a test moves; clones share the time.
///
/// Sleeping advances the clock at once, so retries cost a test nothing.
///
/// ```
/// use std::time::Duration;
/// use auth_core::clock::Clock;
/// use auth_core::testing::ManualClock;
///
/// let clock = ManualClock::new();
/// let before = clock.seconds();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.seconds() - before, 60);
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Moment>>);

impl ManualClock {
    /// A clock at 2026-01-01 00:00 UTC.
    #[must_use]
    pub fn new() -> Self {
        Self::at(SystemTime::UNIX_EPOCH + Duration::from_secs(NEW_YEAR_2026))
    }

    /// A clock at this time; a time before 1970 counts as 1970.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        let monotonic = Duration::from_secs(1000);
        Self(Arc::new(Mutex::new(Moment {
            wall: time.into(),
            monotonic,
        })))
    }

    /// Advances both clocks.
    pub fn advance(&self, duration: Duration) {
        let mut now = lock(&self.0);
        now.wall = now.wall.plus(duration);
        now.monotonic += duration;
    }

    /// Suspends the machine: only the wall clock advances.
    pub fn suspend(&self, duration: Duration) {
        let mut now = lock(&self.0);
        now.wall = now.wall.plus(duration);
    }

    /// Sets the wall clock, as a person or a time server does.
    pub fn set(&self, time: SystemTime) {
        lock(&self.0).wall = time.into();
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        *lock(&self.0)
    }

    fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}

const NEW_YEAR_2026: u64 = 1_767_225_600;

/// Transport that returns prepared responses in order and keeps the requests; clones share both.
///
/// A request for which no response is left fails as if the server were down.
///
/// ```
/// use auth_core::testing::CannedTransport;
/// use auth_core::{Secret, grant::TokenRequest};
///
/// let http = CannedTransport::new().json(200, r#"{"access_token": "abc", "token_type": "Bearer"}"#);
/// let request = TokenRequest::form("https://login.example.com/token").param("client_id", "batch");
/// assert_eq!(request.send(&http)?.access_token.expose(), "abc");
/// assert_eq!(http.requests()[0].body(), b"client_id=batch");
/// # Ok::<(), auth_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct CannedTransport(Arc<Mutex<Exchanges>>);

#[derive(Default)]
struct Exchanges {
    responses: VecDeque<Response<Vec<u8>>>,
    requests: Vec<Request<Vec<u8>>>,
}

impl CannedTransport {
    /// A transport without responses.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a JSON response.
    #[must_use]
    pub fn json(self, status: u16, body: &str) -> Self {
        let mut response = Response::new(body.as_bytes().to_vec());
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        self.response(response)
    }

    /// Adds a response.
    #[must_use]
    pub fn response(self, response: Response<Vec<u8>>) -> Self {
        lock(&self.0).responses.push_back(response);
        self
    }

    /// Returns the requests that were sent, in order. Their bodies hold secrets.
    #[must_use]
    pub fn requests(&self) -> Vec<Request<Vec<u8>>> {
        lock(&self.0).requests.clone()
    }
}

impl Transport for CannedTransport {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let mut exchanges = lock(&self.0);
        exchanges.requests.push(request);
        let down = || {
            Error::network(
                NetworkFailure::Connect("no response is left".into()),
                Delivery::NotSent,
            )
        };
        exchanges.responses.pop_front().ok_or_else(down)
    }
}

impl fmt::Debug for CannedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchanges = lock(&self.0);
        f.debug_struct("CannedTransport")
            .field("requests", &exchanges.requests.len())
            .field("responses_left", &exchanges.responses.len())
            .finish()
    }
}

/// A panic in a test leaves the value whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
