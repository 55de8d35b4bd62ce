//! Sends what a grant builds.

use auth_core::grant::{RevokedToken, TokenResponse};
use auth_core::testing::ManualClock;
use auth_core::transport::Transport;
use auth_core::{Error, Grant, Result, Secret, Session, Token};

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
        let Some(request) = self.revocation_request(token)? else {
            return Ok(());
        };
        match request.fetch(http) {
            // The body of a success has no meaning (RFC 7009 §2.2).
            Err(Error::Response(_)) => Ok(()),
            outcome => outcome.map(drop),
        }
    }
}

/// The token of a session that has just begun, by this clock and with one try.
pub(crate) fn obtained_by(
    clock: &ManualClock,
    grant: impl Grant + 'static,
    http: impl Transport + 'static,
) -> Result<Token> {
    let session = Session::builder(grant).transport(http).clock(clock.clone());
    session.retries(0).build()?.token()
}
