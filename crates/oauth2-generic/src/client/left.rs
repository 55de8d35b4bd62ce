//! What a grant leaves to its client: all that does not depend on who logs in.

/// The methods of [`Grant`](auth_core::Grant) that are the client's; the argument is the field that holds it.
macro_rules! left_to_client {
    ($($client:ident).+) => {
        fn refresh(
            &self,
            refresh_token: &auth_core::Secret,
            http: &dyn auth_core::Transport,
        ) -> auth_core::Result<auth_core::TokenResponse> {
            self.$($client).+.refresh(refresh_token, http)
        }

        fn revoke(
            &self,
            token: auth_core::Revoked<'_>,
            http: &dyn auth_core::Transport,
        ) -> auth_core::Result<()> {
            self.$($client).+.revoke(token, http)
        }

        fn prover(&self) -> Option<&dyn auth_core::Prover> {
            self.$($client).+.prover()
        }

        fn replay(&self) -> auth_core::Replay {
            self.$($client).+.replay
        }

        fn origins(&self) -> Vec<String> {
            self.$($client).+.origins()
        }

        fn is_rejection(&self, status: u16) -> bool {
            self.$($client).+.is_rejection(status)
        }
    };
}

pub(crate) use left_to_client;
