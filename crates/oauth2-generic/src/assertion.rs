//! Assertions (RFC 7523 §3): what they say, and what time it is where they are read.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use auth_core::http::HeaderMap;
use auth_core::{Clock, Error, Result, Secret, SystemClock, TokenRequest};
use serde_json::{Map, Value};

use crate::client::Client;
use crate::signing::new_id;
use crate::signing_key::SigningKey;

/// How assertions are made, whomever they are about.
#[derive(Clone, Debug)]
pub(crate) struct Assertions {
    pub(crate) key: SigningKey,
    pub(crate) audience: String,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long ago each of them was issued; none: it does not say.
    pub(crate) issued_ago: Option<Duration>,
    pub(crate) expires_in: Duration,
}

impl Assertions {
    pub(crate) fn new(key: SigningKey) -> Self {
        Self {
            key,
            audience: String::new(),
            clock: Arc::new(SystemClock::new()),
            issued_ago: Some(TOLERANCE),
            expires_in: TOLERANCE,
        }
    }

    /// Everything that another assertion would differ in but its time and number.
    pub(crate) fn print(&self) -> String {
        format!(
            "{} {} {:?} {:?}",
            self.key.print(),
            self.audience,
            self.issued_ago,
            self.expires_in
        )
    }

    /// Whom the assertions of this client are for.
    fn audience<'a>(&'a self, client: &'a Client) -> &'a str {
        let named = [&self.audience, &client.issuer, &client.token_endpoint];
        let named = named.into_iter().find(|text| !text.is_empty());
        named.map_or("", String::as_str)
    }

    /// The request with an assertion of these claims in a parameter: a new one for each sending, dated by the
    /// server's clock once it has refused one for its time.
    pub(crate) fn add(
        &self,
        name: &'static str,
        claims: Map<String, Value>,
        client: &Client,
        request: TokenRequest,
    ) -> TokenRequest {
        let claimed = Value::from(claims.clone());
        let stands_for = format!("{} {} {claimed}", self.print(), self.audience(client));
        request
            .fresh(name, stands_for, self.maker(client, claims))
            .on_failure(self.corrector(client))
    }

    /// Fails for a setting that came with the line break of its file.
    fn check(&self, audience: &str) -> Result<()> {
        let settings = [("audience", audience), ("key_id", self.key.id())];
        let is_broken = |text: &str| text.contains(char::is_control);
        match settings.into_iter().find(|(_, text)| is_broken(text)) {
            None => Ok(()),
            Some((setting, _)) => Err(Error::configuration(format!(
                "`{setting}` of an assertion has a line break or another control character in it; remove it"
            ))),
        }
    }

    fn maker(
        &self,
        client: &Client,
        claims: Map<String, Value>,
    ) -> impl Fn() -> Result<Secret> + Send + Sync + 'static {
        let this = self.clone();
        let (audience, server) = (self.audience(client).to_owned(), place(client));
        move || {
            this.check(&audience)?;
            let clock = this.key.clocks().get(&server).copied();
            let now = clock.unwrap_or_default().now(this.clock.seconds());
            let mut claims = claims.clone();
            claims.insert("aud".into(), audience.as_str().into());
            claims.insert("jti".into(), new_id()?.into());
            if let Some(ago) = this.issued_ago {
                claims.insert("iat".into(), now.saturating_sub(ago.as_secs()).into());
            }
            let expires = now.saturating_add(this.expires_in.as_secs());
            claims.insert("exp".into(), expires.into());
            this.key.sign(&Value::Object(claims).to_string())
        }
    }

    /// Looks at a failure: takes over the server's time where ours is another, and says so.
    fn corrector(
        &self,
        client: &Client,
    ) -> impl Fn(&Error, &HeaderMap) -> Option<Cow<'static, str>> + Send + Sync + 'static {
        let (key, clock, server) = (self.key.clone(), Arc::clone(&self.clock), place(client));
        move |error, headers| {
            if !may_be_of_the_clock(error) {
                return None;
            }
            let mut clocks = key.clocks();
            let server = clocks.entry(server.clone()).or_default();
            let before = server.ahead();
            let ahead = server.corrected(headers, clock.seconds(), SLOW.as_secs())?;
            what_is_off(before, ahead)
        }
    }
}

/// The settings of assertions, for a type that holds them in `assertions`.
macro_rules! assertion_settings {
    () => {
        /// Sets whom the assertions are for (`aud`). Default: the client's `issuer` where that is set, otherwise
        /// its `token_endpoint`.
        ///
        /// Servers differ. The issuer is safer: an assertion for it cannot be coaxed out of this client by
        /// another server that claims the same endpoint.
        #[must_use]
        pub fn audience(mut self, audience: impl Into<String>) -> Self {
            self.assertions.audience = audience.into();
            self
        }

        /// Sets how long ago an assertion says that it was issued (`iat`), in whole seconds. Default: 30 s, because
        /// some servers refuse one that is a second early by their clock.
        #[must_use]
        pub fn issued_ago(mut self, age: std::time::Duration) -> Self {
            self.assertions.issued_ago = Some(age);
            self
        }

        /// Leaves out when an assertion was issued (`iat`), which RFC 7523 §3 permits. Default: it says so.
        #[must_use]
        pub fn without_iat(mut self) -> Self {
            self.assertions.issued_ago = None;
            self
        }

        /// Sets how long from now an assertion may be used (`exp`), in whole seconds. Default: 30 s, so that it
        /// lives for a minute in all; some servers refuse a longer life.
        #[must_use]
        pub fn expires_in(mut self, time: std::time::Duration) -> Self {
            self.assertions.expires_in = time;
            self
        }

        /// Sets the clock that dates assertions. Default: [`SystemClock`](auth_core::SystemClock).
        ///
        /// One that is off is put right by the server's `Date` when an assertion is refused, for the next one.
        #[must_use]
        pub fn clock(mut self, clock: impl auth_core::Clock + 'static) -> Self {
            self.assertions.clock = std::sync::Arc::new(clock);
            self
        }
    };
}

pub(crate) use assertion_settings;

/// Whether a server that reads the time of an assertion may answer so.
fn may_be_of_the_clock(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => refusal.status.is_none_or(|status| status < 429),
        Error::Status { status, .. } => matches!(status, 400 | 401 | 403),
        _ => false,
    }
}

fn what_is_off(before: i64, ahead: i64) -> Option<Cow<'static, str>> {
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
            "this machine's clock was set since the last answer; the next assertion is dated by it".into(),
        ),
        (false, false) => None,
    }
}

/// Where an assertion is read.
fn place(client: &Client) -> String {
    client.token_endpoint.clone()
}

/// What clocks may be off in either direction: an assertion is issued so long ago and lives so much longer, which
/// makes a minute, the least that servers allow.
const TOLERANCE: Duration = Duration::from_secs(30);
/// What an answer may take on its way.
const SLOW: Duration = Duration::from_secs(1);
/// What a person should know of.
const OFF: Duration = Duration::from_secs(5);
