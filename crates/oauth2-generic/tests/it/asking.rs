//! Sends what a grant builds.

use auth_core::grant::{RevokedToken, TokenResponse};
use auth_core::transport::Transport;
use auth_core::{Grant, Result, Secret};

/// A grant whose requests are sent one by one, without a session.
pub(crate) trait Asking {
    fn obtain(&self, http: &dyn Transport) -> Result<TokenResponse>;
    fn refresh(&self, refresh_token: &Secret, http: &dyn Transport) -> Result<TokenResponse>;
    fn revoke(&self, token: RevokedToken<'_>, http: &dyn Transport) -> Result<()>;
}

impl<G: Grant + ?Sized> Asking for G {
    fn obtain(&self, http: &dyn Transport) -> Result<TokenResponse> {
        self.login_request()?.send(http)
    }

    fn refresh(&self, refresh_token: &Secret, http: &dyn Transport) -> Result<TokenResponse> {
        self.refresh_request(refresh_token)?.send(http)
    }

    fn revoke(&self, token: RevokedToken<'_>, http: &dyn Transport) -> Result<()> {
        match self.revocation_request(token)? {
            Some(request) => request.tell(http),
            None => Ok(()),
        }
    }
}
