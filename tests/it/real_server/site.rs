//! One port of a server, as tests use it.

use auth_all::Secret;
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use auth_core::Session;
use auth_core::agent::ureq;
use oauth2_generic::{Client, Encoding, Password, Server};
pub(crate) use services::Browser;
use services::{Installed, started};

/// Redirect URI of every client; no program listens there.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";

/// One port of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    pub(crate) kind: Kind,
    url: &'static str,
    body: Encoding,
}

/// Software of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// django-oauth-toolkit, on Python.
    Django,
    /// oidc-provider, on Node.
    Oidc,
}

/// Runs a test on every port: django-oauth-toolkit's ports for forms and for JSON, and oidc-provider's, for
/// forms.
pub(crate) fn on_every_site(test: impl Fn(&Site)) {
    on_django(&test);
    on_oidc(test);
}

/// Runs a test on each server's port for forms.
pub(crate) fn on_every_form(test: impl Fn(&Site)) {
    on_every_site(|site| {
        if site.body == Encoding::Form {
            test(site);
        }
    });
}

/// Runs a test on both ports of django-oauth-toolkit.
pub(crate) fn on_django(test: impl Fn(&Site)) {
    let server = django();
    for (name, body) in [("form", Encoding::Form), ("json", Encoding::Json)] {
        test(&Site {
            kind: Kind::Django,
            url: server.url(name),
            body,
        });
    }
}

/// Runs a test on oidc-provider.
pub(crate) fn on_oidc(test: impl Fn(&Site)) {
    let server = oidc();
    test(&Site {
        kind: Kind::Oidc,
        url: server.url("issuer"),
        body: Encoding::Form,
    });
}

impl Site {
    /// The site as text, for another process.
    pub(crate) fn words(&self) -> String {
        format!("{:?} {:?} {}", self.kind, self.body, self.url)
    }

    pub(crate) fn from_words(words: &str) -> Self {
        let words: Vec<&str> = words.split(' ').collect();
        Self {
            kind: match words[0] {
                "Django" => Kind::Django,
                _ => Kind::Oidc,
            },
            body: match words[1] {
                "Json" => Encoding::Json,
                _ => Encoding::Form,
            },
            url: words[2].to_owned().leak(),
        }
    }

    /// The server, with its endpoints set by hand.
    pub(crate) fn server(&self) -> Server {
        let is_django = self.kind == Kind::Django;
        let at = |django: &str, oidc: &str| self.at(if is_django { django } else { oidc });
        Server::new(at("/o/token/", "/token"))
            .authorization_endpoint(at("/o/authorize/", "/auth"))
            .device_authorization_endpoint(at("/o/device-authorization/", "/device/auth"))
            .revocation_endpoint(at("/o/revoke/", "/token/revocation"))
            .introspection_endpoint(at("/o/introspect/", "/token/introspection"))
            .issuer(self.url)
            .encoding(self.body)
    }

    /// A registered client; without a secret it is a public one.
    pub(crate) fn client(&self, client_id: &str, client_secret: &str) -> Client {
        self.client_at(self.server(), client_id, client_secret)
    }

    /// A registered client of a server with other settings.
    pub(crate) fn client_at(&self, server: Server, client_id: &str, client_secret: &str) -> Client {
        let client = Client::new(server, client_id);
        let client = match self.kind {
            Kind::Django => client,
            Kind::Oidc => client.scope("read"),
        };
        if client_secret.is_empty() {
            client
        } else {
            client.secret(Secret::new(client_secret))
        }
    }

    /// The encoding that this port does not read.
    pub(crate) fn other_encoding(&self) -> Encoding {
        match self.body {
            Encoding::Form => Encoding::Json,
            _ => Encoding::Form,
        }
    }

