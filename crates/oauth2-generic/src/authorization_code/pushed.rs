//! A login that the server is told of before the user is sent to it.

use std::time::Duration;

use auth_core::transport::Transport;
use auth_core::{Error, Result, Secret};

use super::{AuthorizationCode, PendingCode};
use crate::authorize;
use crate::client::url_of;

impl AuthorizationCode {
    /// Begins a login by telling the server first what it is about (RFC 9126).
    ///
    /// The URL then holds nothing but a reference: nobody who sees it learns what is asked for, nobody
    /// on the way can change it, and a client that may not ask is refused before a user is bothered. Go
    /// on as after [`begin`](AuthorizationCode::begin).
    ///
    /// # Errors
    /// [`Error::Configuration`] if the fields make no request, or there is no
    /// `pushed_authorization_request_endpoint`; otherwise what the server said.
    pub fn begin_pushed(&self, http: &dyn Transport) -> Result<PendingCode> {
        let client = &self.client;
        let endpoint = url_of(
            "pushed_authorization_request_endpoint",
            &client.pushed_authorization_request_endpoint,
        )?;
        let mut pending = self.resume(authorize::new_state(), authorize::new_code_verifier())?;
        client.check_repetition()?;
        let mut request = client.authenticated(client.to(endpoint))?;
        let names_client = client.client_auth.parameters(client).contains(&"client_id");
        for (name, value) in authorize::question(client, &pending.url) {
            // RFC 9126 §2: the client is named, even if a header has shown already who it is.
            if name != "client_id" || !names_client {
                request = request.optional(name, value);
            }
        }
        let reply = request.ask(http)?;
        let request_uri = reply.text("request_uri").map(Secret::expose);
        let request_uri = request_uri.ok_or_else(|| Error::response("it has no `request_uri`"))?;
        pending.url = authorize::pushed_url(client, request_uri)?;
        pending.expires_in = reply
            .number("expires_in")
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(pending)
    }
}

impl PendingCode {
    /// How long the URL is good for, if it was [pushed](AuthorizationCode::begin_pushed) and the server
    /// says so.
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }
}
