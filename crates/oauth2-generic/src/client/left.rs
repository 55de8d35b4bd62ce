//! What a grant leaves to its client: all that does not depend on who logs in.

/// The methods of [`Grant`](auth_core::Grant) that are the client's: the arguments are the field that
/// holds it, and the constructor of [`Policy`](auth_core::grant::Policy) that tells who logs in.
macro_rules! left_to_client {
    ($($client:ident).+, $who_logs_in:ident) => {
        fn policy(&self) -> auth_core::grant::Policy {
            self.$($client).+.policy(auth_core::grant::Policy::$who_logs_in())
        }

        fn refresh_request(
            &self,
            refresh_token: &auth_core::Secret,
        ) -> auth_core::Result<auth_core::grant::TokenRequest> {
            self.$($client).+.refresh_request(refresh_token)
        }

        fn revocation_request(
            &self,
            token: auth_core::grant::RevokedToken<'_>,
        ) -> auth_core::Result<Option<auth_core::grant::TokenRequest>> {
            self.$($client).+.revocation_request(token)
        }
    };
}

pub(crate) use left_to_client;
