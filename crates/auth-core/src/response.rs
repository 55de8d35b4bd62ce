//! Reads the answer of a token endpoint: leniently, never loosely (RFC 6749 §5.1 and §5.2).

mod members;
mod reply;

use std::borrow::Cow;
use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Response};
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::token::{Expires, TokenResponse, TokenType};

use members::{Member, Members};

pub use reply::Reply;

/// How a server's answer differs from RFC 6749; the default is the RFC.
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
/// ```
#[derive(Clone, Debug)]
pub struct AnswerFormat {
    /// The member that holds the access token. Default: `access_token`.
    pub access_token: Cow<'static, str>,
    /// The member that holds the refresh token. Default: `refresh_token`.
    pub refresh_token: Cow<'static, str>,
    /// The member that tells when the access token expires. Default: `expires_in`.
    pub expires_in: Cow<'static, str>,
    /// What that member counts. Default: seconds from now.
    pub expiry: Expiry,
    /// What `token_type` must say. Default: bearer.
    pub token_type: TokenType,
    /// Whether an answer without `token_type` is refused. Default: true, as the RFC wants it.
    pub token_type_required: bool,
    /// The life of an access token whose answer does not tell it. Default: unknown.
    pub life: Option<Duration>,
    /// The life of a refresh token, where the vendor documents it. Default: unknown.
    pub refresh_token_life: Option<Duration>,
    /// Statuses that mean success besides every 2xx. Default: none.
    pub other_success: Cow<'static, [u16]>,
}

/// What the expiry member of an answer counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry {
    /// The seconds from now until the token expires, as RFC 6749 has it.
    #[default]
    Seconds,
    /// The second since 1970 at which the token expires; measured against the answer's `Date`, so
    /// that a wrong clock of this machine does not matter.
    EpochSeconds,
    /// The moment at which the token expires, as text (RFC 3339), such as `2026-01-01T01:00:00Z`;
    /// measured in the same way.
    Rfc3339,
}

impl Default for AnswerFormat {
    fn default() -> Self {
        Self {
            access_token: Cow::Borrowed("access_token"),
            refresh_token: Cow::Borrowed("refresh_token"),
            expires_in: Cow::Borrowed("expires_in"),
            expiry: Expiry::Seconds,
            token_type: TokenType::Bearer,
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
        let members = Members::from_json(answer.body());
        refused(answer, &members, without_echo, &self.other_success)?;
        self.token_response(members?, date(answer.headers()))
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
        let members = Members::from_parameters(parameters)?;
        match members.refusal(&str::to_owned) {
            Some(refusal) => Err(refusal.into()),
            None => self.token_response(members, None),
        }
    }

    fn token_response(
        &self,
        mut members: Members,
        date: Option<OffsetDateTime>,
    ) -> Result<TokenResponse> {
        let refresh_token = members
            .take_text(&self.refresh_token)
            .filter(|text| !text.is_empty());
        let mut read = || {
            self.check_token_type(members.take("token_type").as_ref())?;
            let mut response = TokenResponse::new(access_token(members.take(&self.access_token))?);
            response.expires = self.expires(members.take(&self.expires_in).as_ref(), date)?;
            response.token_type = self.token_type;
            response.scope = members.take("scope").and_then(Member::scope);
            response.extra = members.texts();
            Ok(response)
        };
        // The server may have spent the old refresh token for this answer: its successor is kept.
        let mut response = read().map_err(|e: Error| e.with_successor(refresh_token.clone()))?;
        response.refresh_token = refresh_token;
        response.refresh_token_life = self.refresh_token_life;
        Ok(response)
    }

    fn check_token_type(&self, member: Option<&Member>) -> Result<()> {
        let expected = self.token_type.name();
        match member {
            Some(Member::Text(kind)) if kind.expose().eq_ignore_ascii_case(expected) => Ok(()),
            None | Some(Member::Null) if !self.token_type_required => Ok(()),
            None | Some(Member::Null) => Err(Error::answer("it has no token_type")),
            Some(_) if self.token_type == TokenType::Bearer => {
                Err(Error::answer("its token_type is not bearer"))
            }
            Some(_) => Err(Error::answer(
                "its token_type is not DPoP: the server did not bind the token to the key",
            )),
        }
    }

    fn expires(&self, member: Option<&Member>, date: Option<OffsetDateTime>) -> Result<Expires> {
        let member = match member {
            None | Some(Member::Null) => {
                return Ok(self.life.map_or(Expires::Unknown, Expires::After));
            }
            Some(member) => member,
        };
        let number = || {
            let number = member.number();
            number.ok_or_else(|| Error::answer("its expiry is not a number"))
        };
        match self.expiry {
            Expiry::Seconds => Ok(Expires::After(life(number()?))),
            Expiry::EpochSeconds => until(epoch(number()?)?, date),
            Expiry::Rfc3339 => until(moment(member)?, date),
        }
    }
}

/// Whether an answer is a refusal or a failure, whatever it was to be besides.
fn refused(
    answer: &Response<Vec<u8>>,
    members: &Result<Members>,
    without_echo: &dyn Fn(&str) -> String,
    other_success: &[u16],
) -> Result<()> {
    let status = answer.status();
    let retry_after = retry_after(answer.headers(), date(answer.headers()));
    // Some servers send their errors with 200, so the member is asked before the status.
    let refusal = members
        .as_ref()
        .ok()
        .and_then(|it| it.refusal(without_echo));
    if let Some(mut refusal) = refusal {
        refusal.status = Some(status.as_u16());
        refusal.retry_after = retry_after;
        return Err(refusal.into());
    }
    if status.is_success() || other_success.contains(&status.as_u16()) {
        return Ok(());
    }
    Err(Error::Status {
        status: status.as_u16(),
        retry_after,
    })
}

/// The moment of the answer by the server's clock.
fn date(headers: &HeaderMap) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(headers.get(DATE)?.to_str().ok()?, &Rfc2822).ok()
}

