//! An answer that is no token: metadata, a device code, what is known of a token.

use http::Response;

use crate::error::{Error, Result};
use crate::secret::Secret;

use super::body::Body;
use super::members::Member;
use super::refused;

/// A JSON object that an endpoint answered, for endpoints that do not answer a token.
///
/// A member is found by its name or by a path, `data.name`; a member whose own name holds a dot is
/// found before a path. Every text in it is a [`Secret`], so its `Debug` shows none.
/// A member that stands twice reads as one that is missing.
///
/// ```
/// use auth_core::Error;
/// use auth_core::grant::TokenRequest;
/// use auth_core::testing::CannedTransport;
///
/// // The vendor finds the tenant of a user before the user logs in.
/// let http = CannedTransport::new().json(200, r#"{"tenant": {"id": "t-17"}, "logins": ["password", "sso"]}"#);
/// let response = TokenRequest::query("https://login.example.com/tenant")
///     .param("email", "ada@example.com")
///     .fetch(&http)?;
/// let tenant = response.text("tenant.id").ok_or_else(|| Error::response("it has no `tenant.id`"))?;
/// assert_eq!(tenant.expose(), "t-17");
/// assert_eq!(response.texts("logins"), Some(vec!["password", "sso"]));
/// # Ok::<(), auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct JsonResponse(Member);

impl JsonResponse {
    /// Reads a response; an `error` in it, or a status that is not a success, is an error here.
    pub(crate) fn read(
        answer: &Response<Vec<u8>>,
        without_echo: &dyn Fn(&str) -> String,
    ) -> Result<Self> {
        let body = Body::of_any(answer);
        refused(answer, &body, None, without_echo)?;
        match body.instead {
            Some(instead) => Err(Error::response(instead)),
            None => Ok(Self(body.root)),
        }
    }

    /// Checks an answer of which only the success counts.
    pub(crate) fn check(
        answer: &Response<Vec<u8>>,
        without_echo: &dyn Fn(&str) -> String,
    ) -> Result<()> {
        refused(answer, &Body::of(answer), None, without_echo)
    }

    /// A text; none if it is missing, empty or something else.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&Secret> {
        text(self.0.get(name)?)
    }

    /// A number, also one in quotes.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.number()
    }

    /// Returns a member that is `true` or `false`.
    #[must_use]
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Member::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The texts of a list, or one text; none if it is missing or something else.
    #[must_use]
    pub fn texts(&self, name: &str) -> Option<Vec<&str>> {
        match self.0.get(name)? {
            Member::Text(text) => Some(vec![text.expose()]),
            Member::List(list) => list
                .iter()
                .map(|member| match member {
                    Member::Text(text) => Some(text.expose()),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }
}

fn text(member: &Member) -> Option<&Secret> {
    match member {
        Member::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}
