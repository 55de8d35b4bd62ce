//! Cookies, with a ureq that keeps them: this crate switches the feature on, as any other may.

use auth_core::agent;
use auth_core::grant::TokenRequest;
use auth_core::transport::HttpTransport;
use auth_sim::{Fault, Response, Simulator};

/// A server that gives a cookie with each response.
struct Server(Simulator);

impl Server {
    fn start() -> Self {
        let server = Simulator::generic();
        for _ in 0..8 {
            let response = Response::json(200, r#"{"access_token":"a1","token_type":"bearer"}"#);
            let cookie = "login=of-a-user; Path=/; Max-Age=3600";
            let response = response.header("Set-Cookie", cookie);
            server.next(Fault::Response(response.clone()));
            server.next_api(Fault::Response(response));
        }
        Self(server)
    }

    /// Gets a token for one user.
    fn log_in(&self, http: &HttpTransport) {
        let request = TokenRequest::form(self.0.token_url()).param("client_id", "batch");
        request.send(http).expect("a token");
    }

    /// The cookies that it was sent.
    fn seen(&self) -> Vec<Option<String>> {
        let requests = self.0.requests();
        let cookies = requests
            .iter()
            .map(|it| it.header("cookie").map(str::to_owned));
        cookies.collect()
    }
}

/// Without this the others would be green for nothing.
#[test]
fn the_ureq_of_these_tests_keeps_cookies() {
    let (server, agent) = (Server::start(), ureq::Agent::new_with_defaults());
    let url = server.0.token_url();
    for _ in 0..2 {
        agent.post(&url).send("x").expect("an answer");
    }
    assert_eq!(server.seen(), [None, Some("login=of-a-user".to_owned())]);
}

#[test]
fn a_login_is_sent_no_cookie_of_another() {
    for http in [
        HttpTransport::new(),
        agent::transport(ureq::Agent::new_with_defaults()),
    ] {
        let server = Server::start();
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
    let url = format!("{}/api", server.0.url());
    agent.post(&url).send("x").expect("an answer");
    server.log_in(&http);
    agent.post(&url).send("x").expect("an answer");
    assert_eq!(server.seen(), [None, None, None]);
}
