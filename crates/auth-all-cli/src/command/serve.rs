//! `auth-all serve`: hands tokens to programs and containers, over a Unix socket.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, PoisonError};

use auth_all::http::header::{ALLOW, HeaderName};
use auth_all::http::{HeaderValue, Method, StatusCode};
use auth_all::{Secret, Session};
use log::debug;

use crate::args;
use crate::failure::{Failure, Result};
use crate::format::{Format, Names};
use crate::http::{Body, Head, Refusal, Reply, Rules, Service};
use crate::listen::{Listener, Place, Shown};
use crate::profile::Profile;
use crate::signal::Stop;
use crate::{notify, output};

use super::proxy::retry_after;
use super::{Context, replace};

/// Profiles whose tokens are handed out.
struct Tokens {
    context: Context,
    rules: Rules,
    sessions: BTreeMap<String, Mutex<Option<Session>>>,
}

pub(super) fn run(context: Context, options: &args::Serve) -> Result<()> {
    if matches!(options.listen, Place::Tcp(_)) {
        let words = "--listen: tokens are handed out on a Unix socket, which the system protects: unix:PATH";
        return Err(Failure::usage(words));
    }
    for name in &options.profiles {
        context.config.profile(Some(name))?;
    }
    let known = context.config.profiles().map(|profile| &profile.name);
    let is_served = |name: &&String| options.profiles.is_empty() || options.profiles.contains(name);
    let sessions = known
        .filter(is_served)
        .map(|name| (name.clone(), Mutex::default()));
    let sessions: BTreeMap<_, _> = sessions.collect();
    if sessions.is_empty() {
        let known = context.config.known();
        return Err(Failure::configuration(format!(
            "there is no profile {known}"
        )));
    }
    let stop = Stop::listen()?;
    let listener = Listener::open(&options.listen)?;
    let names: Vec<_> = sessions.keys().map(String::as_str).collect();
    let shown = format!("{}: {}", Shown(&options.listen), names.join(", "));
    output::say(&format!("auth-all: {shown}"));
    notify::ready(&shown);
    let tokens = Arc::new(Tokens {
        context,
        rules: Rules::default(),
        sessions,
    });
    let finished = listener.run(Arc::clone(&tokens), options.connections, &stop);
    // Stores what is not stored yet.
    drop(tokens);
    finished
}

impl Service for Tokens {
    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn answer(&self, head: Head, body: &mut Body<'_, '_>, reply: &mut Reply<'_>) -> io::Result<()> {
        let path = head.target.path();
        if path == "/healthz" {
            return reply.text(StatusCode::OK, &[], "ok\n");
        }
        if head.headers.get(HEADER).is_none_or(|value| value != "1") {
            return reply.refuse(&Refusal::new(
                StatusCode::FORBIDDEN,
                "a request for a token has the header `Auth-All: 1`",
            ));
        }
        let (method, name) = match path.strip_prefix("/v1/token/") {
            Some(name) => (Method::GET, name),
            None => match path.strip_prefix("/v1/rejected/") {
                Some(name) => (Method::POST, name),
                None => return unknown(reply),
            },
        };
        let Some(held) = self.sessions.get(name) else {
            return unknown(reply);
        };
        if head.method != method {
            let allowed =
                HeaderValue::from_static(if method == Method::GET { "GET" } else { "POST" });
            let words = format!("auth-all: the method is {method}\n");
            return reply.text(StatusCode::METHOD_NOT_ALLOWED, &[(ALLOW, allowed)], &words);
        }
        let rejected = match method {
            Method::GET => None,
            _ => match text(body)? {
                Ok(text) => Some(text),
                Err(refusal) => return reply.refuse(&refusal),
            },
        };
        let result = self.result(name, held, rejected.as_ref());
        debug!(
            "{name}: {method} {}",
            if result.is_ok() { "done" } else { "failed" }
        );
        match result {
            Ok(Some(json)) => reply.typed(StatusCode::OK, &[], "application/json", json.expose()),
            Ok(None) => reply.text(StatusCode::NO_CONTENT, &[], ""),
            Err(failure) => {
                let status = match failure.is_temporary() {
                    true => StatusCode::SERVICE_UNAVAILABLE,
                    false => StatusCode::BAD_GATEWAY,
                };
                reply.text(status, &retry_after(&failure), &failure.text())
            }
        }
    }
}

impl Tokens {
    /// The token as JSON; or nothing, after a token was replaced.
    fn result(
        &self,
        name: &str,
        held: &Mutex<Option<Session>>,
        rejected: Option<&Secret>,
    ) -> Result<Option<Secret>> {
        let profile = self.context.config.profile(Some(name))?;
        let session = self.session(profile, held)?;
        if rejected.is_some() {
            return replace(&session, rejected, profile).map(|_| None);
        }
        let token = session.token().map_err(|error| profile.failed(&error))?;
        let names = Names {
            profile: name,
            header: profile.header(),
            variable: "",
        };
        Ok(Some(Format::Json.of(&token, names)))
    }

    /// The session of a profile, which its first request opens: a profile that is wrong leaves the others alone.
    fn session(&self, profile: &Profile, held: &Mutex<Option<Session>>) -> Result<Session> {
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = &*held {
            return Ok(session.clone());
        }
        let session = self.context.session(profile)?;
        *held = Some(session.clone());
        Ok(session)
    }
}

/// Reads the rejected token.
fn text(body: &mut Body<'_, '_>) -> io::Result<std::result::Result<Secret, Refusal>> {
    let mut text = String::with_capacity(LONGEST_TOKEN);
    let read = body.take(LONGEST_TOKEN as u64).read_to_string(&mut text);
    let text = Secret::new(text);
    Ok(match read {
        Err(_) => match body.fault() {
            Some(fault) => Err(Refusal::new(fault.status, fault.words.clone())),
            None => Err(Refusal::bad("the body is not a text")),
        },
        Ok(LONGEST_TOKEN) => Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "a token has less than 64 KiB",
        )),
        Ok(_) if text.expose().trim().is_empty() => Err(Refusal::bad("the body has no token")),
        Ok(_) => Ok(text),
    })
}

fn unknown(reply: &mut Reply<'_>) -> io::Result<()> {
    let words = "auth-all: there are GET /v1/token/PROFILE and POST /v1/rejected/PROFILE\n";
    reply.text(StatusCode::NOT_FOUND, &[], words)
}

/// No web page can send it, and no other client does by accident.
const HEADER: HeaderName = HeaderName::from_static("auth-all");
const LONGEST_TOKEN: usize = 64 * 1024;
