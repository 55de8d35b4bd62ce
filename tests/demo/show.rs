//! Output of the demonstration: steps, and under each step the requests that it took.

use std::fmt::Debug;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use auth_all::agent::ureq;
use auth_all::http::{Request, Response};
use auth_all::transport::{HttpTransport, Transport};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Result of a step: a sentence for the reader, or what was expected instead.
pub(crate) type Outcome = Result<String, String>;

/// Prints steps and counts them.
#[derive(Default)]
pub(crate) struct Show {
    steps: usize,
    failed: usize,
}

impl Show {
    pub(crate) fn heading(&self, name: &str, about: &str) {
        println!("\n{name}: {about}\n");
    }

    /// Runs a step and prints its requests and its outcome.
    pub(crate) fn step(&mut self, name: &str, wire: &Wire, play: impl FnOnce() -> Outcome) {
        let outcome = play();
        self.steps += 1;
        self.failed += usize::from(outcome.is_err());
        let (mark, text) = match &outcome {
            Ok(text) => ("ok", text),
            Err(text) => ("FAIL", text),
        };
        let words: Vec<_> = text.split(' ').map(str::to_owned).collect();
        let mut lines = wire.take();
        lines.extend(wrap("=>", &words));
        let mut margin = format!("{mark:6}{name:14}");
        for line in lines {
            println!("{margin}{line}");
            margin = " ".repeat(20);
        }
    }

    /// Prints how many steps succeeded.
    pub(crate) fn close(&self) -> ExitCode {
        let Self { steps, failed, .. } = self;
        if *steps > 0 {
            println!("\n{steps} steps, {} ok, {failed} failed", steps - failed);
        }
        ExitCode::from(u8::from(*failed > 0))
    }
}

/// The real transport, which records a line per message for the next step's output.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<(usize, Vec<String>)>>);

impl Wire {
    /// Fails if the step took a different number of requests.
    pub(crate) fn expect(&self, requests: usize) -> Result<(), String> {
        expect("requests", &self.with(|(count, _)| *count), &requests)
    }

    /// Calls an API with an agent that signs by this header, or with the header if there is no agent.
    pub(crate) fn call(
        &self,
        agent: Option<ureq::Agent>,
        url: &str,
        header: &str,
    ) -> Result<(u16, String), String> {
        let sends = agent.is_none();
        let agent = agent.unwrap_or_else(ureq::Agent::new_with_defaults);
        let mut request = agent.get(url).config().http_status_as_error(false).build();
        if sends {
            request = request.header("authorization", header);
        }
        let failed = |error| format!("the API did not respond: {error}");
        let mut response = request.call().map_err(failed)?;
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_string().map_err(failed)?;
        let line = format!("GET /{}", url.splitn(4, '/').nth(3).unwrap_or_default());
        let sent = vec![field("authorization", header)];
        self.note(&line, &sent, &status.to_string(), &fields(body.as_bytes()));
        Ok((status, body))
    }

    fn note(&self, line: &str, sent: &[String], status: &str, received: &[String]) {
        self.with(|(count, lines)| {
            *count += 1;
            lines.extend(wrap(line, sent));
            lines.extend(wrap(status, received));
        });
    }

    fn take(&self) -> Vec<String> {
        self.with(std::mem::take).1
    }

    fn with<R>(&self, work: impl FnOnce(&mut (usize, Vec<String>)) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Wire {
    fn send(&self, request: Request<Vec<u8>>) -> auth_all::Result<Response<Vec<u8>>> {
        let line = format!("{} {}", request.method(), request.uri().path());
        let mut sent = fields(request.uri().query().unwrap_or_default().as_bytes());
        sent.extend(fields(request.body()));
        for name in ["authorization", "companyurl"] {
            let value = request.headers().get(name).and_then(|it| it.to_str().ok());
            sent.extend(value.map(|value| field(name, value)));
        }
        let response = HttpTransport::new().send(request)?;
        let received = fields(response.body());
        self.note(&line, &sent, response.status().as_str(), &received);
        Ok(response)
    }
}

pub(crate) fn expect<T: PartialEq + Debug>(what: &str, got: &T, wanted: &T) -> Result<(), String> {
    match got == wanted {
        true => Ok(()),
        false => Err(format!("expected {what}: {wanted:?}, got {got:?}")),
    }
}

/// Returns the members of JSON, one level deep, or the fields of a form or query, or the first line of a text.
fn fields(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let mut fields: Vec<String> = Vec::new();
    if let Ok(Value::Object(members)) = serde_json::from_str(&text) {
        fields.extend(members.iter().filter_map(|(name, value)| match value {
            Value::String(text) => Some(field(name, text)),
            Value::Array(_) | Value::Object(_) => None,
            other => Some(format!("{name}={other}")),
        }));
    } else if text.contains('=') && !text.contains(char::is_whitespace) {
        for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = value.replace('+', " ");
            fields.push(field(name, &percent_decode_str(&value).decode_utf8_lossy()));
        }
    } else {
        fields.extend(text.lines().next().map(cut));
    }
    fields.truncate(8);
    fields
}

/// Formats a field: secrets are hidden, and of a token only the end is shown, enough to tell it from the next.
fn field(name: &str, value: &str) -> String {
    let end = |token: &str| {
        let letters: Vec<char> = token.trim_end_matches('=').chars().collect();
        format!(
            "…{}",
            letters.iter().rev().take(5).rev().collect::<String>()
        )
    };
    let shown = match (name, value.strip_prefix("Bearer ")) {
        ("authorization", Some(token)) => format!("Bearer {}", end(token)),
        ("authorization", None) => "Basic ***".to_owned(),
        ("password" | "client_secret" | "cs" | "as", _) => "***".to_owned(),
        ("scope" | "token_type" | "token_type_hint", _) => value.to_owned(),
        (name, _) if name.contains("token") || name.contains("code") => end(value),
        _ => cut(value),
    };
    format!("{name}={shown}")
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Wraps a first word and the words after it in lines of 80 columns.
fn wrap(first: &str, words: &[String]) -> Vec<String> {
    let (indent, between) = if first == "=>" { (3, 1) } else { (5, 2) };
    let mut lines = Vec::new();
    let mut line = format!("{first:width$}", width = indent - between);
    for word in words {
        if line.chars().count() + between + word.chars().count() > 80 {
            lines.push(line);
            line = " ".repeat(indent - between);
        }
        line = format!("{line}{:between$}{word}", "");
    }
    lines.push(line);
    lines
}
