//! Finds the metadata of an issuer, and says what was found instead.

use std::sync::atomic::{AtomicU16, Ordering};

use auth_core::grant::TokenRequest;
use auth_core::transport::Transport;
use auth_core::{Error, Result};

use crate::authorize::{is_private, query};

use super::{Metadata, reading};

/// [`Metadata::discover`] with settings, for a document that is elsewhere, and for a test network.
///
/// `LinkedIn` publishes its document below a path that is not part of its issuer:
///
/// ```no_run
/// use oauth2_generic::Discovery;
/// use oauth2_generic::auth_core::transport::HttpTransport;
///
/// let server = Discovery::new("https://www.linkedin.com")
///     .at("https://www.linkedin.com/oauth/.well-known/openid-configuration")
///     .discover(&HttpTransport::new())?;
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
///
/// Plain http in a test network takes one more switch for each of the others that carry secrets:
///
/// ```no_run
/// use oauth2_generic::{ClientCredentials, Discovery, Session};
/// use oauth2_generic::auth_core::transport::HttpTransport;
///
/// let http = HttpTransport::new().danger_allow_http(); // requests to the server
/// let server = Discovery::new("http://keycloak:8080/realms/dev").danger_allow_http().discover(&http)?;
/// let session = Session::builder(ClientCredentials { client: server.client("batch") })
///     .transport(http)
///     .danger_allow_http() // requests to an API with the token
///     .build();
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "`discover` asks the server"]
pub struct Discovery {
    issuer: String,
    at: Option<String>,
    allow_http: bool,
}

impl Discovery {
    /// Begins with an issuer, written exactly as the server writes it, to the last slash.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            at: None,
            allow_http: false,
        }
    }

    /// Sets the URL of the document, for a server that does not publish it below its issuer; it may have a query.
    /// Default: the places of RFC 8414 and of OpenID Connect. The document must name the issuer anyway.
    pub fn at(mut self, url: impl Into<String>) -> Self {
        self.at = Some(url.into());
        self
    }

    /// Allows plain http for the issuer, its document and its endpoints, at any host, `localhost` and the names of a
    /// container network included. Every machine on the way can then read and change them. Default: https, but for
    /// `127.0.0.1` and `[::1]`.
    ///
    /// A client of the metadata has [`danger_allow_http_login`](crate::Client::danger_allow_http_login) set. Requests
    /// to the server take [`HttpTransport::danger_allow_http`](auth_core::transport::HttpTransport::danger_allow_http) too,
    /// and requests with a token [`Builder::danger_allow_http`](auth_core::SessionBuilder::danger_allow_http).
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Asks the server what it announces.
    ///
    /// # Errors
    /// As [`Metadata::discover`].
    pub fn discover(&self, http: &dyn Transport) -> Result<Metadata> {
        let mut best: Option<Failure> = None;
        for url in self.places()? {
            let failure = match self.look(&url, http) {
                Ok(metadata) => return Ok(metadata),
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
        let watched = |request| {
            let answer = http.send(request)?;
            status.store(answer.status().as_u16(), Ordering::Relaxed);
            Ok(answer)
        };
        let endpoint = url.split('?').next().unwrap_or_default();
        let mut request = TokenRequest::query(endpoint);
        for (name, value) in query(url) {
            request = request.param(name, value);
        }
        let reply = request.ask(&watched);
        let reply = reply.map_err(|error| Failure {
            found: Found::instead(status.load(Ordering::Relaxed), &error),
            error,
        })?;
        let is_metadata = reply.text("issuer").or(reply.text("token_endpoint"));
        let found = if is_metadata.is_some() {
            Found::Unusable
        } else {
            Found::Else
        };
        let metadata = reading::read(&reply, &self.issuer, self.allow_http);
        metadata.map_err(|error| Failure { found, error })
    }

    /// Where the document may be.
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
                "has a query, a fragment or a user name; it is a host and a path, and a document whose URL has a \
                 query is named with `Discovery::at`",
            );
        }
        if self.issuer.contains("/.well-known/") {
            return problem(
                "is what stands before `/.well-known/`; the URL of a document is for `Discovery::at`",
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

    /// What is told of the most telling failure.
    fn error(&self, failure: Failure) -> Error {
        match failure.found {
            Found::Nothing => self.nothing(""),
            Found::Denied(status) => self.nothing(&format!(" (the server answers {status})")),
            Found::Redirect(status) => Error::configuration(format!(
                "the server answers with a redirect ({status}) where the metadata of the issuer should be, and it is \
                 not followed; {}",
                self.advice("ask for the issuer to which it leads")
            )),
            _ => failure.error,
        }
    }

    fn nothing(&self, why: &str) -> Error {
        if self.at.is_some() {
            return Error::configuration(format!(
                "there is no metadata at the URL of `Discovery::at`{why}; check it, or set the endpoints by hand"
            ));
        }
        Error::configuration(format!(
            "the issuer publishes no metadata{why}; {}",
            self.advice("check it, it is what stands before `/.well-known/`")
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

/// What was there instead, the more telling the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    /// The server says that nothing is there, in whatever words.
    Nothing,
    /// The server, or a firewall before it, shows it to those alone whom it knows.
    Denied(u16),
    /// JSON that is something else.
    Else,
    /// A page for people, or noise.
    Page,
    Redirect(u16),
    /// A server that fails or is busy.
    Failing,
    /// No answer: the next place is no nearer.
    NoAnswer,
    /// Metadata, of another issuer, or with an endpoint that cannot be used.
    Unusable,
}

impl Found {
    /// `status` is that of the answer; 0 if none came.
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
