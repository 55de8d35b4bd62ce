//! The user logs in on another device, and this one waits.

mod pace;
mod pending;
mod place;
#[cfg(feature = "qr")]
mod qr;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use auth_core::error::LoginReason;
use auth_core::grant::{Identity, TokenRequest, TokenResponse};
use auth_core::http::{Response, StatusCode};
use auth_core::transport::Transport;
use auth_core::{Error, Grant, Result, Secret};

use crate::authorize;
use crate::client::{Client, left_to_client, url_of};

pub use pending::PendingDevice;
#[cfg(feature = "qr")]
pub use qr::Qr;

/// The device authorization grant (RFC 8628): for devices without a browser or a keyboard.
///
/// Show the user a short code and where to enter it, on a telephone say; wait; and there is a token.
///
/// ```no_run
/// use oauth2_generic::{Client, DeviceCode, Session};
/// use oauth2_generic::auth_core::transport::HttpTransport;
///
/// let login = DeviceCode {
///     client: Client {
///         token_endpoint: "https://login.example.com/token".into(),
///         device_authorization_endpoint: "https://login.example.com/device".into(),
///         client_id: "television".into(),
///         ..Client::default()
///     },
/// };
/// let http = HttpTransport::new();
/// let pending = login.begin(&http)?;
/// println!("{pending}"); // On another device, open https://… and enter WDJB-MJHT
/// let session = Session::new(pending.wait(&http)?);
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct DeviceCode {
    /// The client, and the server that knows it.
    pub client: Client,
}

/// A login on another device that the user has granted: a [`Grant`] that holds its first token.
///
/// The token is handed out once, and its life counts from then: make the session at once. The refresh
/// token that came with it carries on from there.
#[derive(Debug)]
pub struct GrantedDevice {
    client: Client,
    login: String,
    resource_owner: String,
    first: Arc<Mutex<Option<TokenResponse>>>,
}

impl DeviceCode {
    /// Asks the server for a code that the user can enter elsewhere.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the fields make no request; otherwise what the server said, or that
    /// it cannot be shown to a person.
    pub fn begin(&self, http: &dyn Transport) -> Result<PendingDevice> {
        let client = &self.client;
        client.check_grant(GRANT_TYPE)?;
        url_of("token_endpoint", &client.token_endpoint)?;
        let endpoint = url_of(
            "device_authorization_endpoint",
            &client.device_authorization_endpoint,
        )?;
        let request = client.authenticated(client.to(endpoint))?;
        let reply = client
            .with_target(request, &client.and_scope(&[]))?
            .optional("scope", &client.scope)
            .ask(http)?;
        PendingDevice::read(self.clone(), &reply)
    }

    /// Asks once whether the user is done. Nothing, if the server says as a success that the user is not.
    fn ask(&self, device_code: &Secret, http: &dyn Transport) -> Result<Option<TokenResponse>> {
        let is_pending = AtomicBool::new(false);
        let listening = |request| {
            let answer = http.send(request)?;
            is_pending.store(says_pending(&answer), Ordering::Relaxed);
            Ok(answer)
        };
        let request = self.client.request(GRANT_TYPE, &["device_code"])?;
        let answer = request.param("device_code", device_code).send(&listening);
        match answer {
            Err(Error::Response(_)) if is_pending.into_inner() => Ok(None),
            answer => answer.map(Some),
        }
    }
}

impl GrantedDevice {
    fn new(client: Client, first: TokenResponse) -> Self {
        Self {
            client,
            login: authorize::new_state(),
            resource_owner: String::new(),
            first: Arc::new(Mutex::new(Some(first))),
        }
    }

    /// Says whose login this is, in your words: it tells the tokens of your users apart.
    ///
    /// Whoever keeps tokens in a store names the user here and in
    /// [`RefreshToken`](crate::RefreshToken) alike, and finds the login again. A login without a name
    /// is kept for itself.
    #[must_use]
    pub fn resource_owner(mut self, name: impl Into<String>) -> Self {
        self.resource_owner = name.into();
        self
    }
}

impl Grant for GrantedDevice {
    fn identity(&self) -> Identity {
        let identity = self.client.identity();
        match self.resource_owner.as_str() {
            "" => identity.with("login", &self.login),
            name => identity.with("resource_owner", name),
        }
    }

    /// Sends nothing: the token is there.
    fn login_request(&self) -> Result<TokenRequest> {
        let first = Arc::clone(&self.first);
        Ok(TokenRequest::from_fn([], move |_| {
            let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
            first
                .take()
                .ok_or_else(|| Error::login_required(LoginReason::CodeSpent))
        }))
    }

    fn is_new_login(&self) -> bool {
        self.first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    left_to_client!(client, for_interactive);
}

/// Whether an answer with the status of a success cannot have been the token: it is not there yet, or the
/// server says so (`{"status": "pending"}`).
fn says_pending(answer: &Response<Vec<u8>>) -> bool {
    let word = b"pending";
    let mut words = answer.body().windows(word.len());
    let is_said = words.any(|letters| letters.eq_ignore_ascii_case(word));
    let is_empty = matches!(
        answer.status(),
        StatusCode::ACCEPTED | StatusCode::NO_CONTENT
    );
    is_empty || answer.status().is_success() && is_said
}

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
