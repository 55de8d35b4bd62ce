//! A client over a plain socket that sends exactly what a test passes, right or wrong.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use auth_sim::Simulator;
use serde_json::Value;

/// A response, parsed.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// Returns a member that is a string.
    pub(crate) fn text(&self, member: &str) -> String {
        self.json()[member]
            .as_str()
            .unwrap_or_else(|| panic!("no {member}: {self:?}"))
            .to_owned()
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
    }
}

/// Sends the request and reads until the simulator closes; fails if the response is not HTTP.
pub(crate) fn try_send(
    simulator: &Simulator,
    request_line: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Reply> {
    let bytes = exchange(simulator, request_line, headers, body)?;
    parse(&bytes).ok_or_else(|| io::Error::other("not an HTTP answer"))
}

pub(crate) fn send(
    simulator: &Simulator,
    request_line: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    try_send(simulator, request_line, headers, body).unwrap()
}

/// Returns all bytes until the simulator closes.
pub(crate) fn exchange(
    simulator: &Simulator,
    request_line: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Vec<u8>> {
    let mut stream = open(simulator, request_line, headers, body)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Sends the request, and leaves the response to be read by the caller.
pub(crate) fn open(
    simulator: &Simulator,
    request_line: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(simulator.url().trim_start_matches("http://"))?;
    let mut text = format!("{request_line} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes())?;
    Ok(stream)
}

/// Encodes these fields as a form.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric();
        let part = |byte: u8| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        };
        text.bytes().map(part).collect()
    };
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Encodes these members as a JSON object.
pub(crate) fn json(members: &[(&str, &str)]) -> String {
    let pairs = members
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    Value::Object(pairs.collect()).to_string()
}

/// Returns the fields except this one.
pub(crate) fn without<'a>(fields: &[(&'a str, &'a str)], name: &str) -> Vec<(&'a str, &'a str)> {
    fields
        .iter()
        .copied()
        .filter(|(own, _)| *own != name)
        .collect()
}

/// Returns the fields with the value of one changed.
pub(crate) fn with<'a>(
    fields: &[(&'a str, &'a str)],
    name: &'a str,
    value: &'a str,
) -> Vec<(&'a str, &'a str)> {
    let mut changed = without(fields, name);
    changed.push((name, value));
    changed
}

pub(crate) fn api(simulator: &Simulator, request_line: &str, token: &str) -> Reply {
    send(
        simulator,
        request_line,
        &[("Authorization", &format!("Bearer {token}"))],
        "",
    )
}

fn parse(bytes: &[u8]) -> Option<Reply> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| {
        line.split_once(": ")
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    });
    Some(Reply {
        status,
        headers: headers.collect(),
        body: body.to_owned(),
    })
}

pub(crate) const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/json");
