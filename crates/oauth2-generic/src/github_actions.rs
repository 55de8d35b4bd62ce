//! The identity of a job of GitHub Actions, as an assertion.

use std::env;

use auth_core::http::header::AUTHORIZATION;
use auth_core::http::{HeaderValue, Request};
use auth_core::secret::{SecretSource, from_fn};
use auth_core::transport::{HttpTransport, Transport};
use auth_core::{Error, Result, Secret};

use crate::json;

/// The token by which a job of GitHub Actions shows who it is, requested each time it is needed: for
/// [`ClientAuth::assertion`](crate::ClientAuth::assertion) or [`SecurityToken::jwt`](crate::SecurityToken::jwt).
///
/// `audience` is the one that the server expects, such as `api://AzureADTokenExchange`. The job needs the permission
/// `id-token: write`; GitHub then sets `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN`. A token
/// lives for minutes, so it is not kept.
///
/// ```
/// use oauth2_generic::{Client, ClientAuth, Server, github_actions};
///
/// let server = Server::new("https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token");
/// let client = Client::new(server, "11112222-3333-4444-5555-666677778888")
///     .auth(ClientAuth::assertion(github_actions("api://AzureADTokenExchange")))
///     .scope("https://graph.microsoft.com/.default");
/// # let _ = client;
/// ```
#[must_use]
pub fn github_actions(audience: impl Into<String>) -> SecretSource {
    let audience = audience.into();
    from_fn(move || {
        let variable = |name: &str| {
            env::var(name).map_err(|_| {
                Error::configuration(format!(
                    "environment variable `{name}` is not set: this is not a job of GitHub Actions with the permission \
                     `id-token: write`"
                ))
            })
        };
        let url = variable("ACTIONS_ID_TOKEN_REQUEST_URL")?;
        let token = Secret::new(variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN")?);
        requested(&url, &token, &audience, &HttpTransport::new())
    })
}

fn requested(url: &str, token: &Secret, audience: &str, http: &dyn Transport) -> Result<Secret> {
    let unusable =
        || Error::configuration("`ACTIONS_ID_TOKEN_REQUEST_URL` or its token is unusable");
    let separator = if url.contains('?') { '&' } else { '?' };
    let audience =
        percent_encoding::utf8_percent_encode(audience, percent_encoding::NON_ALPHANUMERIC);
    let value = Secret::new(format!("Bearer {}", token.expose()));
    let mut value = HeaderValue::from_str(value.expose()).map_err(|_| unusable())?;
    value.set_sensitive(true);
    let request = Request::get(format!("{url}{separator}audience={audience}"))
        .header(AUTHORIZATION, value)
        .body(Vec::new())
        .map_err(|_| unusable())?;
    let response = http.send(request)?;
    let status = response.status();
    // It has the token, so it is wiped.
    let text = Secret::new(String::from_utf8(response.into_body()).unwrap_or_default());
    let token = json::object(text.expose())
        .ok()
        .filter(|_| status.is_success());
    token
        .and_then(|answer| answer.text("value").cloned())
        .ok_or_else(|| {
            Error::configuration(format!(
                "GitHub Actions issued no token for this job: status {}",
                status.as_u16()
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth_core::testing::CannedTransport;

    #[test]
    fn the_token_of_a_job_is_requested_for_an_audience() {
        let http = CannedTransport::new().json(200, r#"{"count":1,"value":"eyJ"}"#);
        let url = "https://run.actions.example/token?api-version=2.0";
        let token = requested(url, &Secret::new("t"), "api://X y", &http);
        assert_eq!(token.unwrap().expose(), "eyJ");
        let request = &http.requests()[0];
        assert_eq!(
            request.uri().query(),
            Some("api-version=2.0&audience=api%3A%2F%2FX%20y")
        );
        assert_eq!(request.headers()["authorization"], "Bearer t");
        assert!(request.headers()["authorization"].is_sensitive());
    }

    #[test]
    fn a_refusal_is_not_quoted() {
        let http = CannedTransport::new().json(403, r#"{"value":"c4nary"}"#);
        let error = requested("https://a.example/", &Secret::new("c4nary"), "a", &http);
        let shown = format!("{error:?}");
        assert!(
            shown.contains("status 403") && !shown.contains("c4nary"),
            "{shown}"
        );
    }
}
