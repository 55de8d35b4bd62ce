//! How long a token lives, in all the ways that servers write it.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::token::Lifetime;

use super::members::Member;

/// Unit of the expiry member, or another place of the expiry.
///
/// A moment is measured against the answer's `Date` if there is one, so that a wrong clock of this
/// machine does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpiryFormat {
    /// The seconds from now until the token expires (RFC 6749 §5.1). What is more than ten years and looks
    /// like a second or a millisecond since 1970 is an error that names the setting.
    #[default]
    Seconds,
    /// The milliseconds from now until the token expires, as in Matrix' `expires_in_ms`.
    Milliseconds,
    /// The second since 1970 at which the token expires.
    EpochSeconds,
    /// The millisecond since 1970 at which the token expires.
    EpochMilliseconds,
    /// The moment at which the token expires, as text with an offset (RFC 3339), such as
    /// `2026-01-01T01:00:00Z`. A space for the `T`, an offset without a colon and the form of
    /// [`HttpDate`](ExpiryFormat::HttpDate) are read as well.
    Rfc3339,
    /// The moment at which the token expires, as text in the form of HTTP's headers (RFC 1123, RFC
    /// 9110 §5.6.7), such as `Thu, 01 Jan 2026 01:00:00 GMT`. The form of
    /// [`Rfc3339`](ExpiryFormat::Rfc3339) is read as well.
    HttpDate,
    /// The claim `exp` of the access token, which is a JWT (RFC 7519 §4.1.4), without regard to the
    /// expiry member.
    ///
    /// The claim is read, and the token's signature is not verified: the API does that. Without a
    /// `Date` in the answer it is measured against the claim `iat`.
    JwtExp,
}

/// Expiry of a response before it is compared with a clock.
enum Told {
    Life(Duration),
    At(OffsetDateTime),
    Nothing,
}

impl ExpiryFormat {
    /// Reads the expiry of a token from its member. `documented` is its life if the response has no
    /// readable expiry.
    pub(super) fn read(
        self,
        member: Option<&Member>,
        access_token: &Secret,
        date: Option<OffsetDateTime>,
        documented: Option<Duration>,
    ) -> Result<Lifetime> {
        let told = match (self.told(member, access_token, date), documented) {
            (Ok(Told::Nothing) | Err(_), Some(life)) => Told::Life(life),
            // The `exp` of a JWT is used even if the member beside it is negative.
            (Ok(_), Some(life)) if self != Self::JwtExp && member.is_some_and(is_negative) => {
                Told::Life(life)
            }
            (told, _) => told?,
        };
        match (told, date) {
            (Told::Life(life), _) => Ok(Lifetime::For(life)),
            (Told::Nothing, _) => Ok(Lifetime::Unknown),
            (Told::At(at), None) => Ok(Lifetime::Until(at.into())),
            (Told::At(at), Some(date)) if at <= date => Err(Error::response(
                "its expiry had passed when the server sent it",
            )),
            (Told::At(at), Some(date)) => Ok(Lifetime::For(life((at - date).as_seconds_f64()))),
        }
    }

    fn told(
        self,
        member: Option<&Member>,
        access_token: &Secret,
        date: Option<OffsetDateTime>,
    ) -> Result<Told> {
        let member = match member {
            _ if self == Self::JwtExp => return jwt(access_token, date),
            None | Some(Member::Null) => return Ok(Told::Nothing),
            // RFC 6749 §3.2: a parameter without a value counts as left out.
            Some(Member::Text(text)) if text.is_empty() => return Ok(Told::Nothing),
            Some(member) => member,
        };
        let number = || {
            let number = member.number();
            number.ok_or_else(|| {
                Error::response(
                    "its expiry is not a number; set `ResponseFormat::expires` if it is a date, or \
                     `ResponseFormat::lifetime` if the vendor documents the lifetime",
                )
            })
        };
        match self {
            Self::Seconds => seconds(number()?).map(Told::Life),
            Self::Milliseconds => milliseconds(number()?).map(Told::Life),
            Self::EpochSeconds => epoch(number()?).map(Told::At),
            Self::EpochMilliseconds => epoch_milliseconds(number()?).map(Told::At),
            Self::Rfc3339 | Self::HttpDate => moment(member).map(Told::At),
            Self::JwtExp => Ok(Told::Nothing),
        }
    }
}

/// Lifetime of a refresh token, from a number of seconds; `None` if the number is unusable. Keycloak sends
/// 0 for a token that does not expire.
pub(super) fn refresh_token_life(seconds: f64) -> Option<Duration> {
    (1.0..=TEN_YEARS).contains(&seconds).then(|| life(seconds))
}

/// Returns `true` if a member is a negative number.
fn is_negative(member: &Member) -> bool {
    member.number().is_some_and(|number| number < 0.0)
}

