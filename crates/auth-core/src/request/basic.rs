//! HTTP Basic (RFC 7617), as token endpoints read it.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorCode, Result};
use crate::secret::{Secret, SecretSource, header_value};

use super::TokenRequest;
use super::reading::check_value;

/// How a client authenticates by HTTP Basic.
pub(super) struct Basic {
    id: String,
    pub(super) secret: SecretSource,
    /// `true` for id and secret as they are.
    is_raw: bool,
    hint: Arc<OnceLock<&'static str>>,
}

impl TokenRequest {
    /// Authenticates the client by HTTP Basic (RFC 6749 §2.3.1). The secret may be empty.
    ///
    /// Percent-encodes only what a server that decodes would misread: `%`, `+`, a space, what is not ASCII, and `:`
    /// in the id. All else works at servers that decode and at those that do not.
    ///
    /// ```
    /// use auth_core::grant::TokenRequest;
    /// use auth_core::Secret;
    ///
    /// let request = TokenRequest::form("https://zoom.us/oauth/token")
    ///     .basic("batch", Secret::new("s3cret~="))
    ///     .param("grant_type", "account_credentials")
    ///     .param("account_id", "acc");
    /// # assert!(request.check().is_ok());
    /// ```
    pub fn basic(self, client_id: &str, secret: impl Into<SecretSource>) -> Self {
        self.authenticated(client_id, secret.into(), false)
    }

    /// Authenticates the client by HTTP Basic with id and secret as they are (RFC 7617), for servers that do not
    /// decode them. The secret may be empty; a `:` in the id is a configuration error.
    ///
    /// ```
    /// use auth_core::grant::TokenRequest;
    /// use auth_core::Secret;
    ///
    /// let request = TokenRequest::form("https://login.example.com/token")
    ///     .basic_raw("@!89FB", Secret::new("50% more"))
    ///     .param("grant_type", "client_credentials");
    /// # assert!(request.check().is_ok());
    /// ```
    pub fn basic_raw(mut self, client_id: &str, secret: impl Into<SecretSource>) -> Self {
        if client_id.contains(':') {
            self.fail(
                "`client_id` has a `:`, which HTTP Basic cannot send as it is; use `ClientAuth::basic` or \
                 `ClientAuth::post`"
                    .to_owned(),
            );
        }
        self.authenticated(client_id, secret.into(), true)
    }

    fn authenticated(mut self, client_id: &str, secret: SecretSource, is_raw: bool) -> Self {
        let hint = Arc::new(OnceLock::new());
        self.basic = Some(Basic {
            id: client_id.to_owned(),
            secret,
            is_raw,
            hint: Arc::clone(&hint),
        });
        self.on_failure(move |error, _| {
            let hint = hint.get().filter(|_| is_of_the_client(error));
            hint.map(|hint| (*hint).into())
        })
    }
}

impl Basic {
    /// Fails for an id or a secret with characters that it cannot have.
    pub(super) fn check(&self, secret: &Secret) -> Result<()> {
        check_value("client_id", &Secret::new(self.id.as_str()))?;
        if secret.is_empty() {
            return Ok(());
        }
        check_value("client_secret", secret)
    }

    /// Makes the header, and adds what a server may repeat of it.
    pub(super) fn header(
        &self,
        secret: &Secret,
        hidden: &mut Vec<Secret>,
    ) -> Option<(HeaderName, HeaderValue)> {
        let id = self.id.as_str();
        let (pair, hint) = if self.is_raw {
            let pair = pair(id, secret, [id], [secret.expose()]);
            (pair, is_unusual(id, secret).then_some(RAW))
        } else {
            let encoded_id = utf8_percent_encode(id, ID);
            let encoded_secret = utf8_percent_encode(secret.expose(), SECRET);
            let pair = pair(id, secret, encoded_id, encoded_secret);
            let is_encoded = pair.len() > id.len() + 1 + secret.expose().len();
            let unusual = is_unusual(id, secret).then_some(UNUSUAL);
            (pair, if is_encoded { Some(ENCODED) } else { unusual })
        };
        if let Some(hint) = hint {
            let _ = self.hint.set(hint);
        }
        let encoded = Secret::new(BASE64_STANDARD.encode(&*pair));
        let value = [b"Basic ", encoded.expose().as_bytes()].concat();
        // A server may repeat what it has decoded.
        let sent = pair.split_once(':').map_or("", |(_, secret)| secret);
        hidden.extend([secret.clone(), Secret::new(sent), encoded]);
        // Base64 is visible ASCII, so this is always a header value.
        Some((AUTHORIZATION, header_value(Zeroizing::new(value))?))
    }
}

/// Both parts in a text that never grows, and so leaves no copy behind.
fn pair<'a>(
    client_id: &str,
    client_secret: &Secret,
    id: impl IntoIterator<Item = &'a str>,
    secret: impl IntoIterator<Item = &'a str>,
) -> Zeroizing<String> {
    let most = 3 * (client_id.len() + client_secret.expose().len()) + 1;
    let mut pair = Zeroizing::new(String::with_capacity(most));
    pair.extend(id);
    pair.push(':');
    pair.extend(secret);
    pair
}

/// Returns `true` if a server that reads another secret than was meant may answer so.
fn is_of_the_client(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => refusal.code == ErrorCode::InvalidClient,
        Error::Status { status, .. } => *status == 401,
        _ => false,
    }
}

/// Returns `true` if either part has a character that some encode and others do not.
fn is_unusual(client_id: &str, client_secret: &Secret) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let mut bytes = client_id.bytes().chain(client_secret.expose().bytes());
    !bytes.all(is_unreserved)
}

const SECRET: &AsciiSet = &CONTROLS.add(b'%').add(b'+').add(b' ');
const ID: &AsciiSet = &SECRET.add(b':');

const ENCODED: &str = "HTTP Basic sent the client's id or secret percent-encoded, which some servers do not decode; try \
                       `ClientAuth::basic_raw` or `ClientAuth::post`";
const UNUSUAL: &str = "the client's id or secret has a character that servers read differently in HTTP Basic; try \
                       `ClientAuth::post`";
const RAW: &str = "HTTP Basic sent the client's id and secret as they are, which servers that decode may misread; try \
                   `ClientAuth::basic` or `ClientAuth::post`";
