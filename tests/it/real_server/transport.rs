//! A transport that counts requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use auth_core::Session;
use auth_core::grant::TokenResponse;
use auth_core::http::{Request, Response};
use auth_core::testing::ManualClock;
use auth_core::transport::{HttpTransport, Transport};
use oauth2_generic::{AuthorizationCode, Grant, Result, Secret};

/// A network transport that counts requests.
#[derive(Clone, Default)]
pub(crate) struct Counted {
    http: HttpTransport,
    sent: Arc<AtomicUsize>,
}

impl Counted {
    /// Number of requests to the token endpoint; those of the agent are not counted.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(SeqCst)
    }

    /// A session over this transport, whose clock the test moves.
    pub(crate) fn session(&self, grant: impl Grant + 'static, clock: &ManualClock) -> Session {
        Session::builder(grant)
            .transport(self.clone())
            .clock(clock.clone())
            .build()
            .unwrap()
    }

    /// A session that starts from the tokens of alice's login.
    pub(crate) fn session_after(
        &self,
        login: &AuthorizationCode,
        tokens: TokenResponse,
        clock: &ManualClock,
    ) -> Session {
        Session::builder(login.grant().user("alice"))
            .tokens(tokens)
            .transport(self.clone())
            .clock(clock.clone())
            .build()
            .unwrap()
    }

    /// A session that starts from a refresh token that was kept.
    pub(crate) fn session_from(
        &self,
        grant: impl Grant + 'static,
        clock: &ManualClock,
        refresh_token: &Secret,
    ) -> Session {
        Session::builder(grant)
            .transport(self.clone())
            .clock(clock.clone())
            .refresh_token(refresh_token)
            .build()
            .unwrap()
    }
}

impl Transport for Counted {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        self.sent.fetch_add(1, SeqCst);
        self.http.send(request)
    }
}

/// A session over the network that starts from the tokens of a login.
pub(crate) fn session_after(login: &AuthorizationCode, tokens: TokenResponse) -> Session {
    let builder = Session::builder(login.grant().user("alice")).tokens(tokens);
    builder.build().unwrap()
}
