//! HTTP Basic (RFC 7617), as token endpoints read it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorCode};
use crate::secret::{Secret, header_value};

use super::TokenRequest;

impl TokenRequest {
    /// Authenticates the client by HTTP Basic (RFC 6749 §2.3.1). The secret may be empty.
    ///
    /// Percent-encodes only what a server that decodes would misread: `%`, `+`, a space, what is not ASCII, and `:`
    /// in the id. All else works at servers that decode and at those that do not.
    ///
    /// ```
    /// use auth_core::{Secret, TokenRequest};
    ///
    /// let secret = Secret::from("s3cret~=");
    /// let request = TokenRequest::form("https://zoom.us/oauth/token")
    ///     .basic("batch", &secret)
    ///     .param("grant_type", "account_credentials")
    ///     .param("account_id", "acc");
    /// # assert!(request.check().is_ok());
    /// ```
    pub fn basic(self, client_id: &str, client_secret: &Secret) -> Self {
        let id = utf8_percent_encode(client_id, ID);
        let secret = utf8_percent_encode(client_secret.expose(), SECRET);
        let pair = pair(client_id, client_secret, id, secret);
        let hint = if pair.len() > client_id.len() + 1 + client_secret.expose().len() {
            Some(ENCODED)
        } else {
            is_unusual(client_id, client_secret).then_some(UNUSUAL)
        };
        self.authorized(client_id, client_secret, &pair, hint)
    }

    /// Authenticates the client by HTTP Basic with id and secret as they are (RFC 7617), for servers that do not
    /// decode them. The secret may be empty; a `:` in the id is a configuration error.
    ///
    /// ```
    /// use auth_core::{Secret, TokenRequest};
    ///
    /// let secret = Secret::from("50% more");
    /// let request = TokenRequest::form("https://login.example.com/token")
    ///     .basic_raw("@!89FB", &secret)
    ///     .param("grant_type", "client_credentials");
    /// # assert!(request.check().is_ok());
    /// ```
    pub fn basic_raw(mut self, client_id: &str, client_secret: &Secret) -> Self {
        if client_id.contains(':') {
            self.fail(
                "`client_id` has a `:`, which HTTP Basic cannot send as it is; use `ClientAuth::Basic` or \
                 `ClientAuth::Body`"
                    .to_owned(),
            );
        }
        let secret = [client_secret.expose()];
        let pair = pair(client_id, client_secret, [client_id], secret);
        let hint = is_unusual(client_id, client_secret).then_some(RAW);
        self.authorized(client_id, client_secret, &pair, hint)
    }

    fn authorized(
        mut self,
        client_id: &str,
        client_secret: &Secret,
        pair: &str,
        hint: Option<&'static str>,
    ) -> Self {
        self.check_value("client_id", &client_id.into());
        if !client_secret.is_empty() {
            self.check_value("client_secret", client_secret);
        }
        let encoded = Secret::from(BASE64_STANDARD.encode(pair));
        let value = [b"Basic ", encoded.expose().as_bytes()].concat();
        // A server may repeat what it has decoded.
        let sent = pair.split_once(':').map_or("", |(_, secret)| secret);
        self.in_headers
            .extend([client_secret.clone(), sent.into(), encoded]);
        // Base64 is visible ASCII, so this is always a header value.
        if let Some(value) = header_value(Zeroizing::new(value)) {
            self.headers.push((AUTHORIZATION, value));
        }
        match hint {
            Some(hint) => {
                self.on_failure(move |error, _| is_of_the_client(error).then_some(hint.into()))
            }
            None => self,
        }
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

/// Whether a server that reads another secret than was meant may answer so.
fn is_of_the_client(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => refusal.code == ErrorCode::InvalidClient,
        Error::Status { status, .. } => *status == 401,
        _ => false,
    }
}

/// Whether either part has a character that some encode and others do not.
fn is_unusual(client_id: &str, client_secret: &Secret) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let mut bytes = client_id.bytes().chain(client_secret.expose().bytes());
    !bytes.all(is_unreserved)
}

const SECRET: &AsciiSet = &CONTROLS.add(b'%').add(b'+').add(b' ');
const ID: &AsciiSet = &SECRET.add(b':');

const ENCODED: &str = "HTTP Basic sent the client's id or secret percent-encoded, which some servers do not decode; try \
                       `ClientAuth::BasicRaw` or `ClientAuth::Body`";
const UNUSUAL: &str = "the client's id or secret has a character that servers read differently in HTTP Basic; try \
                       `ClientAuth::Body`";
const RAW: &str = "HTTP Basic sent the client's id and secret as they are, which servers that decode may misread; try \
                   `ClientAuth::Basic` or `ClientAuth::Body`";
