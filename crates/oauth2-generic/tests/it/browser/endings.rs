//! Nobody comes, somebody gives up, and what is left afterwards.

use std::io::{ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use auth_core::clock::Clock;
use auth_core::error::LoginReason;
use auth_core::testing::ManualClock;
use auth_sim::Simulator;
use oauth2_generic::Error;

use super::{LOGGED_IN, begin, gist, located, login, rest_of};

fn ended_by(error: &Error) -> LoginReason {
    match error {
        Error::LoginRequired { reason, .. } => *reason,
        other => panic!("{other}"),
    }
}

#[test]
fn a_login_that_nobody_answers_ends_with_the_deadline() {
    let (server, clock) = (Simulator::generic(), ManualClock::new());
    let begun = clock.now();
    let login = login(&server)
        .browser()
        .open_with(|_| Ok(()))
        .clock(clock.clone());
    let error = login.log_in().unwrap_err();
    assert_eq!(ended_by(&error), LoginReason::TimedOut);
    assert!(error.remedy() != Remedy::Retry);
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
    let login = login(&server)
        .browser()
        .open_with(|_| Ok(()))
        .clock(clock.clone());
    login.deadline(Duration::from_secs(7)).log_in().unwrap_err();
    assert_eq!(clock.now().since(begun).as_secs(), 7);
}

#[test]
fn a_login_can_be_called_off() {
    let (server, cancel) = (Simulator::generic(), Arc::new(AtomicBool::new(false)));
    let asked = Arc::clone(&cancel);
    let waiting = begin(
        login(&server)
            .browser()
            .cancel_when(move || asked.load(SeqCst)),
    );
    let authority = waiting.authority();
    cancel.store(true, SeqCst);
    assert_eq!(
        ended_by(&waiting.end().unwrap_err()),
        LoginReason::Cancelled
    );
    assert_nobody_listens(&authority);
}

/// Somebody clicks on "Cancel" while the answer comes in: the code is good, so it is used.
#[test]
fn an_answer_that_is_there_already_wins_over_calling_off_and_over_the_deadline() {
    let server = Simulator::generic();
    let (keep, kept) = mpsc::channel();
    let login = login(&server).browser().open_with(move |url| {
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
    let granted = thread::spawn(|| login.log_in());
    let page = rest_of(kept.recv().unwrap());
    assert_eq!(gist(&page), LOGGED_IN);
    granted.join().unwrap().unwrap();
}

#[test]
fn nobody_listens_when_it_is_over() {
    let server = Simulator::generic();
    for refuses in [false, true] {
        server.user_refuses(refuses);
        let waiting = begin(login(&server).browser());
        let authority = waiting.authority();
        waiting.log_in();
        assert_eq!(waiting.end().is_err(), refuses);
        assert_nobody_listens(&authority);
    }
}

fn assert_nobody_listens(authority: &str) {
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
fn without_a_browser_the_url_is_shown_once_and_the_login_goes_on() {
    let server = Simulator::generic();
    let (shown, urls) = mpsc::channel();
    let login = login(&server)
        .browser()
        .open_with(|_| Err(ErrorKind::NotFound.into()))
        .show(move |url| shown.send(url.to_owned()).unwrap());
    let thread = thread::spawn(move || login.log_in());
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
fn what_cannot_begin_opens_no_browser() {
    let server = Simulator::generic();
    let mut login = login(&server);
    login.client.authorization_endpoint = "nonsense".into();
    let login = login
        .browser()
        .open_with(|_| panic!("a browser was opened"));
    assert!(matches!(login.log_in(), Err(Error::Configuration { .. })));
}

#[test]
fn a_login_that_waits_shows_no_secret() {
    let server = Simulator::generic();
    let mut login = login(&server);
    login.client.client_secret = "c4nary".into();
    let shown = format!("{:?}", login.browser());
    assert!(
        shown.contains("BrowserLogin") && !shown.contains("c4nary"),
        "{shown}"
    );
}
