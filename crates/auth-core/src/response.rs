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

pub use expiry::Expiry;
pub use reply::Reply;

/// How a server's answer differs from RFC 6749; the default is the RFC.
///
/// The name of a member may be a path: `data.access_token` is the member `access_token` of the object
/// `data`, and `0.access_token` that of the first object of a list. A member whose own name holds a dot,
/// such as `.expires`, is found before a path. All other members are
/// looked for beside the access token first.
///
/// ```
/// use auth_core::{AnswerFormat, Expiry};
///
/// // A server that calls the access token `token` and says when it expires, not how long it lives.
/// let format = AnswerFormat {
///     access_token: "token".into(),
///     expiry: Expiry::EpochSeconds,
///     ..AnswerFormat::default()
/// };
///
/// // `{"data": {"access_token": "…", "token_type": "BearerToken", "expires_in": 3600}}`
/// let nested = AnswerFormat {
///     access_token: "data.access_token".into(),
///     token_types: vec!["BearerToken".into()],
///     ..AnswerFormat::default()
/// };
/// ```
#[derive(Clone, Debug)]
pub struct AnswerFormat {
    /// The member that holds the access token. Default: `access_token`.
    pub access_token: Cow<'static, str>,
    /// The member that holds the refresh token. Default: `refresh_token`.
    ///
    /// If there is none, a `refreshToken` or a `refresh_token` elsewhere in the answer is taken, unless
    /// another access token is beside it: the old refresh token may be spent. Of an object the one text is
    /// taken that plainly is the token (`{"value": "…"}`).
    pub refresh_token: Cow<'static, str>,
    /// The member that tells when the access token expires. Default: `expires_in`.
    pub expires_in: Cow<'static, str>,
    /// What that member counts. Default: seconds from now.
    pub expiry: Expiry,
    /// What `token_type` must say. Default: bearer.
    pub token_type: TokenType,
    /// Further words in `token_type` that mean bearer, in any case: `BearerToken` (Apigee), `jwt-bearer`.
    /// Default: none.
    ///
    /// `mac`, `DPoP` and `N_A` never do: such a token cannot be used without a key, or for an API.
    pub token_types: Vec<Cow<'static, str>>,
    /// Whether an answer is refused that has no `token_type`, or one that is neither bearer nor among
    /// `token_types`. Default: true, as the RFC wants it. `mac`, `DPoP` and `N_A` are refused also
    /// without it.
    pub token_type_required: bool,
    /// The life of an access token whose answer does not tell it: not at all, not in a way that can be
    /// read, or less than zero. Default: unknown, and an answer that cannot be read is an error.
    pub life: Option<Duration>,
    /// The life of a refresh token, where the vendor documents it and the answer does not tell it
    /// (`refresh_expires_in`, `refresh_token_expires_in`). Default: unknown.
    pub refresh_token_life: Option<Duration>,
    /// Statuses that mean success besides every 2xx. Default: none.
    pub other_success: Cow<'static, [u16]>,
}

impl Default for AnswerFormat {
    fn default() -> Self {
        Self {
            access_token: Cow::Borrowed("access_token"),
            refresh_token: Cow::Borrowed("refresh_token"),
            expires_in: Cow::Borrowed("expires_in"),
            expiry: Expiry::Seconds,
            token_type: TokenType::Bearer,
            token_types: Vec::new(),
            token_type_required: true,
            life: None,
            refresh_token_life: None,
            other_success: Cow::Borrowed(&[]),
        }
    }
}

impl AnswerFormat {
    /// Reads an HTTP answer; `without_echo` takes the request's own values out of a text.
    pub(crate) fn read(
        &self,
        answer: &Response<Vec<u8>>,
        without_echo: &dyn Fn(&str) -> String,
    ) -> Result<TokenResponse> {
        let body = Body::of(answer);
        refused(answer, &body, Some(self), without_echo)?;
        Tokens::of(self, body, date(answer.headers()), without_echo).read()
    }

    /// Reads an answer that came as parameters, as in the redirect of the implicit grant
    /// (RFC 6749 §4.2.2).
    ///
    /// # Errors
    /// [`Error::Refused`] if the parameters hold an `error`; [`Error::Answer`] if they do not hold a
    /// usable token, or one of them twice.
    pub fn read_parameters(
        &self,
        parameters: impl IntoIterator<Item = (String, Secret)>,
    ) -> Result<TokenResponse> {
        let body = Body::from(Members::from_parameters(parameters)?);
        match refused::refusal(&body, None, &str::to_owned) {
            Some(refusal) => Err(Error::from(refusal)),
            None => Tokens::of(self, body, None, &str::to_owned).read(),
        }
    }
}
