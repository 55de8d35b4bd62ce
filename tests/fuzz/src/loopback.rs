//! Requests to the port of a browser login: none ends it or delays it but its own redirect.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use auth_core::clock::{Clock, Moment, SystemClock};
use auth_core::grant::TokenResponse;
use auth_core::{Result, Secret};
use oauth2_generic::{BrowserLogin, Client, Server};

use crate::holds::{ACCESS_TOKEN, CLIENT_SECRET, CODE, is_quiet};
use crate::tokens::{TOKEN, URL};
use crate::wire::{Answers, pieces};

/// Requests, one per connection, and then the redirect. `STATE` and `PORT` stand for the login's own.
pub(crate) fn loopback(input: &[u8]) {
    let (opened, urls) = mpsc::channel();
    let server = Server::new(URL).authorization_endpoint("https://as.example/authorize");
    let client = Client::new(server, "app").secret(Secret::new(CLIENT_SECRET));
    let login = BrowserLogin::new(client)
        .clock(Impatient(SystemClock::new()))
        .deadline(LONGEST)
        .open_with(move |url| {
            let _ = opened.send(url.to_owned());
            Ok(())
        });
    let answers = Answers::of(Vec::new()).then(TOKEN);
    let outcome = thread::scope(|scope| {
        let waiting = scope.spawn(|| login.exchange(&answers));
        let url = urls.recv_timeout(LONGEST).expect("a URL to open");
        let (state, port) = (parameter(&url, "state"), port(&url));
        for request in pieces(input) {
            let request = replaced(request, b"STATE", state.as_bytes());
            let request = replaced(&request, b"PORT", port.to_string().as_bytes());
            if let Some(page) = sent(port, &request) {
                is_page(&page, &state);
            }
        }
        let redirect = format!(
            "GET /callback?code={CODE}&state={state} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
        );
        let _ = sent(port, redirect.as_bytes());
        waiting.join().expect("no panic")
    });
    is_over(&outcome, input);
}

/// Asserts that the login ended by its own redirect, which only a request with its state can forestall.
fn is_over(outcome: &Result<TokenResponse>, input: &[u8]) {
    let has_state = input.windows(5).any(|window| window == b"STATE");
    match outcome {
        Ok(tokens) => assert_eq!(tokens.access_token.expose(), ACCESS_TOKEN),
        Err(error) => {
            let shown = is_quiet(error, &[CLIENT_SECRET]);
            assert!(has_state, "ended by a stranger: {shown}");
        }
    }
}

/// Asserts that a page is whole, and shows neither the code nor the state.
fn is_page(page: &[u8], state: &str) {
    let page = String::from_utf8_lossy(page);
    assert!(page.is_empty() || page.starts_with("HTTP/1.1 "), "{page}");
    assert!(!page.contains(state) && !page.contains(CODE), "{page}");
}

/// Sends bytes over a connection of its own and returns what comes back, if it was accepted.
fn sent(port: u16, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(LONGEST)).unwrap();
    // The other side may have read enough, and closed.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut page = Vec::new();
    let _ = stream.read_to_end(&mut page);
    Some(page)
}

fn parameter(url: &str, name: &str) -> String {
    let (_, rest) = url.split_once(&format!("&{name}=")).expect(name);
    rest.split('&').next().unwrap_or_default().to_owned()
}

/// The port in `redirect_uri=http%3A%2F%2F127.0.0.1%3A8400%2Fcallback`.
fn port(url: &str) -> u16 {
    let uri = parameter(url, "redirect_uri").replace("%3A", ":");
    let port = uri.rsplit(':').next().unwrap_or_default();
    port.split('%').next().unwrap_or_default().parse().unwrap()
}

fn replaced(bytes: &[u8], word: &[u8], by: &[u8]) -> Vec<u8> {
    let mut result = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(word.len()).position(|window| window == word) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(by);
        rest = &rest[at + word.len()..];
    }
    result.extend_from_slice(rest);
    result
}

/// The machine's clock, with naps instead of pauses.
#[derive(Debug)]
struct Impatient(SystemClock);

impl Clock for Impatient {
    fn now(&self) -> Moment {
        self.0.now()
    }

    fn sleep(&self, wait: Duration) {
        thread::park_timeout(wait / 100);
    }
}

const LONGEST: Duration = Duration::from_secs(20);
