//! The agent that signs: for which origins, how it handles a 401, and which requests it never repeats.

mod headers; // APIs that require the token in another header
mod origins; // which requests are signed, and the error of one that was not sent
mod redirects; // where a token goes when an API redirects
mod renewals; // a renewal that fails after a 401
mod shared; // one agent per session
mod stage; // an API that keeps its requests

use std::io::{self, Cursor, Read, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use auth_core::agent::ureq::{self, SendBody};
use auth_core::clock::Clock as _;
use auth_core::testing::ManualClock;
use auth_core::{Error, Secret, Session, agent};
use auth_sim::{Fault, Response, Simulator, ermeo};
use ermeo_auth::Ermeo;
use mockito::{Matcher, Server};

fn grant(sim: &Simulator) -> Ermeo {
    locked_out(sim).password(ermeo::USERNAME, Secret::new(ermeo::PASSWORD))
}

/// The same client without credentials of a user.
fn locked_out(sim: &Simulator) -> Ermeo {
    Ermeo::new(ermeo::CLIENT_ID, Secret::new(ermeo::CLIENT_SECRET)).base(sim.url())
}

fn statuses(sim: &Simulator) -> Vec<Option<u16>> {
    sim.api_requests()
        .iter()
        .map(|request| request.status)
        .collect()
}

#[test]
fn a_401_costs_one_renewal() {
    let sim = Simulator::ermeo();
    let session = Session::new(grant(&sim));
    let agent = session.agent();
    agent
        .get(format!("{}/api/v1/assets", sim.url()))
        .call()
        .unwrap();
    sim.revoke_access_tokens();
    sim.clear();

    let url = format!("{}/echo", sim.url());
    let mut answer = agent
        .post(&url)
        .content_type("text/plain")
        .send("an asset")
        .unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "an asset");
    assert_eq!(statuses(&sim), [Some(401), Some(200)]);
    for request in sim.api_requests() {
        assert_eq!(request.body, b"an asset");
        assert_eq!(
            request.header("content-length"),
            Some("8"),
            "sized, not in chunks"
        );
        assert_eq!(request.header("content-type"), Some("text/plain"));
    }
    assert_eq!(sim.token_requests().len(), 1);
    assert_eq!(
        sim.token_requests()[0].json().unwrap()["grant_type"],
        "refresh_token"
    );
}

#[test]
fn a_status_as_a_response_is_treated_alike() {
    let sim = Simulator::ermeo();
    let session = Session::new(grant(&sim));
    let agent = agent::agent_with(&session, |config| config.http_status_as_error(false));
    let url = format!("{}/api/v1/assets", sim.url());
    agent.get(&url).call().unwrap();
    sim.revoke_access_tokens();
    assert_eq!(agent.get(&url).call().unwrap().status(), 200);
    assert_eq!(statuses(&sim), [Some(200), Some(401), Some(200)]);
}

#[test]
fn an_api_that_always_returns_401_costs_one_renewal() {
    let sim = Simulator::ermeo();
    let session = Session::new(grant(&sim));
    let agent = agent::agent_with(&session, |config| config.http_status_as_error(false));
    for _ in 0..6 {
        sim.next_api(Fault::Status(401));
    }
    let url = format!("{}/api/v1/assets", sim.url());
    for _ in 0..5 {
        assert_eq!(agent.get(&url).call().unwrap().status(), 401);
    }
    assert_eq!(sim.api_requests().len(), 6);
    assert_eq!(
        sim.token_requests().len(),
        2,
        "one login and one renewal, however many 401s"
    );
}

#[test]
fn a_streamed_body_is_not_sent_again() {
    let sim = Simulator::ermeo();
    let session = Session::new(grant(&sim));
    let agent = agent::agent_with(&session, |config| config.http_status_as_error(false));
    let url = format!("{}/echo", sim.url());
    session.token().unwrap();
    sim.revoke_access_tokens();

    let stream = SendBody::from_owned_reader(Cursor::new("streamed"));
    let post = agent.post(&url).header("transfer-encoding", "chunked");
    assert_eq!(post.send(stream).unwrap().status(), 401);
    assert_eq!(sim.api_requests().len(), 1);
    assert_eq!(agent.post(&url).send("sized").unwrap().status(), 200);
}

#[test]
fn a_body_over_a_mebibyte_arrives_whole() {
    let sim = Simulator::ermeo();
    let session = Session::new(grant(&sim));
    let body = vec![b'x'; 3 * 1024 * 1024 + 1];
    let url = format!("{}/echo", sim.url());
    session.agent().post(&url).send(&body).unwrap();
    assert_eq!(sim.api_requests()[0].body.len(), body.len());
}

/// A body whose second byte waits until the server has the first.
struct Slow {
    arrived: Receiver<()>,
    sent: usize,
}

impl Read for Slow {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = match self.sent {
            0 => 1,
            sent => (LENGTH - sent).min(out.len()),
        };
        if self.sent == 1 {
            let arrived = self.arrived.recv_timeout(Duration::from_secs(20));
            arrived.map_err(io::Error::other)?;
        }
        out[..count].fill(b'x');
        self.sent += count;
        Ok(count)
    }
}

/// More than is kept for a second sending.
const LENGTH: usize = 2_000_000;

#[test]
fn a_body_that_is_announced_as_long_is_sent_as_it_comes() {
    let sim = Simulator::ermeo();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = format!("http://{}", listener.local_addr().unwrap());
    let session = Session::builder(grant(&sim)).api(&api).build().unwrap();
    let (tell, arrived) = mpsc::channel();
    let server = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\nx") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        tell.send(()).unwrap();
        stream.read_exact(&mut vec![0; LENGTH - 1]).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n")
            .unwrap();
    });
    let put = session.agent().put(&api).header("content-length", LENGTH);
    let body = SendBody::from_owned_reader(Slow { arrived, sent: 0 });
    assert_eq!(put.send(body).unwrap().status(), 200);
    server.join().unwrap();
}

