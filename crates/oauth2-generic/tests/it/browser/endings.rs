//! Deadline, cancellation, and what is left afterwards.

use std::io::{ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use auth_core::clock::Clock;
use auth_core::error::{LoginReason, Remedy};
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Secret};
use auth_sim::Simulator;
use oauth2_generic::{BrowserLogin, Client};

use super::{LOGGED_IN, begin, client, endpoints, gist, located, login, rest_of};

fn ended_by(error: &Error) -> LoginReason {
    match error {
        Error::LoginRequired { reason, .. } => *reason,
        other => panic!("{other}"),
    }
}

#[test]
fn a_login_without_a_response_ends_with_the_deadline() {
    let (server, clock) = (Simulator::generic(), ManualClock::new());
    let begun = clock.now();
    let login = login(&server).open_with(|_| Ok(())).clock(clock.clone());
    let error = login.exchange(&HttpTransport::new()).unwrap_err();
    assert_eq!(ended_by(&error), LoginReason::TimedOut);
    assert_eq!(error.remedy(), Remedy::LogIn);
    let took = clock.now().since(begun);
    let five_minutes = Duration::from_secs(300);
    assert!(
        (five_minutes..five_minutes + Duration::from_secs(1)).contains(&took),
        "{took:?}"
    );
}

#[test]
fn the_deadline_is_the_callers() {
    let (server, clock) = (Simulator::generic(), ManualClock::new());
    let begun = clock.now();
    let login = login(&server).open_with(|_| Ok(())).clock(clock.clone());
    let login = login.deadline(Duration::from_secs(7));
    login.exchange(&HttpTransport::new()).unwrap_err();
    assert_eq!(clock.now().since(begun).as_secs(), 7);
}

#[test]
fn a_login_can_be_cancelled() {
    let (server, cancel) = (Simulator::generic(), Arc::new(AtomicBool::new(false)));
    let asked = Arc::clone(&cancel);
    let waiting = begin(login(&server).cancel_when(move || asked.load(SeqCst)));
    let authority = waiting.authority();
    cancel.store(true, SeqCst);
    assert_eq!(
        ended_by(&waiting.end().unwrap_err()),
        LoginReason::Cancelled
    );
    assert_port_is_closed(&authority);
}

/// The user clicks on "Cancel" while the response arrives: the code is good, so it is used.
#[test]
fn an_arrived_response_wins_over_cancellation() {
    let server = Simulator::generic();
    let (keep, kept) = mpsc::channel();
    let login = login(&server).open_with(move |url| {
        let location = located(url);
        let (authority, target) = location["http://".len()..].split_once('/').unwrap();
        let mut stream = TcpStream::connect(authority)?;
        write!(
            stream,
            "GET /{target} HTTP/1.1\r\nHost: {authority}\r\n\r\n"
        )?;
        keep.send(stream).unwrap();
        Ok(())
    });
    let login = login.deadline(Duration::ZERO).cancel_when(|| true);
    let login = thread::spawn(move || login.exchange(&HttpTransport::new()));
    let page = rest_of(kept.recv().unwrap());
    assert_eq!(gist(&page), LOGGED_IN);
    login.join().unwrap().unwrap();
}

#[test]
fn the_port_is_closed_afterwards() {
    let server = Simulator::generic();
    for refuses in [false, true] {
        server.user_refuses(refuses);
        let waiting = begin(login(&server));
        let authority = waiting.authority();
        waiting.log_in();
        assert_eq!(waiting.end().is_err(), refuses);
        assert_port_is_closed(&authority);
    }
}

fn assert_port_is_closed(authority: &str) {
    let port = authority.rsplit(':').next().unwrap();
    for address in [authority.to_owned(), format!("[::1]:{port}")] {
        let error = TcpStream::connect(&address).unwrap_err();
        let gone = [ErrorKind::ConnectionRefused, ErrorKind::AddrNotAvailable];
        let without_ipv6 = TcpListener::bind("[::1]:0").is_err();
        assert!(
            gone.contains(&error.kind()) || without_ipv6,
            "{address}: {error}"
        );
    }
}

#[test]
fn without_a_browser_the_url_is_shown_once() {
    let server = Simulator::generic();
    let (shown, urls) = mpsc::channel();
    let login = login(&server)
        .open_with(|_| Err(ErrorKind::NotFound.into()))
        .show(move |url| shown.send(url.to_owned()).unwrap());
    let thread = thread::spawn(move || login.exchange(&HttpTransport::new()));
    let url = urls.recv().unwrap();
    assert!(
        urls.recv_timeout(Duration::from_millis(100)).is_err(),
        "shown twice"
    );
    let waiting = super::Waiting { url, thread };
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    waiting.end().unwrap();
}

#[test]
fn a_login_that_cannot_begin_opens_no_browser() {
    let server = Simulator::generic();
    let endpoints = endpoints(&server).authorization_endpoint("nonsense");
    let login = BrowserLogin::new(Client::new(endpoints, "app"))
        .open_with(|_| panic!("a browser was opened"));
    let error = login.exchange(&HttpTransport::new());
    assert!(
        matches!(error, Err(Error::Configuration { .. })),
        "{error:?}"
    );
}

#[test]
fn debug_shows_no_secret() {
    let server = Simulator::generic();
    let login = BrowserLogin::new(client(&server).secret(Secret::new("c4nary")));
    let shown = format!("{login:?}");
    assert!(
        shown.contains("BrowserLogin") && !shown.contains("c4nary"),
        "{shown}"
    );
}
