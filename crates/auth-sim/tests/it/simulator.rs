//! The simulator itself: clock, log, revocation, concurrent clients, shutdown.

use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use auth_sim::ermeo::{CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME};
use auth_sim::{Simulator, Vendor};

use crate::client::{JSON, Reply, api, json, open, send};

fn login(ermeo: &Simulator) -> Reply {
    let body = json(&[
        ("grant_type", "password"),
        ("username", USERNAME),
        ("password", PASSWORD),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ]);
    send(ermeo, "POST /oauth/v2/token", &[JSON], &body)
}

#[test]
fn sixty_four_clients_at_once_are_all_answered() {
    let ermeo = Simulator::ermeo();
    let barrier = Barrier::new(64);
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                barrier.wait();
                assert_eq!(login(&ermeo).status, 200);
            });
        }
    });
    assert_eq!(ermeo.requests().len(), 64);
    assert_eq!(ermeo.spends().len(), 64, "no token was issued twice");
}

#[test]
fn sixty_four_held_clients_block_no_other_client() {
    let ermeo = Simulator::ermeo();
    let gates: Vec<_> = (0..64).map(|_| ermeo.hold()).collect();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..64)
            .map(|_| scope.spawn(|| login(&ermeo).status))
            .collect();
        gates.iter().for_each(auth_sim::Gate::wait_until_reached);
        assert_eq!(login(&ermeo).status, 200);
        gates.iter().for_each(auth_sim::Gate::release);
        assert!(
            clients
                .into_iter()
                .all(|client| client.join().unwrap() == 200)
        );
    });
}

#[test]
fn a_silent_client_blocks_no_other_client() {
    let ermeo = Simulator::ermeo();
    let address = ermeo.url().trim_start_matches("http://").to_owned();
    let idle: Vec<_> = (0..32)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    assert_eq!(login(&ermeo).status, 200);
    drop(ermeo);
    assert_eq!(idle.len(), 32);
}

#[test]
fn the_port_is_closed_when_the_simulator_is_dropped() {
    let ermeo = Simulator::ermeo();
    let address = ermeo.url().trim_start_matches("http://").to_owned();
    let half = open(
        &ermeo,
        "POST /oauth/v2/token",
        &[("Transfer-Encoding", "chunked")],
        "",
    );
    drop(ermeo);
    assert!(TcpStream::connect(&address).is_err());
    drop(half);
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    let again = Simulator::builder(Vendor::Ermeo)
        .port(port)
        .start()
        .unwrap();
    assert!(again.url().ends_with(&address));
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let ermeo = Simulator::ermeo();
    let port = ermeo.url().rsplit(':').next().unwrap().parse().unwrap();
    assert!(
        Simulator::builder(Vendor::Aerion)
            .port(port)
            .start()
            .is_err()
    );
}

#[test]
fn date_and_expiry_follow_the_clock_of_the_test() {
    let seconds = Arc::new(AtomicUsize::new(1_000_000_000));
    let clock = Arc::clone(&seconds);
    let now = move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::SeqCst) as u64);
    let ermeo = Simulator::builder(Vendor::Ermeo).now(now).start().unwrap();
    let reply = login(&ermeo);
    assert_eq!(reply.header("date"), Some("Sun, 09 Sep 2001 01:46:40 GMT"));
    assert_eq!(
        reply
            .headers
            .iter()
            .filter(|(name, _)| name == "Date")
            .count(),
        1
    );
    let list = || api(&ermeo, "GET /api/v1/assets", &reply.text("access_token"));
    ermeo.advance(Duration::from_secs(7000));
    assert_eq!(list().status, 200);
    seconds.fetch_add(200, Ordering::SeqCst);
    assert_eq!(list().status, 401);
    assert_eq!(list().header("date"), Some("Sun, 09 Sep 2001 03:46:40 GMT"));
    // If the clock is set back, the token is valid again: expiry depends on the time alone.
    seconds.fetch_sub(1, Ordering::SeqCst);
    assert_eq!(list().status, 200);
}

