//! `auth-all proxy`: signs the requests of programs that know no OAuth, and sends them to the API.

mod forward;
mod route;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use auth_all::Secret;
use auth_all::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
};
use auth_all::http::uri::Uri;
use auth_all::http::{HeaderValue, StatusCode};
use auth_all::transport::Origin;

use crate::args;
use crate::failure::{Failure, Result};
use crate::http::{Body, Head, Reply, Rules, Service, is_preflight};
use crate::listen::{Listener, Place, Shown};
use crate::signal::Stop;
use crate::{notify, output};

use super::Context;
pub(super) use forward::retry_after;
use route::Route;

/// Routes to APIs.
struct Proxy {
    rules: Rules,
    routes: Vec<Route>,
}

pub(super) fn run(context: &Context, options: &args::Proxy) -> Result<()> {
    let place = place(options)?;
    let routes = routes(context, options)?;
    let mut rules = Rules {
        hosts: None,
        origins: origins(&options.allow_origin)?,
        key: options.key_file.as_deref().map(key).transpose()?,
    };
    let stop = Stop::listen()?;
    let listener = Listener::open(place)?;
    // With a key, clients name an address that others see in their own way.
    if place.is_local() {
        rules.hosts = listener.hosts();
    }
    let place = listener.place();
    let shown = Shown(&place);
    for route in &routes {
        output::say(&format!(
            "auth-all: {shown}{}/ -> {}",
            route.prefix, route.origin
        ));
    }
    notify::ready(&format!("{} routes on {shown}", routes.len()));
    let proxy = Arc::new(Proxy { rules, routes });
    let finished = listener.run(Arc::clone(&proxy), options.connections, &stop);
    // Stores what is not stored yet.
    drop(proxy);
    finished
}

impl Service for Proxy {
    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn answer(&self, head: Head, body: &mut Body<'_, '_>, reply: &mut Reply<'_>) -> io::Result<()> {
        if head.target.path() == "/healthz" {
            return reply.text(StatusCode::OK, &[], "ok\n");
        }
        if !self.rules.origins.is_empty() && is_preflight(&head) {
            return preflight(&head, reply);
        }
        let found = self.routes.iter().find_map(|route| {
            let target = route.target(&head.target)?;
            Some((route, target))
        });
        match found {
            Some((route, target)) => forward::forward(route, target, head, body, reply),
            None => {
                let known: Vec<_> = self.routes.iter().map(|it| it.prefix.as_str()).collect();
                let known = known.join("/, ");
                let words = format!("auth-all: no route has this path; they are {known}/\n");
                reply.text(StatusCode::NOT_FOUND, &[], &words)
            }
        }
    }
}

/// Allows what the page of an allowed origin asks for.
fn preflight(head: &Head, reply: &mut Reply<'_>) -> io::Result<()> {
    let mut fields = vec![(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"))];
    for (asked, allowed) in [
        (ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_ALLOW_METHODS),
        (ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_ALLOW_HEADERS),
    ] {
        if let Some(value) = head.headers.get(asked) {
            fields.push((allowed, value.clone()));
        }
    }
    reply.text(StatusCode::NO_CONTENT, &fields, "")
}

fn place(options: &args::Proxy) -> Result<&Place> {
    match &options.danger_listen {
        Some(place) => Ok(place),
        None if options.listen.is_local() => Ok(&options.listen),
        None => {
            let shown = Shown(&options.listen);
            Err(Failure::usage(format!(
                "{shown}: other machines reach this address, and every request there spends your token"
            ))
            .advice("use 127.0.0.1, or --danger-listen with --key-file"))
        }
    }
}

fn routes(context: &Context, options: &args::Proxy) -> Result<Vec<Route>> {
    let mut routes: Vec<Route> = Vec::new();
    for words in &options.routes {
        // A URL alone may have a `=` in its query, which is not shown.
        let parts = words.split_once('=');
        let parts = parts.filter(|(name, _)| !name.contains("://"));
        let (name, url) = parts.ok_or_else(|| {
            Failure::usage("a route is PROFILE=URL, such as orders=https://api.example.com")
        })?;
        let origin = origin(url).ok_or_else(|| {
            Failure::usage(format!(
                "{name}: the URL of a route is an origin, https://HOST[:PORT], without a path"
            ))
        })?;
        if routes.iter().any(|route| route.profile == name) {
            let words =
                format!("{name}: a profile has one route; start another proxy for the other");
            return Err(Failure::usage(words));
        }
        let profile = context.config.profile(Some(name))?;
        let session = profile.session_for(context.config.store.open()?, Some(&origin))?;
        let prefix = match options.routes.len() {
            1 => String::new(),
            _ => format!("/{name}"),
        };
        routes.push(Route::new(
            profile,
            &session,
            origin,
            prefix,
            options.timeout,
        )?);
    }
    Ok(routes)
}

/// The origin that is all of a URL.
fn origin(url: &str) -> Option<Origin> {
    let uri: Uri = url.parse().ok()?;
    let is_origin =
        matches!(uri.path(), "" | "/") && uri.query().is_none() && !url.contains(['@', '#']);
    Origin::of(&uri).filter(|_| is_origin)
}

/// The origins of web pages, as browsers write them.
fn origins(texts: &[String]) -> Result<Vec<String>> {
    let written = texts.iter().map(|text| match origin(text) {
        Some(origin) => Ok(origin.to_string()),
        None => Err(Failure::usage(
            "--allow-origin: a page's origin is like http://localhost:3000, without a path",
        )),
    });
    written.collect()
}

/// Reads the key that clients must show.
fn key(file: &Path) -> Result<Secret> {
    let shown = file.display();
    let failed = |words: &str| Failure::configuration(format!("--key-file: {shown}: {words}"));
    let text = fs::read_to_string(file).map_err(|error| failed(&error.to_string()))?;
    let text = Secret::new(text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(file).map_or(0, |found| found.permissions().mode());
        if mode & 0o007 != 0 {
            let failure = failed("every user of this machine can read or change it");
            return Err(failure.advice(format!("run: chmod o= {shown}")));
        }
    }
    let key = text.expose().trim();
    let is_key = key.len() >= SHORTEST_KEY && key.bytes().all(|byte| byte.is_ascii_graphic());
    match is_key {
        true => Ok(Secret::new(key)),
        false => Err(
            failed("a key has 16 letters, digits and signs at least").advice(format!(
                "run: (umask 077; head -c 24 /dev/urandom | base64 > {shown})"
            )),
        ),
    }
}

const SHORTEST_KEY: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_route_is_an_origin() {
        for url in [
            "https://api.example.com",
            "https://api.example.com:8443/",
            "http://127.0.0.1:1",
        ] {
            assert!(origin(url).is_some(), "{url}");
        }
        for url in [
            "",
            "api.example.com",
            "https://api.example.com/v1",
            "https://api.example.com?a",
            "https://api.example.com#a",
            "https://ann@api.example.com",
            "ftp://api.example.com",
        ] {
            assert!(origin(url).is_none(), "{url}");
        }
    }
}
