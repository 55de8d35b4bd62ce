//! Slow, silent and too many connections, and the end of their threads.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use auth_core::Error;
use auth_core::error::LoginReason;
use auth_core::testing::ManualClock;
use auth_core::transport::{self, HttpTransport, Transport};
use auth_sim::Simulator;
use oauth2_generic::BrowserLogin;

use super::{LOGGED_IN, Patient, Waiting, begin, begin_with, gist, login, rest_of};

/// The request that ends a login.
fn request(waiting: &Waiting) -> String {
    let (location, host) = (waiting.location(), waiting.authority());
    let target = location.strip_prefix(&waiting.origin()).unwrap();
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

/// A connection that has sent so much.
fn connected(waiting: &Waiting, bytes: &str) -> TcpStream {
    let mut stream = waiting.connect();
    stream.set_nodelay(true).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    stream
}

/// Gets a page, so that all earlier connections have been accepted.
fn stray(waiting: &Waiting) {
    let page = waiting.get(&format!("{}/elsewhere", waiting.origin()));
    assert_eq!(gist(&page).0, "404 Not Found");
}

/// A login whose time does not pass, so no time-out of it can end a connection.
fn timeless(server: &Simulator) -> BrowserLogin {
    login(server).clock(Patient(ManualClock::new()))
}

fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let read = stream.read(&mut [0]);
    !matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn slow_and_silent_connections_hold_up_neither_login_nor_end() {
    let server = Simulator::generic();
    let waiting = begin(timeless(&server));
    let silent: Vec<TcpStream> = (0..100).map(|_| waiting.connect()).collect();
    let slow = connected(&waiting, "GET /callback?code=c");
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    waiting.end().unwrap();
    drop((silent, slow));
}

#[test]
fn a_response_may_arrive_in_pieces() {
    let server = Simulator::generic();
    let waiting = begin(login(&server));
    let mut stream = connected(&waiting, "");
    for piece in request(&waiting).as_bytes().chunks(7) {
        stream.write_all(piece).unwrap();
    }
    assert_eq!(gist(&rest_of(stream)), LOGGED_IN);
    waiting.end().unwrap();
}

#[test]
fn an_incomplete_head_has_ten_seconds() {
    let (server, clock) = (Simulator::generic(), ManualClock::new());
    let waiting = begin(login(&server).clock(Patient(clock.clone())));
    let (mut quick, mut slow) = (connected(&waiting, "GET / HT"), connected(&waiting, "G"));
    stray(&waiting);
    clock.advance(Duration::from_millis(9_999));
    quick.write_all(b"TP/1.1\r\n\r\n").unwrap();
    assert_eq!(gist(&rest_of(quick)).0, "400 Bad Request");
    slow.write_all(b"E").unwrap(); // is no reprieve
    clock.advance(Duration::from_millis(1));
    let _ = slow.write_all(b"T");
    let mut rest = String::new();
    let _ = slow.read_to_string(&mut rest); // it may be reset
    assert_eq!(rest, "");
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    waiting.end().unwrap();
}

#[test]
fn a_browser_that_never_closes_has_two_seconds() {
    let (server, clock) = (Simulator::generic(), ManualClock::new());
    let waiting = begin(login(&server).clock(Patient(clock.clone())));
    let mut browser = connected(&waiting, &request(&waiting));
    let mut page = String::new();
    browser.read_to_string(&mut page).unwrap();
    assert_eq!(gist(&page), LOGGED_IN);
    clock.advance(Duration::from_millis(1_999));
    assert!(!waiting.thread.is_finished());
    browser.write_all(b"G").unwrap();
    clock.advance(Duration::from_millis(1));
    let _ = browser.write_all(b"E");
    waiting.end().unwrap();
}

#[test]
fn a_cancelled_login_leaves_no_connection() {
    let (server, cancelled) = (Simulator::generic(), Arc::new(AtomicBool::new(false)));
    let asked = Arc::clone(&cancelled);
    let waiting = begin(timeless(&server).cancel_when(move || asked.load(SeqCst)));
    let connections = ["", "G", "GET /callback?code=c"].map(|bytes| connected(&waiting, bytes));
    stray(&waiting);
    cancelled.store(true, SeqCst);
    let error = waiting.end().unwrap_err();
    let Error::LoginRequired { reason, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(reason, LoginReason::Cancelled);
    for mut stream in connections {
        assert!(is_closed(&mut stream));
    }
}

#[test]
fn a_panic_of_the_caller_leaves_no_connection() {
    let (server, panics) = (Simulator::generic(), Arc::new(AtomicBool::new(false)));
    let asked = Arc::clone(&panics);
    let waiting = begin(timeless(&server).cancel_when(move || {
        assert!(!asked.load(SeqCst), "the caller's function fails");
        false
    }));
    let mut stream = connected(&waiting, "G");
    stray(&waiting);
    panics.store(true, SeqCst);
    waiting.thread.join().unwrap_err();
    assert!(is_closed(&mut stream));
}

#[test]
fn strangers_get_their_pages_while_the_code_is_traded() {
    let server = Simulator::generic();
    let (trade, traded) = mpsc::channel::<()>();
    let traded = std::sync::Mutex::new(traded);
    let http = HttpTransport::new();
    let waiting = begin_with(
        login(&server),
        transport::from_fn(move |request| {
            traded.lock().unwrap().recv().unwrap();
            http.send(request)
        }),
    );
    let mut stranger = connected(&waiting, "GET /elsewhere HT");
    stray(&waiting);
    let request = request(&waiting);
    thread::scope(|threads| {
        let browser = threads.spawn(|| waiting.send(&request));
        stranger.write_all(b"TP/1.1\r\n\r\n").unwrap();
        assert_eq!(gist(&rest_of(stranger)).0, "400 Bad Request");
        trade.send(()).unwrap();
        assert_eq!(gist(&browser.join().unwrap()), LOGGED_IN);
    });
    waiting.end().unwrap();
}
