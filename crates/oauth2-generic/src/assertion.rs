//! Assertions (RFC 7523 §3): their claims, and the time where they are read.

use std::borrow::Cow;
use std::time::Duration;

use auth_core::clock::UnixTime;
use auth_core::grant::TokenRequest;
use auth_core::http::HeaderMap;
use auth_core::{Error, Result, Secret};
use serde_json::{Map, Value};

use crate::client::Client;
use crate::metadata::Endpoint;
use crate::signing::new_id;
use crate::signing_key::SigningKey;

/// Settings of assertions, whatever they claim.
pub(crate) struct Assertions<'a> {
    pub(crate) key: &'a SigningKey,
    /// The audience that the caller has set.
    pub(crate) audience: Option<&'a str>,
}

impl Assertions<'_> {
    /// The request with an assertion of these claims in a parameter: a new one for each sending, dated by the
    /// server's clock once it has refused one for its time.
    pub(crate) fn add(
        &self,
        name: &'static str,
        claims: Map<String, Value>,
        client: &Client,
        request: TokenRequest,
    ) -> Result<TokenRequest> {
        let audience = self.audience(client)?;
        self.key.check()?;
        // All that another assertion would differ in but its time and number.
        let print = format!(
            "{} {audience} {}",
            self.key.print(),
            Value::from(claims.clone())
        );
        let server = client.endpoint(Endpoint::Token).unwrap_or_default();
        Ok(request
            .fresh(name, maker(self.key, server, audience, claims))
            .credential(Secret::new(print))
            .on_failure(corrector(self.key, server)))
    }

    /// The audience of this client's assertions.
    fn audience(&self, client: &Client) -> Result<String> {
        let endpoint = || client.endpoint(Endpoint::Token);
        let audience = self.audience.or(client.server().name()).or_else(endpoint);
        let audience = audience.unwrap_or_default();
        if audience.is_empty() || audience.contains(char::is_control) {
            return Err(Error::configuration(
                "`audience` of an assertion is empty, or has a line break or another control character in it",
            ));
        }
        Ok(audience.to_owned())
    }
}

/// Makes the assertions for one server.
fn maker(
    key: &SigningKey,
    server: &str,
    audience: String,
    claims: Map<String, Value>,
) -> impl Fn(UnixTime) -> Result<Secret> + Send + Sync + 'static {
    let (key, server) = (key.clone(), server.to_owned());
    move |now| {
        let now = key.clocks().entry(server.clone()).or_default().now(now);
        let mut claims = claims.clone();
        claims.insert("aud".into(), audience.as_str().into());
        claims.insert("jti".into(), new_id()?.into());
        let dates = key.dates();
        if let Some(age) = dates.age {
            claims.insert("iat".into(), now.saturating_sub(age.as_secs()).into());
        }
        let expires = now.saturating_add(dates.lifetime.as_secs());
        claims.insert("exp".into(), expires.into());
        key.sign(&Value::Object(claims).to_string())
    }
}

/// Corrects the clock by a failed response: adopts the server's time if this machine's differs, and returns a message.
fn corrector(
    key: &SigningKey,
    server: &str,
) -> impl Fn(&Error, &HeaderMap) -> Option<Cow<'static, str>> + Send + Sync + 'static {
    let (key, server) = (key.clone(), server.to_owned());
    move |error, headers| {
        if !may_be_of_the_clock(error) {
            return None;
        }
        let mut clocks = key.clocks();
        let clock = clocks.entry(server.clone()).or_default();
        let before = clock.ahead();
        let ahead = clock.corrected(headers, SLOW.as_secs())?;
        hint(before, ahead)
    }
}

/// Returns `true` if a server that reads the time of an assertion may return this error.
fn may_be_of_the_clock(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => refusal.status.is_none_or(|status| status < 429),
        Error::Status { status, .. } => matches!(status, 400 | 401 | 403),
        _ => false,
    }
}

fn hint(before: i64, ahead: i64) -> Option<Cow<'static, str>> {
    let is_off = |ahead: i64| ahead.unsigned_abs() > OFF.as_secs();
    let side = if ahead < 0 { "ahead of" } else { "behind" };
    match (is_off(before), is_off(ahead)) {
        (_, true) => Some(
            format!(
                "this machine's clock is {} s {side} the server's; set it right, the next assertion is dated by the \
                 server's",
                ahead.unsigned_abs()
            )
            .into(),
        ),
        (true, false) => Some(
            "this machine's clock was set since the last response; the next assertion is dated by it".into(),
        ),
        (false, false) => None,
    }
}

/// The time that a response may take on its way.
const SLOW: Duration = Duration::from_secs(1);
/// The difference that a person should know of.
const OFF: Duration = Duration::from_secs(5);
