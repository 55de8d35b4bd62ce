//! The end of a login at the server (RFC 7009).

use auth_core::{Result, Revoked, Transport};

use crate::client::{Client, url_of};
use crate::metadata::At;

impl Client {
    /// Tells the server that a login is over; where it has no endpoint for that, nothing is sent.
    pub(crate) fn revoke(&self, token: Revoked<'_>, http: &dyn Transport) -> Result<()> {
        if self.revocation_endpoint.is_empty() {
            return Ok(());
        }
        let endpoint = url_of("revocation_endpoint", &self.revocation_endpoint)?;
        let (hint, token) = match token {
            Revoked::RefreshToken(token) => ("refresh_token", token),
            Revoked::AccessToken(token) => ("access_token", token),
        };
        let request = self.to(endpoint).param("token", token);
        let request = request.param("token_type_hint", hint);
        self.authenticated_at(At::Revocation, request)?.tell(http)
    }
}
