//! The end of a login at the server (RFC 7009).

use auth_core::Result;
use auth_core::grant::{RevokedToken, TokenRequest};

use crate::client::{Client, url_of};
use crate::metadata::At;

impl Client {
    /// The request that tells the server that a login is over; none where it has no endpoint for that.
    pub(crate) fn revocation_request(
        &self,
        token: RevokedToken<'_>,
    ) -> Result<Option<TokenRequest>> {
        if self.revocation_endpoint.is_empty() {
            return Ok(None);
        }
        let endpoint = url_of("revocation_endpoint", &self.revocation_endpoint)?;
        let (hint, token) = match token {
            RevokedToken::Refresh(token) => ("refresh_token", token),
            RevokedToken::Access(token) => ("access_token", token),
            _ => return Ok(None),
        };
        let request = self.to(endpoint).param("token", token);
        let request = request.param("token_type_hint", hint);
        self.authenticated_at(At::Revocation, request).map(Some)
    }
}
