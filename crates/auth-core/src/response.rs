//! Reads the answer of a token endpoint: as far as it can be read, and no token is guessed
//! (RFC 6749 §5.1 and §5.2).

mod body;
mod expiry;
mod members;
mod places;
mod refused;
mod reply;
mod tokens;
mod words;

use std::borrow::Cow;
use std::time::Duration;

use http::Response;

use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::token::{TokenResponse, TokenType};

use body::Body;
use members::Members;
use refused::{date, refused};
use tokens::Tokens;

pub use expiry::ExpiryFormat;
pub use reply::JsonResponse;

/// Format of a token response, where a server differs from RFC 6749 §5.1.
///
/// A member is a name or a path: `data.access_token` is the member `access_token` of the object `data`, and
/// `0.access_token` that of the first object of a list. A member whose own name holds a dot, such as `.expires`, is
/// found before a path. All other members are searched beside the access token first.
///
/// ```
/// use auth_core::grant::{ExpiryFormat, ResponseFormat};
///
/// // A server that calls the access token `token` and returns the second at which it expires.
/// let format = ResponseFormat::new()
///     .access_token("token")
///     .expires("expires_in", ExpiryFormat::EpochSeconds);
///
/// // `{"data": {"access_token": "…", "token_type": "BearerToken", "expires_in": 3600}}`
/// let nested = ResponseFormat::new()
///     .access_token("data.access_token")
///     .token_type("BearerToken");
/// # let _ = (format, nested);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ResponseFormat {
    access_token: Cow<'static, str>,
    refresh_token: Cow<'static, str>,
    expires_in: Cow<'static, str>,
    expiry: ExpiryFormat,
    token_types: Vec<Cow<'static, str>>,
    token_type_required: bool,
    lifetime: Option<Duration>,
    refresh_token_lifetime: Option<Duration>,
    other_success: Vec<u16>,
}

impl Default for ResponseFormat {
    fn default() -> Self {
        Self::new()
    }
}

impl ResponseFormat {
    /// The format of RFC 6749 §5.1.
    pub fn new() -> Self {
        Self {
            access_token: Cow::Borrowed("access_token"),
            refresh_token: Cow::Borrowed("refresh_token"),
            expires_in: Cow::Borrowed("expires_in"),
            expiry: ExpiryFormat::Seconds,
            token_types: Vec::new(),
            token_type_required: true,
            lifetime: None,
            refresh_token_lifetime: None,
            other_success: Vec::new(),
        }
    }

    /// Sets the member that holds the access token. Default: `access_token`.
    pub fn access_token(mut self, member: impl Into<Cow<'static, str>>) -> Self {
        self.access_token = member.into();
        self
    }

    /// Sets the member that holds the refresh token. Default: `refresh_token`.
    ///
    /// If it is missing, a `refreshToken` or a `refresh_token` elsewhere in the response is used, unless another access
    /// token is beside it: the old refresh token may be used up. Of an object the one text is used that plainly is the
    /// token (`{"value": "…"}`).
    pub fn refresh_token(mut self, member: impl Into<Cow<'static, str>>) -> Self {
        self.refresh_token = member.into();
        self
    }

    /// Sets the member that holds the access token's expiry, and its unit. Default: `expires_in`, seconds from now.
    pub fn expires(mut self, member: impl Into<Cow<'static, str>>, format: ExpiryFormat) -> Self {
        self.expires_in = member.into();
        self.expiry = format;
        self
    }

    /// Adds a word in `token_type` that means bearer, in any case: `BearerToken` (Apigee), `jwt-bearer`. Default:
    /// `bearer` alone.
    ///
    /// `mac`, `DPoP` and `N_A` never mean it: such a token cannot be used without a key, or for an API.
    pub fn token_type(mut self, word: impl Into<Cow<'static, str>>) -> Self {
        self.token_types.push(word.into());
        self
    }

    /// Accepts a response without `token_type`, or with any word in it but `mac`, `DPoP` and `N_A`. Default: such a
    /// response is unusable.
    pub fn token_type_optional(mut self) -> Self {
        self.token_type_required = false;
        self
    }

    /// Sets the access token's lifetime for responses without a readable one. Default: unknown, and an unreadable
    /// expiry is an error.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Sets the refresh token's lifetime, where the vendor documents it and the response lacks it
    /// (`refresh_expires_in`, `refresh_token_expires_in`). Default: unknown.
    pub fn refresh_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.refresh_token_lifetime = Some(lifetime);
        self
    }

    /// Adds a status that means success. Default: every 2xx.
    pub fn success(mut self, status: u16) -> Self {
        self.other_success.push(status);
        self
    }

    /// Reads tokens from parameters, as in the redirect of the implicit grant (RFC 6749 §4.2.2).
    ///
    /// ```
    /// use auth_core::Secret;
    /// use auth_core::grant::ResponseFormat;
    ///
    /// let parameter = |name: &str, value| (name.to_owned(), Secret::new(value));
    /// let tokens = ResponseFormat::new().parse([
    ///     parameter("access_token", "abc"),
    ///     parameter("token_type", "bearer"),
    /// ])?;
    /// assert_eq!(tokens.access_token.expose(), "abc");
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Refused`] if the parameters hold an `error`; [`Error::Response`] if they hold no usable token, or one of
    /// them twice.
    pub fn parse(
        &self,
        parameters: impl IntoIterator<Item = (String, Secret)>,
    ) -> Result<TokenResponse> {
        let body = Body::from(Members::from_parameters(parameters)?);
        match refused::refusal(&body, None, &str::to_owned) {
            Some(refusal) => Err(Error::from(refusal)),
            None => Tokens::of(self, TokenType::Bearer, body, None, &str::to_owned).read(),
        }
    }

    /// Reads an HTTP response; `is_bound` if its token must be bound to a key; `without_echo` removes the request's own
    /// values from a text.
    pub(crate) fn read(
        &self,
        response: &Response<Vec<u8>>,
        is_bound: bool,
        without_echo: &dyn Fn(&str) -> String,
    ) -> Result<TokenResponse> {
        let body = Body::of(response);
        refused(response, &body, Some(self), without_echo)?;
        let token_type = if is_bound {
            TokenType::Dpop
        } else {
            TokenType::Bearer
        };
        Tokens::of(
            self,
            token_type,
            body,
            date(response.headers()),
            without_echo,
        )
        .read()
    }
}
