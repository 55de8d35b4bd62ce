//! Description of a token by its server (RFC 7662).

use std::time::{Duration, SystemTime};

use auth_core::transport::Transport;
use auth_core::{Error, Result, Secret};

use crate::client::{At, Client};
use crate::metadata::Endpoint;

/// Description of a token by its server; see [`Client::introspect`].
///
/// For a token that is not active, `active` is the only member.
///
/// ```
/// use oauth2_generic::testing::CannedTransport;
/// use oauth2_generic::{Client, Introspection, Secret, Server};
///
/// /// Returns `true` if a request with this token may change orders. A token for another API may not.
/// fn may_change_orders(token: &Introspection) -> bool {
///     let mut scope = token.scope.as_deref().unwrap_or_default().split(' ');
///     token.active && token.aud.iter().any(|api| api == "orders-api") && scope.any(|word| word == "orders.write")
/// }
///
/// let server = Server::new("https://login.example.com/token")
///     .introspection_endpoint("https://login.example.com/introspect");
/// let api = Client::new(server, "orders-api").secret(Secret::new("s3cret"));
/// let http = CannedTransport::new()
///     .json(200, r#"{"active": true, "aud": "orders-api", "scope": "orders.read orders.write", "sub": "jsmith"}"#)
///     .json(200, r#"{"active": false}"#);
/// assert!(may_change_orders(&api.introspect(&Secret::new("abc"), &http)?));
/// assert!(!may_change_orders(&api.introspect(&Secret::new("revoked"), &http)?));
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Introspection {
    /// `true` if the token works: the server issued it, and it is neither expired nor revoked.
    pub active: bool,
    /// The scope, separated by spaces.
    pub scope: Option<String>,
    /// The client that it was issued to.
    pub client_id: Option<String>,
    /// The user's name, for people.
    pub username: Option<String>,
    /// The user's id at the server.
    pub sub: Option<String>,
    /// The APIs that it is for.
    pub aud: Vec<String>,
    /// The server that issued it.
    pub iss: Option<String>,
    /// `Bearer` or `DPoP`.
    pub token_type: Option<String>,
    /// The token's id at the server.
    pub jti: Option<String>,
    /// Its expiry (`exp`), by the server's clock.
    pub expires_at: Option<SystemTime>,
    /// The time of its issue (`iat`), by the server's clock.
    pub issued_at: Option<SystemTime>,
    /// The time from which it works (`nbf`), by the server's clock.
    pub not_before: Option<SystemTime>,
}

impl Client {
    /// Asks the server to describe a token, for an API that received one (RFC 7662).
    ///
    /// ```no_run
    /// use oauth2_generic::transport::HttpTransport;
    /// use oauth2_generic::{Client, Server, secret};
    ///
    /// # let received = oauth2_generic::Secret::new("the token of a request");
    /// let server = Server::discover("https://login.example.com")?;
    /// let api = Client::new(server, "orders-api").secret(secret::env("CLIENT_SECRET"));
    /// let token = api.introspect(&received, &HttpTransport::new())?;
    /// if token.active { /* … and `token.scope` is enough */ }
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`] if the server has no introspection endpoint; [`Error::Response`] if the response has
    /// no boolean `active`; otherwise the error of the request.
    pub fn introspect(&self, token: &Secret, http: &dyn Transport) -> Result<Introspection> {
        let endpoint = self.url(Endpoint::Introspection)?;
        let request = self.to(endpoint).secret("token", token);
        let response = self
            .authenticated_at(At::Introspection, request)?
            .fetch(http)?;
        let Some(active) = response.boolean("active") else {
            return Err(Error::response(
                "its `active` is missing or not a boolean; check `Server::introspection_endpoint`",
            ));
        };
        let text = |name| response.text(name).map(|text| text.expose().to_owned());
        let texts = |name| {
            let texts = response.texts(name).unwrap_or_default();
            texts.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let date = |name| response.number(name).and_then(date);
        let scope = texts("scope").join(" ");
        Ok(Introspection {
            active,
            scope: Some(scope).filter(|scope| !scope.is_empty()),
            client_id: text("client_id"),
            username: text("username"),
            sub: text("sub"),
            aud: texts("aud"),
            iss: text("iss"),
            token_type: text("token_type"),
            jti: text("jti"),
            expires_at: date("exp"),
            issued_at: date("iat"),
            not_before: date("nbf"),
        })
    }
}

/// A time in seconds since 1970, if it is one.
fn date(seconds: f64) -> Option<SystemTime> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(since)
}
