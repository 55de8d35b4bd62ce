//! An API that keeps its requests, and a session whose tokens are `t1`, `t2` and so on.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use auth_core::agent::ureq::{self, Body};
use auth_core::grant::{Identity, Policy, TokenRequest};
use auth_core::http::Response;
use auth_core::{Grant, Result, Secret, Session, SessionBuilder, transport};

/// An API on this machine that keeps its connections open.
pub(super) struct Api {
    url: String,
    visits: Arc<Mutex<Vec<Visit>>>,
    connections: Arc<AtomicUsize>,
}

/// One request as the API saw it.
#[derive(Clone, Debug, Default)]
pub(super) struct Visit {
    /// Method and target.
    pub(super) line: String,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Api {
    /// An API that answers each request with a head of [`answer`] or [`redirect`].
    pub(super) fn start(answer: impl Fn(&Visit) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let api = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            visits: Arc::default(),
            connections: Arc::default(),
        };
        let (visits, connections) = (Arc::clone(&api.visits), Arc::clone(&api.connections));
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (visits, answer) = (Arc::clone(&visits), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut reader = BufReader::new(stream);
                    while let Some(visit) = Visit::read(&mut reader) {
                        let mut text = answer(&visit);
                        if visit.line.starts_with("HEAD") {
                            let head = text.find("\r\n\r\n").unwrap() + 4;
                            text.truncate(head);
                        }
                        visits.lock().unwrap().push(visit);
                        if reader.get_mut().write_all(text.as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        api
    }

    /// An API that takes every token.
    pub(super) fn content() -> Self {
        Self::start(|_| answer(200))
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub(super) fn visits(&self) -> Vec<Visit> {
        self.visits.lock().unwrap().clone()
    }

    /// The requests that came, each with its `Authorization`.
    pub(super) fn heard(&self) -> Vec<String> {
        let heard = |visit: &Visit| format!("{} {}", visit.line, visit.header("authorization"));
        self.visits().iter().map(heard).collect()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Visit {
    /// A header; empty if it did not come.
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(it, _)| it == name);
        found.map_or("", |(_, value)| value)
    }

    /// 200 with this `Authorization`, and 401 without.
    pub(super) fn status(&self, authorization: &str) -> u16 {
        if self.header("authorization") == authorization {
            200
        } else {
            401
        }
    }

    pub(super) fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap()
    }

    fn read(reader: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut visit = Self::default();
        let mut line = String::new();
        while reader.read_line(&mut line).ok()? > 0 {
            let text = line.trim_end();
            if text.is_empty() {
                visit.body = body(&visit, reader)?;
                return Some(visit);
            }
            match text.split_once(": ") {
                Some((name, value)) => visit
                    .headers
                    .push((name.to_ascii_lowercase(), value.to_owned())),
                None => visit.line = text.strip_suffix(" HTTP/1.1").unwrap().to_owned(),
            }
            line.clear();
        }
        None
    }
}

/// A body with a length, or in chunks.
fn body(visit: &Visit, reader: &mut BufReader<TcpStream>) -> Option<String> {
    if visit.header("transfer-encoding") != "chunked" {
        let mut body = vec![0; visit.header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        return String::from_utf8(body).ok();
    }
    let mut text = String::new();
    while !text.ends_with("\r\n0\r\n\r\n") {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        text += std::str::from_utf8(&line).unwrap();
    }
    Some(text)
}

pub(super) fn answer(status: u16) -> String {
    format!("HTTP/1.1 {status} \r\nContent-Length: 2\r\n\r\nok")
}

pub(super) fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} \r\nLocation: {location}\r\nContent-Length: 5\r\n\r\nmoved")
}

/// A client of these APIs.
pub(super) struct Batch {
    apis: Vec<String>,
    change: Box<dyn Fn(Policy) -> Policy + Send + Sync>,
}

impl Batch {
    pub(super) fn of(apis: &[&Api]) -> Self {
        Self {
            apis: apis.iter().map(|api| api.url().to_owned()).collect(),
            change: Box::new(|policy| policy),
        }
    }

    /// Changes its policy.
    pub(super) fn with(self, change: impl Fn(Policy) -> Policy + Send + Sync + 'static) -> Self {
        Self {
            change: Box::new(change),
            ..self
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Batch").field(&self.apis).finish()
    }
}

impl Grant for Batch {
    fn identity(&self) -> Identity {
        Identity::new("batch")
    }

    fn policy(&self) -> Policy {
        (self.change)(self.apis.iter().fold(Policy::for_client(), Policy::api))
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let request = TokenRequest::form("https://login.example.com/token");
        Ok(request.secret("client_secret", Secret::new("s3cret")))
    }
}

/// A session's settings, whose tokens are `t1`, `t2` and so on, and their number.
pub(super) fn builder(batch: Batch) -> (SessionBuilder, Arc<AtomicUsize>) {
    let given = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&given);
    let issue = transport::from_fn(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        let body =
            format!(r#"{{"access_token":"t{number}","token_type":"Bearer","expires_in":3600}}"#);
        Ok(Response::new(body.into()))
    });
    (Session::builder(batch).transport(issue), given)
}

pub(super) fn session(apis: &[&Api]) -> (Session, Arc<AtomicUsize>) {
    let (builder, given) = builder(Batch::of(apis));
    (builder.build().unwrap(), given)
}

pub(super) fn count(given: &AtomicUsize) -> usize {
    given.load(Ordering::SeqCst)
}

pub(super) fn status(outcome: std::result::Result<Response<Body>, ureq::Error>) -> u16 {
    match outcome {
        Ok(answer) => answer.status().as_u16(),
        Err(ureq::Error::StatusCode(status)) => status,
        Err(error) => panic!("{error}"),
    }
}