fn seconds(number: f64) -> Result<Duration> {
    if (TEN_YEARS..LATEST_EPOCH).contains(&number) {
        return Err(Error::response(
            "its expiry is more than ten years from now, and looks like a second since 1970; set \
             `ResponseFormat::expires` to `ExpiryFormat::EpochSeconds`",
        ));
    }
    if (LATEST_EPOCH..LATEST_EPOCH * 1e3).contains(&number) {
        return Err(Error::response(
            "its expiry is more than ten years from now, and looks like milliseconds since 1970; set \
             `ResponseFormat::expires` to `ExpiryFormat::EpochMilliseconds`",
        ));
    }
    // What is larger is the largest number of some type, and means "no end".
    Ok(life(number))
}

fn milliseconds(number: f64) -> Result<Duration> {
    if (TEN_YEARS * 1e3..LATEST_EPOCH * 1e3).contains(&number) {
        return Err(Error::response(
            "its expiry is more than ten years from now, and looks like milliseconds since 1970; set \
             `ResponseFormat::expires` to `ExpiryFormat::EpochMilliseconds`",
        ));
    }
    Ok(life(number / 1e3))
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
        return Err(Error::response(
            "its expiry should be a second since 1970, and looks like a number of seconds from now; \
             set `ResponseFormat::expires` to `ExpiryFormat::Seconds`",
        ));
    }
    if seconds > LATEST_EPOCH {
        return Err(Error::response(
            "its expiry should be a second since 1970, and looks like milliseconds; set \
             `ResponseFormat::expires` to `ExpiryFormat::EpochMilliseconds`",
        ));
    }
    date_of(seconds)
}

fn epoch_milliseconds(milliseconds: f64) -> Result<OffsetDateTime> {
    if !(EARLIEST_EPOCH * 1e3..=LATEST_EPOCH * 1e3).contains(&milliseconds) {
        return Err(Error::response(
            "its expiry should be a millisecond since 1970, and looks like something else; set \
             `ResponseFormat::expires` to `ExpiryFormat::EpochSeconds`, `ExpiryFormat::Seconds` or \
             `ExpiryFormat::Milliseconds`",
        ));
    }
    date_of(milliseconds / 1e3)
}

fn date_of(seconds: f64) -> Result<OffsetDateTime> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the bounds above are far inside i64"
    )]
    OffsetDateTime::from_unix_timestamp(seconds as i64)
        .map_err(|_| Error::response("its expiry is not a date"))
}

fn moment(member: &Member) -> Result<OffsetDateTime> {
    let moment = match member {
        Member::Text(text) => date(text.expose().trim()),
        _ => None,
    };
    moment.ok_or_else(|| {
        Error::response(
            "its expiry should be a date and time with an offset, such as 2026-01-01T01:00:00Z; if it \
             is something else, set `ResponseFormat::expires`, or `ResponseFormat::lifetime` if the vendor \
             documents the life",
        )
    })
}

/// Parses a date of RFC 3339 or RFC 1123. A date without an offset is refused: it may be of any time zone.
fn date(text: &str) -> Option<OffsetDateTime> {
    if let Ok(date) = OffsetDateTime::parse(text, &Rfc2822) {
        return Some(date);
    }
    let mut text = text.to_owned();
    if text.get(10..11) == Some(" ") {
        text.replace_range(10..11, "T");
    }
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_digit());
    if digits.ends_with(['+', '-']) && text.len() - digits.len() == 4 && digits.contains('T') {
        text.insert(text.len() - 2, ':');
    }
    OffsetDateTime::parse(&text.replace(' ', ""), &Rfc3339).ok()
}

/// When a JWT expires, by itself.
fn jwt(token: &Secret, date: Option<OffsetDateTime>) -> Result<Told> {
    let not_a_jwt = || {
        Error::response(
            "its access token is not a JWT that can be read; set `ResponseFormat::expires` to another \
             `ExpiryFormat` than `JwtExp`, or `ResponseFormat::lifetime`",
        )
    };
    let mut parts = token.expose().split('.');
    let payload = parts.nth(1).filter(|_| parts.next().is_some());
    let payload = payload.and_then(|payload| {
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload.trim_end_matches('='));
        payload.ok().map(Zeroizing::new)
    });
    let claims: Member = payload
        .and_then(|payload| serde_json::from_slice(&payload).ok())
        .ok_or_else(not_a_jwt)?;
    let claim = |name| claims.get(name).and_then(Member::number);
    match (claim("exp"), date, claim("iat")) {
        (None, ..) => Ok(Told::Nothing),
        (Some(exp), None, Some(iat)) if iat >= EARLIEST_EPOCH && exp > iat => {
            epoch(exp).map(|_| Told::Life(life(exp - iat)))
        }
        (Some(exp), ..) => epoch(exp).map(Told::At),
    }
}

const LONGEST_LIFE: Duration = Duration::from_secs(366 * 24 * 3600);
const TEN_YEARS: f64 = 10.0 * 366.0 * 24.0 * 3600.0;
/// September 2001.
const EARLIEST_EPOCH: f64 = 1e9;
/// The year 5138.
const LATEST_EPOCH: f64 = 1e11;
