//! Finds the metadata of an issuer, and reports what was found instead.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, SystemTime};

use auth_core::clock::{Clock, SystemClock};
use auth_core::grant::TokenRequest;
use auth_core::http::Response;
use auth_core::transport::Transport;
use auth_core::{Error, Result};

use crate::files::{self, Closed};
use crate::metadata::{self, Metadata};
use crate::place::{is_private, query};
use crate::server::Server;
use crate::watched::Watched;

/// [`Server::discover`] with settings: a document at another URL, a copy in a file, a test network.
///
/// `LinkedIn` publishes its document below a path that is not part of its issuer:
///
/// ```no_run
/// use oauth2_generic::Discovery;
/// use oauth2_generic::transport::HttpTransport;
///
/// let server = Discovery::new("https://www.linkedin.com")
///     .at("https://www.linkedin.com/oauth/.well-known/openid-configuration")
///     .discover(&HttpTransport::new())?;
/// # let _ = server;
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "`discover` sends the request"]
pub struct Discovery {
    issuer: String,
    at: Option<String>,
    cache: Option<PathBuf>,
    allow_http: bool,
}

impl Discovery {
    /// Begins with an issuer, written exactly as the server writes it, to the last slash.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            at: None,
            cache: None,
            allow_http: false,
        }
    }

    /// Sets the URL of the document, for a server that does not publish it below its issuer; it may have a query.
    /// Default: the places of RFC 8414 and of `OpenID` Connect. The document must name the issuer anyway.
    pub fn at(mut self, url: impl Into<String>) -> Self {
        self.at = Some(url.into());
        self
    }

    /// Keeps a copy of the server's metadata in a file, which is used for a day instead of the network, and for longer
    /// while the server does not return usable metadata. Default: none.
    ///
    /// Missing directories are made. The file is written as a whole, for this user alone, and is an error if other
    /// users can change it: it decides where secrets are sent. A damaged copy, or that of another issuer, is replaced.
    pub fn cache(mut self, file: impl Into<PathBuf>) -> Self {
        self.cache = Some(file.into());
        self
    }

    /// Allows plain http for the issuer, its document and its endpoints, at any host, `localhost` and the names of a
    /// container network included. Every machine on the way can then read and change them. Default: https, except for
    /// `127.0.0.1` and `[::1]`.
    ///
    /// Users may then log in over plain http, too. Requests to the server need
    /// [`HttpTransportBuilder::danger_allow_http`](auth_core::transport::HttpTransportBuilder::danger_allow_http), and requests with a token
    /// [`SessionBuilder::danger_allow_http`](auth_core::SessionBuilder::danger_allow_http).
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Returns the server, from the copy or from its metadata.
    ///
    /// # Errors
    /// As [`Server::discover`], if no copy is left; [`Error::Configuration`] if other users can change the copy, or if
    /// the first copy cannot be written.
    pub fn discover(&self, http: &dyn Transport) -> Result<Server> {
        let places = self.places()?;
        let Some(file) = &self.cache else {
            return self.fetch(&places, http);
        };
        let copy = self.read_copy(file)?;
        if let Some((server, age)) = &copy
            && *age < LIFETIME
        {
            return Ok(server.clone());
        }
        let server = match (self.fetch(&places, http), copy) {
            (Ok(server), Some(_)) => {
                // The next start tries again; this one has all that it needs.
                let _ = files::replace(file, &server.to_json());
                server
            }
            (Ok(server), None) => {
                files::replace(file, &server.to_json())?;
                server
            }
            (Err(_), Some((old, _))) => old,
            (Err(error), None) => return Err(error),
        };
        Ok(server)
    }

    /// The copy of this issuer's metadata and its age, if the file holds one.
    fn read_copy(&self, file: &Path) -> Result<Option<(Server, Duration)>> {
        let Some((text, written)) = files::read(file, Closed::ToWriters)? else {
            return Ok(None);
        };
        let server = Server::from_json(text.expose()).ok();
        let server = server.filter(|server| {
            let is_of_issuer = |metadata: &Metadata| metadata.issuer == self.issuer;
            server.metadata().is_some_and(is_of_issuer) && server.allows_http() == self.allow_http
        });
        // A copy of the future has any age.
        let now = SystemTime::from(SystemClock::new().now().wall);
        let age = now.duration_since(written).unwrap_or(Duration::MAX);
        Ok(server.map(|server| (server, age)))
    }

    fn fetch(&self, places: &[String], http: &dyn Transport) -> Result<Server> {
        let mut best: Option<Failure> = None;
        for url in places {
            let failure = match self.look(url, http) {
                Ok(metadata) => return Ok(Server::announcing(metadata, self.allow_http)),
                Err(failure) => failure,
            };
            let ends = matches!(failure.found, Found::NoAnswer);
            if best.as_ref().is_none_or(|best| best.found < failure.found) {
                best = Some(failure);
            }
            if ends {
                break;
            }
        }
        Err(best.map_or_else(|| self.nothing(""), |failure| self.error(failure)))
    }

    fn look(&self, url: &str, http: &dyn Transport) -> std::result::Result<Metadata, Failure> {
        let status = AtomicU16::new(0);
        // The status counts, whatever is made of the body.
        let watched = Watched::new(http, |response: &Response<Vec<u8>>| {
            status.store(response.status().as_u16(), Ordering::Relaxed);
        });
        let endpoint = url.split('?').next().unwrap_or_default();
        let mut request = TokenRequest::query(endpoint);
        for (name, value) in query(url) {
            request = request.param(name, value);
        }
        let document = request.fetch(&watched);
        let document = document.map_err(|error| Failure {
            found: Found::instead(status.load(Ordering::Relaxed), &error),
            error,
        })?;
        let is_metadata = document.text("issuer").or(document.text("token_endpoint"));
        let found = if is_metadata.is_some() {
            Found::Unusable
        } else {
            Found::Else
        };
        let metadata = metadata::read(&document, &self.issuer, self.allow_http);
        metadata.map_err(|error| Failure { found, error })
    }

    /// The URLs that the document may be at.
    ///
    /// RFC 8414 §3.1 puts its path between host and path of the issuer, OpenID Connect Discovery §4 behind it; servers
    /// mix the two (RFC 8414 §5 knows of it, and Better Auth publishes only the third of these).
    fn places(&self) -> Result<Vec<String>> {
        let problem = |what: &str| Err(Error::configuration(format!("the issuer {what}")));
        if !self.issuer.bytes().all(|byte| byte.is_ascii_graphic()) {
            return problem(
                "has a line break, a space or a character that is not ASCII in it; remove it",
            );
        }
        if !is_private(&self.issuer, self.allow_http) {
            return problem(
                "is not a URL that begins with https://; plain http is for 127.0.0.1 and [::1], and for a test \
                 network with `Discovery::danger_allow_http`",
            );
        }
        if let Some(url) = &self.at {
            return self.check_place(url).map(|()| vec![url.clone()]);
        }
        if self.issuer.contains(['?', '#', '@']) {
            return problem(
                "has a query, a fragment or a user name; it is a host and a path, and a document whose URL has a query \
                 is for `Discovery::at`",
            );
        }
        if self.issuer.contains("/.well-known/") {
            return problem(
                "ends before `/.well-known/`; the URL of a document is for `Discovery::at`",
            );
        }
        let base = self.issuer.strip_suffix('/').unwrap_or(&self.issuer);
        let after_scheme = base.find("://").map_or(0, |at| at + 3);
        let path = base[after_scheme..]
            .find('/')
            .map_or(base.len(), |at| after_scheme + at);
        let (origin, path) = base.split_at(path);
        let mut places = vec![
            format!("{origin}{RFC_8414}{path}"),
            format!("{base}{OPENID}"),
        ];
        if !path.is_empty() {
            places.push(format!("{base}{RFC_8414}"));
            places.push(format!("{origin}{OPENID}{path}"));
        }
        Ok(places)
    }

    fn check_place(&self, url: &str) -> Result<()> {
        if is_private(url, self.allow_http) && !url.contains(['#', '@']) {
            return Ok(());
        }
        Err(Error::configuration(
            "the URL of `Discovery::at` is not one that begins with https://, or it has a fragment or a user name; \
             plain http is for 127.0.0.1 and [::1], and for a test network with `Discovery::danger_allow_http`",
        ))
    }

    /// The error of the most telling failure.
    fn error(&self, failure: Failure) -> Error {
        match failure.found {
            Found::Nothing => self.nothing(""),
            Found::Denied(status) => self.nothing(&format!(" (the server returns {status})")),
            Found::Redirect(status) => Error::configuration(format!(
                "the server returns a redirect ({status}) where the metadata of the issuer should be, and it is \
                 not followed; {}",
                self.advice("ask for the issuer to which it leads")
            )),
            _ => failure.error,
        }
    }

    fn nothing(&self, why: &str) -> Error {
        if self.at.is_some() {
            return Error::configuration(format!(
                "no metadata is at the URL of `Discovery::at`{why}; check it, or set the endpoints by hand"
            ));
        }
        Error::configuration(format!(
            "the issuer publishes no metadata{why}; {}",
            self.advice("check it, it ends before `/.well-known/`")
        ))
    }

    fn advice(&self, first: &str) -> String {
        if self.at.is_some() {
            return "name the place to which it leads with `Discovery::at`, or set the endpoints by hand".into();
        }
        format!(
            "{first}, or name the place of the document with `Discovery::at`, or set the endpoints by hand"
        )
    }
}

/// A place without usable metadata.
struct Failure {
    found: Found,
    error: Error,
}

/// Finding instead of metadata; the later, the more telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    /// The server has nothing at this URL, in whatever words.
    Nothing,
    /// The server, or a firewall before it, requires credentials.
    Denied(u16),
    /// JSON that is not metadata.
    Else,
    /// A page for people, or noise.
    Page,
    Redirect(u16),
    /// A server that fails or is busy.
    Failing,
    /// No response: the next place would fail, too.
    NoAnswer,
    /// Metadata, of another issuer, or with an endpoint that cannot be used.
    Unusable,
}

impl Found {
    /// `status` is that of the response; 0 if none arrived.
    fn instead(status: u16, error: &Error) -> Self {
        match status {
            0 => Self::NoAnswer,
            300..=399 => Self::Redirect(status),
            401 | 403 => Self::Denied(status),
            408 | 425 | 429 | 500.. => Self::Failing,
            _ if matches!(error, Error::Response(_)) && status < 300 => Self::Page,
            _ => Self::Nothing,
        }
    }
}

const RFC_8414: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";
/// The time for which a copy is used without another look at the server.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