    /// The server's issuer.
    pub(crate) fn issuer(&self) -> &'static str {
        self.url
    }

    /// Alice's login, with the right password.
    pub(crate) fn alice(&self) -> Password {
        self.alice_by(Secret::new(ALICE.1))
    }

    pub(crate) fn alice_by(&self, password: Secret) -> Password {
        Password::new(self.alices_client(), ALICE.0, password)
    }

    /// The client of Alice's login.
    pub(crate) fn alices_client(&self) -> Client {
        self.client("password", "password-secret")
    }

    /// Returns the user for whom the API accepts a session's token, or `no user` if the client acts for itself.
    pub(crate) fn whoami(&self, session: &Session) -> String {
        let answer = session
            .agent()
            .get(self.api())
            .call()
            .expect("the API accepts the token");
        let body = answer.into_body().read_to_string().unwrap();
        let user: serde_json::Value = serde_json::from_str(&body).unwrap();
        user["user"].as_str().unwrap_or("no user").to_owned()
    }

    /// A scope that no client here gets: one that does not exist, or that is not for this client.
    ///
    /// oidc-provider leaves out unknown scopes instead of refusing them.
    pub(crate) fn forbidden_scope(&self) -> &'static str {
        match self.kind {
            Kind::Django => "everything",
            Kind::Oidc => "openid",
        }
    }

    /// An API of this server.
    pub(crate) fn api(&self) -> String {
        self.at("/whoami")
    }

    /// Expires codes or tokens of oidc-provider.
    pub(crate) fn expire(&self, what: &[(&str, &str)]) {
        let sent = ureq::post(self.at("/expire")).send_form(what.iter().copied());
        assert_eq!(sent.expect("a response").status(), 204);
    }

    /// Number of refresh tokens of a client that oidc-provider received, and the largest count of one of them.
    pub(crate) fn spent(&self, client_id: &str) -> (u64, u64) {
        let answer = ureq::get(self.at("/spent"))
            .query("client_id", client_id)
            .call();
        let body = answer
            .expect("it counts")
            .into_body()
            .read_to_string()
            .unwrap();
        let counted: serde_json::Value = serde_json::from_str(&body).unwrap();
        let number = |name: &str| counted[name].as_u64().expect("a number");
        (number("tokens"), number("most"))
    }

    /// A URL of this server.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

/// Encodes every character of a code as `%XX`, which is another spelling of the same URL.
pub(crate) fn with_every_character_encoded(redirect: &str) -> String {
    let code = code_of(redirect);
    let encoded: String = code.bytes().map(|byte| format!("%{byte:02X}")).collect();
    redirect.replace(&format!("code={code}"), &format!("code={encoded}"))
}

/// The code in a redirect; these servers' codes need no encoding.
pub(crate) fn code_of(redirect: &str) -> &str {
    assert!(redirect.starts_with(REDIRECT_URI));
    let (_, rest) = redirect
        .split_once("code=")
        .expect("the redirect has a code");
    rest.split('&').next().unwrap_or_default()
}

/// One process of each server for all tests.
fn django() -> &'static Installed {
    static RUNNING: OnceLock<Installed> = OnceLock::new();
    RUNNING.get_or_init(|| started(Installed::django_oauth_toolkit()))
}

fn oidc() -> &'static Installed {
    static RUNNING: OnceLock<Installed> = OnceLock::new();
    RUNNING.get_or_init(|| started(Installed::oidc_provider()))
}

pub(crate) const ALICE: (&str, &str) = ("alice", "alice's password");
/// A name and a password with every character that a form or a JSON string has to escape.
pub(crate) const BOB: (&str, &str) = ("bob@example.com", "p&=+% \"\\/ü€");

#[test]
fn the_servers_end_when_their_standard_input_does() {
    for start in [Installed::django_oauth_toolkit, Installed::oidc_provider] {
        let server = started(start());
        let (ended, end) = mpsc::channel();
        thread::spawn(move || ended.send(server.end()));
        let ended = end.recv_timeout(Duration::from_secs(30));
        assert!(ended.expect("the server ends").expect("an owned process"));
    }
}