#[test]
fn lifetimes_are_settings_and_are_sent() {
    let builder = Simulator::builder(Vendor::Ermeo).access_token_lifetime(Duration::from_secs(5));
    assert_eq!(login(&builder.start().unwrap()).json()["expires_in"], 5);
}

#[test]
fn tokens_can_be_revoked_under_a_client() {
    let ermeo = Simulator::ermeo();
    let first = login(&ermeo);
    ermeo.revoke_access_tokens();
    let list = |token: &str| api(&ermeo, "GET /api/v1/assets", token).status;
    assert_eq!(list(&first.text("access_token")), 401);
    assert_eq!(list(&login(&ermeo).text("access_token")), 200);
    ermeo.revoke_refresh_tokens();
    let body = json(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", &first.text("refresh_token")),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ]);
    let refused = send(&ermeo, "POST /oauth/v2/token", &[JSON], &body);
    assert_eq!(refused.text("error"), "invalid_grant");
}

#[test]
fn the_log_quotes_what_arrived() {
    let ermeo = Simulator::ermeo();
    send(
        &ermeo,
        "POST /oauth/v2/token?a=1+2&b=%3D",
        &[JSON, ("X-Odd", "1")],
        r#"{"a":[1]}"#,
    );
    send(&ermeo, "GET /elsewhere", &[], "");
    let token = &ermeo.token_requests()[0];
    assert_eq!(
        (token.method.as_str(), token.path.as_str()),
        ("POST", "/oauth/v2/token")
    );
    assert_eq!(token.query, "a=1+2&b=%3D");
    let pairs = [("a", "1 2"), ("b", "=")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(token.query_pairs(), pairs);
    assert_eq!(token.header("x-odd"), Some("1"));
    assert_eq!(
        token.header("connection"),
        None,
        "only what the client sent"
    );
    assert_eq!(token.json().unwrap()["a"][0], 1);
    assert_eq!(token.status, Some(400));
    assert!(
        format!("{token:?}").starts_with("POST /oauth/v2/token?a=1+2&b=%3D\nhost: localhost\n")
    );
    assert_eq!(ermeo.api_requests()[0].path, "/elsewhere");
    assert_eq!(ermeo.requests().len(), 2);
    ermeo.clear();
    assert!(ermeo.requests().is_empty());
}

#[test]
fn on_response_is_called_for_every_answer() {
    let told = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&told);
    let builder = Simulator::builder(Vendor::Ermeo);
    let builder = builder.on_response(move |received| {
        assert_eq!(received.status, Some(200));
        counter.fetch_add(1, Ordering::SeqCst);
    });
    login(&builder.start().unwrap());
    assert_eq!(told.load(Ordering::SeqCst), 1);
}

#[test]
fn debug_shows_no_token() {
    let ermeo = Simulator::ermeo();
    let reply = login(&ermeo);
    let shown = format!("{ermeo:?}");
    assert!(shown.contains("\"ermeo\"") && shown.contains("requests: 1"));
    assert!(!shown.contains(&reply.text("access_token")));
    assert!(!shown.contains(&reply.text("refresh_token")));
}

#[test]
fn a_simulator_can_be_shared() {
    fn check<T: Send + Sync>() {}
    check::<Simulator>();
}

#[test]
fn a_large_and_a_chunked_body_arrive_whole() {
    let ermeo = Simulator::ermeo();
    let large = "x".repeat(200_000);
    send(&ermeo, "POST /nowhere", &[], &large);
    assert_eq!(ermeo.requests()[0].text(), large);
    let agent = ureq::Agent::new_with_defaults();
    let reader = ureq::SendBody::from_owned_reader(std::io::Cursor::new(large.clone()));
    assert!(
        agent
            .post(format!("{}/nowhere", ermeo.url()))
            .send(reader)
            .is_err()
    );
    let chunked = &ermeo.requests()[1];
    assert_eq!(chunked.header("transfer-encoding"), Some("chunked"));
    assert_eq!(chunked.text(), large);
}
