//! One port of the server, and what a test does with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use auth_core::http::{Request, Response};
use auth_core::{HttpTransport, ManualClock, Session, Transport};
use oauth2_generic::{Client, Encoding, Grant, Password, Result, Secret};

use super::browser::REDIRECT_URI;
use super::server::server;

/// One port of the server.
pub(crate) struct Port {
    url: &'static str,
    body: Encoding,
}

/// A transport over the network that counts.
#[derive(Clone, Default)]
pub(crate) struct Counted {
    http: HttpTransport,
    sent: Arc<AtomicUsize>,
}

/// Runs a test on the port for forms and on the port for JSON; on neither if there is no server.
pub(crate) fn on_both_ports(test: impl Fn(&Port)) {
    let Some(server) = server() else { return };
    test(&Port {
        url: &server.form,
        body: Encoding::Form,
    });
    test(&Port {
        url: &server.json,
        body: Encoding::Json,
    });
}

impl Port {
    /// A client that the server knows, if it does; without a secret it is a public one.
    pub(crate) fn client(&self, client_id: &str, client_secret: &str) -> Client {
        Client {
            token_endpoint: format!("{}/o/token/", self.url),
            authorization_endpoint: format!("{}/o/authorize/", self.url),
            client_id: client_id.to_owned(),
            client_secret: client_secret.into(),
            body: self.body,
            issuer: self.url.to_owned(),
            ..Client::default()
        }
    }

    /// A login that works.
    pub(crate) fn alice(&self) -> Password {
        Password {
            client: self.client("password", "password-secret"),
            username: ALICE.0.into(),
            password: ALICE.1.into(),
        }
    }

    /// Whom the API takes the bearer of a session's token for.
    pub(crate) fn whoami(&self, session: &Session) -> String {
        let answer = session
            .agent()
            .get(self.api())
            .call()
            .expect("the API accepts the token");
        let body = answer.into_body().read_to_string().unwrap();
        let user: serde_json::Value = serde_json::from_str(&body).unwrap();
        user["user"].as_str().unwrap_or("nobody").to_owned()
    }

    /// An API that answers a token it does not accept with 403 and an empty page.
    pub(crate) fn api(&self) -> String {
        format!("{}/whoami", self.url)
    }
}

impl Counted {
    /// How many requests went to the token endpoint.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(SeqCst)
    }

    /// A session over this, at a time that the test decides on.
    pub(crate) fn session(&self, grant: impl Grant + 'static, clock: &ManualClock) -> Session {
        Session::builder(grant)
            .transport(self.clone())
            .clock(clock.clone())
            .build()
    }

    /// The same, from a refresh token that was kept.
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
    }
}

impl Transport for Counted {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        self.sent.fetch_add(1, SeqCst);
        self.http.send(request)
    }
}

/// Every character of a code as `%XX`: another spelling of the same URL.
pub(crate) fn with_every_character_encoded(redirect: &str) -> String {
    let code = code_of(redirect);
    let encoded: String = code.bytes().map(|byte| format!("%{byte:02X}")).collect();
    redirect.replace(&format!("code={code}"), &format!("code={encoded}"))
}

/// The code in a redirect; this server's need no encoding.
pub(crate) fn code_of(redirect: &str) -> &str {
    assert!(redirect.starts_with(REDIRECT_URI));
    let (_, rest) = redirect
        .split_once("code=")
        .expect("the redirect has a code");
    rest.split('&').next().unwrap_or_default()
}

pub(crate) const ALICE: (&str, &str) = ("alice", "alice's password");
/// A name and a password with every character that a form or a JSON string has to escape.
pub(crate) const BOB: (&str, &str) = ("bob@example.com", "p&=+% \"\\/ü€");
