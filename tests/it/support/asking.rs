//! Sends a grant's requests.

use auth_core::grant::TokenResponse;
use auth_core::transport::Transport;
use auth_core::{Grant, Result, Secret};

/// A grant whose requests are sent one by one, without a session.
pub(crate) trait Asking {
    fn obtain(&self, http: &dyn Transport) -> Result<TokenResponse>;
    fn refresh(&self, refresh_token: &Secret, http: &dyn Transport) -> Result<TokenResponse>;
}

impl<G: Grant + ?Sized> Asking for G {
    fn obtain(&self, http: &dyn Transport) -> Result<TokenResponse> {
        self.login_request()?.send(http)
    }

    fn refresh(&self, refresh_token: &Secret, http: &dyn Transport) -> Result<TokenResponse> {
        self.refresh_request(refresh_token)?.send(http)
    }
}