#[test]
fn an_empty_post_has_a_content_length() {
    let sim = Simulator::ermeo();
    let session = Session::new(grant(&sim));
    session
        .agent()
        .post(format!("{}/echo", sim.url()))
        .send_empty()
        .unwrap();
    assert_eq!(sim.api_requests()[0].header("content-length"), Some("0"));
}

#[test]
fn an_origin_that_the_caller_names_is_signed_too() {
    let sim = Simulator::ermeo();
    let mut elsewhere = Server::new();
    let signed = elsewhere
        .mock("GET", "/")
        .match_header("authorization", Matcher::Regex("^Bearer .+".into()))
        .create();
    let session = Session::builder(grant(&sim))
        .api(elsewhere.url())
        .build()
        .unwrap();
    session.agent().get(elsewhere.url()).call().unwrap();
    signed.assert();
}

#[test]
fn an_authorization_header_is_left_alone() {
    let sim = Simulator::ermeo();
    let session = Session::new(grant(&sim));
    let url = format!("{}/echo", sim.url());
    let agent = agent::agent_with(&session, |config| config.http_status_as_error(false));
    let answer = agent
        .post(&url)
        .header("authorization", "Basic abc")
        .send("x")
        .unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(
        sim.api_requests()[0].header("authorization"),
        Some("Basic abc")
    );
    assert!(sim.token_requests().is_empty());
}

#[test]
fn a_redirect_to_another_origin_loses_the_header() {
    let sim = Simulator::ermeo();
    let mut elsewhere = Server::new();
    let unsigned = elsewhere
        .mock("GET", "/landing")
        .match_header("authorization", Matcher::Missing)
        .with_body("landed")
        .create();
    let session = Session::new(grant(&sim));
    sim.next_api(Fault::Redirect(format!("{}/landing", elsewhere.url())));
    let mut answer = session
        .agent()
        .get(format!("{}/api/v1/assets", sim.url()))
        .call()
        .unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "landed");
    unsigned.assert();
    assert!(sim.api_requests()[0].header("authorization").is_some());
}

#[test]
fn without_a_token_the_request_fails_with_our_error() {
    let sim = Simulator::ermeo();
    let grant = locked_out(&sim).password(ermeo::USERNAME, Secret::new("wrong"));
    let session = Session::new(grant);
    let error = session
        .agent()
        .get(format!("{}/api/v1/assets", sim.url()))
        .call()
        .unwrap_err();
    let error = agent::error_of(&error).expect("one of ours");
    assert!(matches!(error, Error::Refused(_)), "{error}");
    assert!(sim.api_requests().is_empty());
}

#[test]
fn the_403_of_aerion_is_a_rejection() {
    use aerion_auth::Aerion;
    let sim = Simulator::aerion();
    let session = Session::new(
        Aerion::new(auth_sim::aerion::COMPANY_URL)
            .password(
                auth_sim::aerion::USERNAME,
                Secret::new(auth_sim::aerion::PASSWORD),
            )
            .base(sim.url()),
    );
    let url = format!("{}/v1/users/me", sim.url());
    session.agent().get(&url).call().unwrap();
    sim.revoke_access_tokens();
    session.agent().get(&url).call().unwrap();
    assert_eq!(statuses(&sim), [Some(200), Some(403), Some(200)]);
}

#[test]
fn an_agent_as_transport_has_the_safety_settings() {
    let sim = Simulator::ermeo();
    let agent = ureq::Agent::config_builder()
        .user_agent("gateway/7")
        .build()
        .new_agent();
    let session = Session::builder(grant(&sim))
        .transport(agent::transport(agent))
        .retries(0)
        .build()
        .unwrap();
    session.token().unwrap();
    assert_eq!(
        sim.token_requests()[0].header("user-agent"),
        Some("gateway/7")
    );
    // Its statuses are errors and its redirects are followed; ours are not.
    session.forget().expect("an idle session");
    let refusal =
        r#"{"error":"invalid_client","error_description":"The client credentials are invalid"}"#;
    sim.next(Fault::Response(
        Response::new(400).body("application/json", refusal),
    ));
    assert!(matches!(session.token(), Err(Error::Refused(_))));
    session.forget().expect("an idle session");
    sim.next(Fault::Redirect(sim.token_url()));
    assert!(matches!(
        session.token(),
        Err(Error::Status { status: 302, .. })
    ));
}

#[test]
fn a_token_is_renewed_ahead_of_expiry() {
    let clock = ManualClock::new();
    let now = clock.clone();
    let sim = Simulator::builder(auth_sim::Vendor::Ermeo)
        .now(move || UNIX_EPOCH + Duration::from_secs(now.seconds()))
        .start()
        .unwrap();
    let session = Session::builder(grant(&sim))
        .clock(clock.clone())
        .build()
        .unwrap();
    let agent = session.agent();
    let url = format!("{}/api/v1/assets", sim.url());
    for _ in 0..20 {
        agent.get(&url).call().unwrap();
        clock.advance(Duration::from_secs(1800));
    }
    assert!(
        sim.api_requests()
            .iter()
            .all(|request| request.status == Some(200))
    );
    assert!(
        sim.spends().values().all(|&times| times <= 1),
        "{:?}",
        sim.spends().values()
    );
}