/// `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), at most an hour.
fn retry_after(headers: &HeaderMap, date: Option<OffsetDateTime>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = OffsetDateTime::parse(value, &Rfc2822).ok()? - date?;
            Duration::try_from(until).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

fn access_token(member: Option<Member>) -> Result<Secret> {
    let Some(Member::Text(token)) = member else {
        return Err(Error::answer("it has no access token"));
    };
    match token.expose() {
        "" => Err(Error::answer("its access token is empty")),
        text if text.len() > LONGEST_TOKEN => {
            Err(Error::answer("its access token is too long for a header"))
        }
        text if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(Error::answer(
            "its access token has a character that no header may hold",
        )),
        _ => Ok(token),
    }
}

fn life(seconds: f64) -> Duration {
    if seconds <= 0.0 {
        return Duration::ZERO;
    }
    Duration::try_from_secs_f64(seconds.floor())
        .unwrap_or(LONGEST_LIFE)
        .min(LONGEST_LIFE)
}

fn epoch(seconds: f64) -> Result<OffsetDateTime> {
    if seconds < EARLIEST_EPOCH {
        return Err(Error::answer(
            "its expiry should be a second since 1970, and looks like a number of seconds from now",
        ));
    }
    if seconds > LATEST_EPOCH {
        return Err(Error::answer(
            "its expiry should be a second since 1970, and looks like milliseconds",
        ));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the bounds above are far inside i64"
    )]
    OffsetDateTime::from_unix_timestamp(seconds as i64)
        .map_err(|_| Error::answer("its expiry is not a date"))
}

fn moment(member: &Member) -> Result<OffsetDateTime> {
    let moment = match member {
        Member::Text(text) => OffsetDateTime::parse(text.expose(), &Rfc3339).ok(),
        _ => None,
    };
    moment.ok_or_else(|| {
        Error::answer("its expiry should be a date and time, such as 2026-01-01T01:00:00Z")
    })
}

fn until(at: OffsetDateTime, date: Option<OffsetDateTime>) -> Result<Expires> {
    match date {
        None => Ok(Expires::At(at)),
        Some(date) if at <= date => Err(Error::answer(
            "its expiry had passed when the server sent it",
        )),
        Some(date) => Ok(Expires::After(life((at - date).as_seconds_f64()))),
    }
}

/// No header of 64 KiB gets through; neither does a token of that size.
const LONGEST_TOKEN: usize = 64 * 1024;
const LONGEST_LIFE: Duration = Duration::from_secs(366 * 24 * 3600);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// September 2001.
const EARLIEST_EPOCH: f64 = 1e9;
/// The year 5138.
const LATEST_EPOCH: f64 = 1e11;
