//! When the URL is shown.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use auth_core::clock::Clock;
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_sim::Simulator;
use oauth2_generic::BrowserLogin;

use super::{LOGGED_IN, Waiting, gist, login};

/// Seconds until the URL is shown to a user who never returns.
fn shown_after(
    opened: fn() -> io::Result<()>,
    deadline: u64,
    set: fn(BrowserLogin) -> BrowserLogin,
) -> Option<u64> {
    let (server, clock) = (Simulator::generic(), ManualClock::new());
    let shown = Arc::new(Mutex::new(None));
    let (begun, watch, told) = (clock.now(), clock.clone(), Arc::clone(&shown));
    let login = login(&server)
        .open_with(move |_| opened())
        .show(move |url| {
            assert!(url.contains("/authorize?"), "{url}");
            *told.lock().unwrap() = Some(watch.now().since(begun).as_secs());
        })
        .deadline(Duration::from_secs(deadline))
        .clock(clock);
    let http = HttpTransport::new();
    set(login).exchange(&http).unwrap_err();
    let shown = shown.lock().unwrap();
    *shown
}

/// A text browser, a forwarded display and a dead session all report success.
#[test]
fn the_url_is_shown_if_no_browser_returns() {
    let opened = || Ok(());
    assert_eq!(shown_after(opened, 300, |login| login), Some(10));
    assert_eq!(shown_after(opened, 20, |login| login), Some(10));
}

#[test]
fn the_url_is_shown_before_a_short_deadline() {
    assert_eq!(shown_after(|| Ok(()), 2, |login| login), Some(1));
}

#[test]
fn the_url_is_shown_at_once_if_asked_for() {
    let shown = shown_after(|| Ok(()), 300, BrowserLogin::always_show);
    assert_eq!(shown, Some(0));
    let failed = || Err(ErrorKind::NotFound.into());
    assert_eq!(shown_after(failed, 300, |login| login), Some(0));
}

/// A text browser returns when the user closes it.
#[test]
fn an_opener_that_runs_on_is_not_waited_for() {
    let server = Simulator::generic();
    let (opened, urls) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let ended = Mutex::new(ended);
    let login = login(&server).open_with(move |url| {
        opened.send(url.to_owned()).unwrap();
        ended.lock().unwrap().recv().map_err(io::Error::other)
    });
    let thread = thread::spawn(move || login.exchange(&HttpTransport::new()));
    let url = urls.recv().unwrap();
    let waiting = Waiting { url, thread };
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    waiting.end().unwrap();
    drop(end);
}
