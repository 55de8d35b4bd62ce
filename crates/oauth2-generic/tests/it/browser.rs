//! A login with a browser, from outside: a plain client in place of the browser, and a simulator in place of the
//! server.

mod answers; // consent, refusals, and the session that follows
mod codes; // the code is traded before the page says that the user is logged in
mod connections; // slow, silent and too many connections, and the end of their threads
mod endings; // deadline, cancellation, and what is left afterwards
mod others; // strangers at the port
mod pages; // heads and contents of pages
mod ports; // the redirect URI, and the port that it leads to
mod shown; // when the URL is shown
mod strays; // requests that are not the response, on the page and in the error

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use auth_core::agent::ureq;
use auth_core::clock::{Clock, Moment};
use auth_core::grant::TokenResponse;
use auth_core::testing::ManualClock;
use auth_core::transport::{HttpTransport, Transport};
use auth_core::{Result, Session};
use auth_sim::Simulator;
use auth_sim::generic::PUBLIC_CLIENT_ID;
use oauth2_generic::{BrowserLogin, Client, Server};

/// The simulator, as a client sets it.
fn endpoints(server: &Simulator) -> Server {
    Server::new(server.token_url())
        .authorization_endpoint(format!("{}/authorize", server.url()))
        .issuer(server.url())
}

/// A client of the simulator.
fn client(server: &Simulator) -> Client {
    Client::new(endpoints(server), PUBLIC_CLIENT_ID)
}

fn login(server: &Simulator) -> BrowserLogin {
    BrowserLogin::new(client(server))
}

/// A session that begins with the tokens of a login.
fn session(server: &Simulator, tokens: TokenResponse) -> Session {
    let session = Session::builder(login(server).grant()).tokens(tokens);
    session.build().unwrap()
}

/// A login that waits, on a thread of its own, for its browser.
struct Waiting {
    /// The URL that the browser was opened with.
    url: String,
    thread: JoinHandle<Result<TokenResponse>>,
}

fn begin(login: BrowserLogin) -> Waiting {
    begin_with(login, HttpTransport::new())
}

fn begin_with(login: BrowserLogin, http: impl Transport + 'static) -> Waiting {
    let (opened, urls) = mpsc::channel();
    let login = login.open_with(move |url| {
        opened.send(url.to_owned()).unwrap();
        Ok(())
    });
    let thread = thread::spawn(move || login.exchange(&http));
    match urls.recv() {
        Ok(url) => Waiting { url, thread },
        Err(_) => panic!("no browser was opened: {:?}", thread.join().unwrap()),
    }
}

impl Waiting {
    /// A parameter of the URL, decoded.
    fn parameter(&self, name: &str) -> String {
        let (_, rest) = self.url.split_once(&format!("{name}=")).unwrap();
        let value = rest.split('&').next().unwrap();
        value
            .replace("%3A", ":")
            .replace("%2F", "/")
            .replace("%3F", "?")
            .replace("%3D", "=")
            .replace("%5B", "[")
            .replace("%5D", "]")
    }

    /// `http://127.0.0.1:PORT`
    fn origin(&self) -> String {
        let uri = self.parameter("redirect_uri");
        let host = "http://".len();
        let end = uri[host..].find(['/', '?']);
        uri[..end.map_or(uri.len(), |end| host + end)].to_owned()
    }

    fn authority(&self) -> String {
        self.origin().replace("http://", "")
    }

    /// Logs in at the server. Returns the URL that it sends the browser to.
    fn location(&self) -> String {
        located(&self.url)
    }

    /// Logs in at the server and returns. Returns the page.
    fn log_in(&self) -> String {
        self.get(&self.location())
    }

    fn get(&self, url: &str) -> String {
        let target = url
            .strip_prefix(&self.origin())
            .expect("it leads to this login");
        let slash = if target.starts_with('/') { "" } else { "/" };
        self.send(&format!(
            "GET {slash}{target} HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.authority()
        ))
    }

    /// Sends these bytes. Returns the response.
    fn send(&self, bytes: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes.as_bytes()).unwrap();
        rest_of(stream)
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.authority()).unwrap()
    }

    fn end(self) -> Result<TokenResponse> {
        self.thread.join().unwrap()
    }
}

fn located(url: &str) -> String {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .max_redirects(0)
        .build()
        .into();
    let answer = agent.get(url).call().unwrap();
    answer.headers()["location"].to_str().unwrap().to_owned()
}

fn rest_of(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A clock that the test moves, while the login continues to work.
#[derive(Debug)]
struct Patient(ManualClock);

impl Clock for Patient {
    fn now(&self) -> Moment {
        self.0.now()
    }

    fn sleep(&self, _: Duration) {
        thread::yield_now();
    }
}

/// Status and title of a response.
fn gist(answer: &str) -> (&str, &str) {
    let status = answer
        .strip_prefix("HTTP/1.1 ")
        .unwrap()
        .split("\r\n")
        .next()
        .unwrap();
    let title = answer.split("<title>").nth(1).unwrap_or_default();
    (status, title.split("</title>").next().unwrap())
}

const LOGGED_IN: (&str, &str) = ("200 OK", "You are logged in");
const FAILED: (&str, &str) = ("200 OK", "The login failed");
