//! What a server knows of a token (RFC 7662).

use auth_core::time::OffsetDateTime;
use auth_core::transport::Transport;
use auth_core::{Error, Result, Secret};

use crate::client::{Client, url_of};
use crate::metadata::At;

/// What a server knows of a token.
///
/// Of a token that is not active a server tells nothing else, and neither should you.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Introspection {
    /// Whether the token works: the server issued it, and it is neither expired nor revoked.
    pub active: bool,
    /// What it is good for.
    pub scope: Option<String>,
    /// The client that it was issued to.
    pub client_id: Option<String>,
    /// The resource owner, as people know them.
    pub username: Option<String>,
    /// The resource owner, as the server knows them.
    pub sub: Option<String>,
    /// The APIs that it is for.
    pub aud: Vec<String>,
    /// Who issued it.
    pub iss: Option<String>,
    /// How it is shown to an API: `Bearer` or `DPoP`.
    pub token_type: Option<String>,
    /// Its number, by which the server tells tokens apart.
    pub jti: Option<String>,
    /// When it expires, by the server's clock.
    pub exp: Option<OffsetDateTime>,
    /// When it was issued, by the server's clock.
    pub iat: Option<OffsetDateTime>,
    /// From when on it works, by the server's clock.
    pub nbf: Option<OffsetDateTime>,
}

impl Client {
    /// Asks the server what it knows of a token: for an API that is shown one.
    ///
    /// ```no_run
    /// use oauth2_generic::Client;
    /// use oauth2_generic::auth_core::transport::HttpTransport;
    ///
    /// # let shown = "";
    /// let api = Client {
    ///     introspection_endpoint: "https://login.example.com/introspect".into(),
    ///     client_id: "orders-api".into(),
    ///     client_secret: "s3cret".into(),
    ///     ..Client::default()
    /// };
    /// let known = api.introspect(shown, &HttpTransport::new())?;
    /// if known.active { /* … and `known.scope` is enough */ }
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`] if there is no `introspection_endpoint`; [`Error::Response`] if the answer
    /// does not say whether the token is active; otherwise what the server said.
    pub fn introspect(
        &self,
        token: impl Into<Secret>,
        http: &dyn Transport,
    ) -> Result<Introspection> {
        let endpoint = url_of("introspection_endpoint", &self.introspection_endpoint)?;
        let request = self.to(endpoint).param("token", token);
        let reply = self
            .authenticated_at(At::Introspection, request)?
            .ask(http)?;
        let Some(active) = reply.truth("active") else {
            return Err(Error::response(
                "it does not say whether the token is active",
            ));
        };
        let text = |name| reply.text(name).map(|text| text.expose().to_owned());
        let texts = |name| {
            let texts = reply.texts(name).unwrap_or_default();
            texts.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let date = |name| reply.number(name).and_then(date);
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
            exp: date("exp"),
            iat: date("iat"),
            nbf: date("nbf"),
        })
    }
}

fn date(seconds: f64) -> Option<OffsetDateTime> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float that is too large becomes the largest integer, which is no date"
    )]
    OffsetDateTime::from_unix_timestamp(seconds as i64).ok()
}
