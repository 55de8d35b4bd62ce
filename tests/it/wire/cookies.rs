//! Cookies, with a ureq that stores them: this package enables the feature, as any dependency may.

use std::sync::{Arc, Mutex};

use auth_core::agent;
use auth_core::grant::TokenRequest;
use auth_core::transport::HttpTransport;
use mockito::{Matcher, Request, ServerGuard};

/// A server that gives every client a cookie.
struct Server {
    server: ServerGuard,
    cookies: Arc<Mutex<Vec<Option<String>>>>,
}

impl Server {
    fn start() -> Self {
        let mut server = mockito::Server::new();
        let cookies = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&cookies);
        let answer = move |request: &Request| {
            let cookie = request.header("cookie");
            let cookie = cookie.first().map(|it| it.to_str().unwrap().to_owned());
            seen.lock().unwrap().push(cookie);
            br#"{"access_token":"a1","token_type":"bearer"}"#.to_vec()
        };
        server
            .mock("POST", Matcher::Any)
            .with_header("set-cookie", "login=of-a-user; Path=/; Max-Age=3600")
            .with_body_from_request(answer)
            .create();
        Self { server, cookies }
    }

    /// Gets a token for one user.
    fn log_in(&self, http: &HttpTransport) {
        let url = format!("{}/token", self.server.url());
        let request = TokenRequest::form(url).param("client_id", "batch");
        request.send(http).expect("a token");
    }

    /// Takes the `Cookie` headers that the server has received since the last call.
    fn seen(&self) -> Vec<Option<String>> {
        std::mem::take(&mut *self.cookies.lock().unwrap())
    }
}

/// Without cookies in ureq, the other tests would prove nothing.
#[test]
fn the_ureq_of_these_tests_keeps_cookies() {
    let (server, agent) = (Server::start(), ureq::Agent::new_with_defaults());
    let url = format!("{}/token", server.server.url());
    for _ in 0..2 {
        agent.post(&url).send("x").expect("an answer");
    }
    assert_eq!(server.seen(), [None, Some("login=of-a-user".to_owned())]);
}

#[test]
fn a_login_is_sent_no_cookie_of_another() {
    let server = Server::start();
    for http in [
        HttpTransport::new(),
        agent::transport(ureq::Agent::new_with_defaults()),
    ] {
        for _ in 0..3 {
            server.log_in(&http);
        }
        assert_eq!(server.seen(), [None, None, None]);
    }
}

#[test]
fn a_login_leaves_no_cookie_in_an_agent_that_was_lent() {
    let (server, agent) = (Server::start(), ureq::Agent::new_with_defaults());
    let http = agent::transport(agent.clone());
    let url = format!("{}/api", server.server.url());
    agent.post(&url).send("x").expect("an answer");
    server.log_in(&http);
    agent.post(&url).send("x").expect("an answer");
    assert_eq!(server.seen(), [None, None, None]);
}
