//! Every fault, as a client sees it.

use std::io::Read;
use std::thread;
use std::time::Duration;

use auth_sim::ermeo::{CLIENT_ID, CLIENT_SECRET};
use auth_sim::{Fault, Response, Simulator};

use crate::client::{JSON, Reply, exchange, json, open, send, try_send};

const LINE: &str = "POST /oauth/v2/token";

fn body(refresh_token: &str) -> String {
    json(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ])
}

fn refresh(ermeo: &Simulator, refresh_token: &str) -> Reply {
    send(ermeo, LINE, &[JSON], &body(refresh_token))
}

/// Returns the bytes that a client receives with this fault.
fn bytes_through(ermeo: &Simulator, fault: Fault, refresh_token: &str) -> Vec<u8> {
    ermeo.next(fault);
    exchange(ermeo, LINE, &[JSON], &body(refresh_token)).unwrap()
}

#[test]
fn a_dropped_answer_has_spent_the_token() {
    let ermeo = Simulator::ermeo();
    let token = ermeo.issue_refresh_token();
    assert_eq!(bytes_through(&ermeo, Fault::Drop, &token), b"");
    assert_eq!(ermeo.spends()[&token], 1);
    assert_eq!(refresh(&ermeo, &token).status, 400);
    assert_eq!(ermeo.token_requests()[0].status, None);
}

#[test]
fn a_refused_request_is_logged_and_spends_no_token() {
    let ermeo = Simulator::ermeo();
    let token = ermeo.issue_refresh_token();
    assert_eq!(bytes_through(&ermeo, Fault::Refuse, &token), b"");
    assert_eq!(ermeo.spends()[&token], 0);
    assert_eq!(refresh(&ermeo, &token).status, 200);
    let statuses: Vec<_> = ermeo
        .token_requests()
        .iter()
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses, [None, Some(200)]);
}

#[test]
fn an_answer_is_cut_at_any_byte() {
    let ermeo = Simulator::ermeo();
    for length in [0, 1, 17, 200, 1_000_000] {
        let token = ermeo.issue_refresh_token();
        let bytes = bytes_through(&ermeo, Fault::Cut(length), &token);
        assert!(bytes.len() == length || bytes.ends_with(b"}"), "{length}");
        assert!(b"HTTP/1.1 200 OK\r\n".starts_with(&bytes[..bytes.len().min(17)]));
        assert_eq!(refresh(&ermeo, &token).status, 400, "it was spent");
    }
}

