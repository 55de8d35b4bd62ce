//! The text that a user is shown, and checks of what a server may show a user.

use std::fmt;
use std::time::Duration;

use auth_core::grant::JsonResponse;
use auth_core::{Error, Result, Secret};

use crate::place::{is_private, is_url, scheme};

/// Code for the user, and where to enter it. `Display` is a sentence for people.
///
/// ```
/// # use oauth2_generic::{DeviceLogin, Client, Server};
/// # let login = DeviceLogin::new(Client::new(Server::new("https://login.example.com/token"), "screen"));
/// let login = login.show(|prompt| {
///     println!("{prompt}");
///     println!("You have {} minutes.", prompt.expires_in.as_secs() / 60);
/// });
/// # let _ = login;
/// ```
///
/// With the feature `qr`, `DevicePrompt::qr` draws the URL for a terminal.
#[derive(Clone)]
#[non_exhaustive]
pub struct DevicePrompt {
    /// The code to enter.
    pub user_code: String,
    /// The URL where to enter it.
    pub verification_uri: String,
    /// The URL with the code in it, for a link or a QR code, if the server has one.
    pub verification_uri_complete: Option<String>,
    /// How long the code works.
    pub expires_in: Duration,
}

impl DevicePrompt {
    /// Draws a QR code of the URL; its `Display` is for a terminal.
    ///
    /// ```
    /// # use oauth2_generic::{DeviceLogin, Client, Server};
    /// # let login = DeviceLogin::new(Client::new(Server::new("https://login.example.com/token"), "screen"));
    /// let login = login.show(|prompt| {
    ///     match prompt.qr() {
    ///         Ok(code) => println!("{code}\n{prompt}"),
    ///         Err(_) => println!("{prompt}"),
    ///     }
    /// });
    /// # let _ = login;
    /// ```
    ///
    /// # Errors
    /// [`Error::Response`] if the server's URL is too long.
    #[cfg(feature = "qr")]
    pub fn qr(&self) -> Result<super::Qr> {
        let short = &self.verification_uri;
        super::Qr::new(self.verification_uri_complete.as_ref().unwrap_or(short))
    }

    pub(super) fn read(
        response: &JsonResponse,
        allow_http: bool,
        expires_in: Duration,
    ) -> Result<Self> {
        let missing = |name: &str| Error::response(format!("it has no usable `{name}`"));
        let uri = |name| match response.text(name).map(Secret::expose) {
            Some(uri) => check(name, uri, allow_http).map(|()| Some(uri.to_owned())),
            None => Ok(None),
        };
        // Google's is older than the RFC.
        let verification_uri = match (uri("verification_uri"), uri("verification_url")) {
            (Ok(Some(uri)), _) | (_, Ok(Some(uri))) => uri,
            (Err(error), _) | (_, Err(error)) => return Err(error),
            (Ok(None), Ok(None)) => return Err(missing("verification_uri")),
        };
        let user_code = response.text("user_code").map(Secret::expose);
        Ok(Self {
            user_code: user_code
                .filter(|code| is_showable(code))
                .ok_or_else(|| missing("user_code"))?
                .to_owned(),
            verification_uri,
            verification_uri_complete: uri("verification_uri_complete").unwrap_or_default(),
            expires_in,
        })
    }
}

impl fmt::Display for DevicePrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (uri, code) = (&self.verification_uri, &self.user_code);
        write!(f, "On another device, open {uri} and enter {code}")
    }
}

impl fmt::Debug for DevicePrompt {
    /// Without the code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevicePrompt")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// Checks a URL that the user is to open; the error names the problem and does not show the URL.
fn check(name: &str, uri: &str, allow_http: bool) -> Result<()> {
    let problem = match scheme(uri).as_deref() {
        _ if !uri.is_ascii() => {
            "has characters outside of ASCII, which may look like another address; the server has to send \
             them encoded (`xn--` in the host, `%` in the path)"
        }
        _ if !is_showable(uri) => {
            "has control characters or is too long; the server has to send another"
        }
        None => NOT_WHOLE,
        Some("http" | "https") if !is_url(uri) => NOT_WHOLE,
        Some(_) if is_private(uri, allow_http) => return Ok(()),
        Some("http") => {
            "is plain http, which is for 127.0.0.1 and [::1] only; tell the server its https \
             address, or for a test network call `Client::danger_allow_http_login`"
        }
        _ => "does not begin with https://; the server has to send a URL for a browser",
    };
    Err(Error::response(format!("its `{name}` {problem}")))
}

/// Returns `true` if a text can be shown on a terminal and typed: nothing in it moves a cursor or hides.
fn is_showable(text: &str) -> bool {
    let is_printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    text.len() <= LONGEST_TEXT && text.bytes().all(is_printable)
}

const LONGEST_TEXT: usize = 2048;
const NOT_WHOLE: &str = "is not a whole URL (https://host/path); tell the server the address under which people \
                         reach it";