#[test]
fn a_dripped_answer_arrives_in_pieces_and_whole() {
    let ermeo = Simulator::ermeo();
    ermeo.next(Fault::Drip(Duration::from_micros(10)));
    let mut stream = open(&ermeo, LINE, &[JSON], &body(&ermeo.issue_refresh_token())).unwrap();
    let (mut reads, mut total, mut buffer) = (0, 0, [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        (reads, total) = (reads + 1, total + read);
    }
    assert!(total > 300 && reads > 1, "{total} bytes in {reads} reads");
}

#[test]
fn answers_in_the_simulators_place_spend_no_token() {
    let ermeo = Simulator::ermeo();
    let token = ermeo.issue_refresh_token();
    let through = |fault| {
        ermeo.next(fault);
        refresh(&ermeo, &token)
    };
    let html = through(Fault::Garble);
    assert_eq!(
        (html.status, html.header("content-type")),
        (200, Some("text/html"))
    );
    assert!(html.body.starts_with("<!DOCTYPE html>"));
    assert_eq!(through(Fault::Noise).status, 200);
    through(Fault::Status(502)).is(502, "");
    let redirect = through(Fault::Redirect("http://127.0.0.1:9/x".to_owned()));
    assert_eq!(
        (redirect.status, redirect.header("location")),
        (302, Some("http://127.0.0.1:9/x"))
    );
    let busy = Response::new(429)
        .header("Retry-After", "2")
        .body("text/plain", "later");
    let busy = through(Fault::Response(busy));
    busy.is(429, "later");
    assert_eq!(busy.header("retry-after"), Some("2"));
    assert_eq!(ermeo.spends()[&token], 0);
    assert_eq!(refresh(&ermeo, &token).status, 200);
}

#[test]
fn raw_bytes_need_not_be_http() {
    let ermeo = Simulator::ermeo();
    assert_eq!(
        bytes_through(&ermeo, Fault::Raw(b"SSH-2.0".to_vec()), "x"),
        b"SSH-2.0"
    );
    ermeo.next(Fault::Raw(b"SSH-2.0".to_vec()));
    assert!(try_send(&ermeo, LINE, &[JSON], "{}").is_err());
}

#[test]
fn an_endless_body_ends_with_its_reader() {
    let ermeo = Simulator::ermeo();
    ermeo.next(Fault::Endless);
    let stream = open(&ermeo, LINE, &[JSON], "{}").unwrap();
    let mut first = Vec::new();
    stream.take(10_000_000).read_to_end(&mut first).unwrap();
    assert_eq!(first.len(), 10_000_000);
    assert_eq!(refresh(&ermeo, "x").status, 400);
}

/// Dropping the simulator ends the delay.
#[test]
fn a_delayed_answer_blocks_no_other_client() {
    let ermeo = Simulator::ermeo();
    ermeo.next(Fault::Delay(Duration::from_secs(3600)));
    let slow = open(&ermeo, LINE, &[JSON], "{}").unwrap();
    while ermeo.token_requests().is_empty() {
        thread::yield_now();
    }
    assert_eq!(refresh(&ermeo, "x").status, 400);
    assert_eq!(ermeo.token_requests()[0].status, None);
    drop(ermeo);
    drop(slow);
}

#[test]
fn a_short_delay_ends_in_the_normal_answer() {
    let ermeo = Simulator::ermeo();
    ermeo.next(Fault::Delay(Duration::from_millis(1)));
    assert_eq!(refresh(&ermeo, &ermeo.issue_refresh_token()).status, 200);
}

#[test]
fn faults_are_used_in_order_and_each_endpoint_has_its_own() {
    let ermeo = Simulator::ermeo();
    ermeo.next(Fault::Status(500));
    ermeo.next(Fault::Status(502));
    ermeo.next_api(Fault::Status(503));
    assert_eq!(send(&ermeo, "GET /api/v1/assets", &[], "").status, 503);
    assert_eq!(send(&ermeo, "GET /api/v1/assets", &[], "").status, 401);
    assert_eq!(refresh(&ermeo, "x").status, 500);
    assert_eq!(refresh(&ermeo, "x").status, 502);
    assert_eq!(refresh(&ermeo, "x").status, 400);
    ermeo.next(Fault::Status(500));
    ermeo.clear();
    assert_eq!(refresh(&ermeo, "x").status, 400);
}

#[test]
fn a_held_request_is_handled_at_once_and_answered_on_release() {
    let ermeo = Simulator::ermeo();
    let token = ermeo.issue_refresh_token();
    let gate = ermeo.hold();
    assert!(!gate.is_reached());
    thread::scope(|scope| {
        let held = scope.spawn(|| refresh(&ermeo, &token).status);
        gate.wait_until_reached();
        assert_eq!(ermeo.spends()[&token], 1);
        assert_eq!(ermeo.token_requests()[0].status, None);
        assert_eq!(refresh(&ermeo, "x").status, 400, "no other client waits");
        gate.release();
        assert_eq!(held.join().unwrap(), 200);
    });
}

#[test]
fn dropping_a_gate_or_its_simulator_opens_it() {
    let ermeo = Simulator::ermeo();
    drop(ermeo.hold_api());
    assert_eq!(send(&ermeo, "GET /api/v1/assets", &[], "").status, 401);
    let gate = ermeo.hold();
    let stream = open(&ermeo, LINE, &[JSON], "{}").unwrap();
    gate.wait_until_reached();
    drop(ermeo);
    drop(stream);
}
