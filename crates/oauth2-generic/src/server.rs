//! An authorization server: all that is the same for each of its clients.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use auth_core::grant::{JsonResponse, Replay, ResponseFormat};
use auth_core::transport::{HttpTransport, Transport};
use auth_core::{Error, Result, Secret};
use serde_json::json;

use crate::discovery::Discovery;
use crate::json;
use crate::metadata::{self, Endpoint, Metadata};

/// An authorization server: its endpoints, and its differences from the RFCs. Cheap to clone.
///
/// The issuer's URL is all that most programs need to know of a server:
///
/// ```no_run
/// use oauth2_generic::{Client, ClientCredentials, Server, Session, secret};
///
/// let server = Server::discover("https://login.example.com")?;
/// let client = Client::new(server, "batch").secret(secret::env("CLIENT_SECRET"));
/// let session = Session::new(ClientCredentials::new(client));
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
///
/// A server without metadata is described by hand; a function that returns it can be shared by programs:
///
/// ```
/// use oauth2_generic::auth_core::grant::ResponseFormat;
/// use oauth2_generic::{Encoding, Server};
///
/// fn acme() -> Server {
///     Server::new("https://login.acme.example/token")
///         .authorization_endpoint("https://login.acme.example/authorize")
///         .encoding(Encoding::Json)
///         .response(ResponseFormat::new().access_token("data.token"))
/// }
/// # let _ = acme();
/// ```
#[derive(Clone)]
#[must_use]
pub struct Server(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    /// The endpoints that the caller has set, which take precedence over announced ones.
    endpoints: BTreeMap<Endpoint, String>,
    /// The issuer that the caller has set.
    issuer: Option<String>,
    metadata: Option<Metadata>,
    /// The members that the caller ignores.
    ignored: Vec<String>,
    /// `true` if the metadata were found where plain http was allowed.
    allows_http: bool,
    encoding: Encoding,
    /// `true` if the caller has set that a secret belongs into HTTP Basic.
    secret_by_basic: bool,
    response: ResponseFormat,
    replay: Replay,
}

/// Encoding of a request to the token endpoint.
///
/// ```
/// use oauth2_generic::{Encoding, Server};
///
/// let server = Server::new("https://api.example.com/token").encoding(Encoding::Json);
/// # let _ = server;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`, as RFC 6749 requires.
    #[default]
    Form,
    /// A JSON object.
    Json,
}

impl Server {
    /// Fetches the server's metadata (RFC 8414, `OpenID` Connect Discovery), with the default transport.
    ///
    /// `issuer` is written exactly as the server writes it, to the last slash. The document must repeat it, and all
    /// of its URLs must be https, except on this machine: otherwise one server could be sent the users and the secrets
    /// of another. [`Discovery`] finds a document at another URL, and allows plain http in a test network. Redirects
    /// are not followed.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the issuer cannot be one, publishes nothing or redirects; [`Error::Response`] if
    /// the document is of another issuer or unusable; otherwise the transport's error. If several places fail, the most
    /// telling error is returned.
    pub fn discover(issuer: &str) -> Result<Self> {
        Self::discover_with(issuer, &HttpTransport::new())
    }

    /// Fetches the server's metadata with a transport of your own; see [`discover`](Server::discover).
    ///
    /// ```
    /// use oauth2_generic::Server;
    /// use oauth2_generic::testing::CannedTransport;
    ///
    /// // In a test; a program has an `HttpTransport` with the company's proxy and authorities.
    /// let http = CannedTransport::new().json(
    ///     200,
    ///     r#"{"issuer": "https://login.example.com", "token_endpoint": "https://login.example.com/token"}"#,
    /// );
    /// let server = Server::discover_with("https://login.example.com", &http)?;
    /// assert_eq!(server.token_endpoint(), "https://login.example.com/token");
    /// assert_eq!(http.requests()[0].uri().path(), "/.well-known/oauth-authorization-server");
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`discover`](Server::discover).
    pub fn discover_with(issuer: &str, http: &dyn Transport) -> Result<Self> {
        Discovery::new(issuer).discover(http)
    }

    /// Fetches the server's metadata at most once a day, and keeps a copy in a file: a program with a stored login
    /// starts while the server cannot be reached. See [`discover`](Server::discover) and [`Discovery::cache`].
    ///
    /// ```no_run
    /// use oauth2_generic::Server;
    ///
    /// let server = Server::discover_cached("https://login.example.com", "/var/cache/batch/server.json")?;
    /// # let _ = server;
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`discover`](Server::discover), if no copy is left; [`Error::Configuration`] if other users can change the
    /// copy, or if the first copy cannot be written.
    pub fn discover_cached(issuer: &str, file: impl AsRef<Path>) -> Result<Self> {
        let discovery = Discovery::new(issuer).cache(file.as_ref());
        discovery.discover(&HttpTransport::new())
    }

    /// A server without metadata, by its token endpoint (RFC 6749 §3.2).
    ///
    /// A query in the URL is sent along and is not secret: it is part of the identity, which logs show. A key belongs
    /// into [`Client::secret_param`](crate::Client::secret_param).
    pub fn new(token_endpoint: impl Into<String>) -> Self {
        let endpoints = BTreeMap::from([(Endpoint::Token, token_endpoint.into())]);
        Self(Arc::new(Settings {
            endpoints,
            ..Settings::of(None, false)
        }))
    }

    /// A server with this metadata.
    pub(crate) fn announcing(metadata: Metadata, allows_http: bool) -> Self {
        Self(Arc::new(Settings::of(Some(metadata), allows_http)))
    }

    /// Reads the text that [`to_json`](Server::to_json) returned, or a metadata document (RFC 8414). Unknown members
    /// are skipped.
    ///
    /// The text decides where secrets are sent: keep it where no other user can change it.
    ///
    /// ```
    /// use oauth2_generic::Server;
    ///
    /// let server = Server::new("https://login.example.com/token");
    /// let again = Server::from_json(&server.to_json())?;
    /// assert_eq!(again.token_endpoint(), "https://login.example.com/token");
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`] if it is not such a text.
    pub fn from_json(json: &str) -> Result<Self> {
        let unreadable = |error: &Error| {
            Error::configuration(format!("the text is not one of `Server::to_json`: {error}"))
        };
        // Read as a response is, so that both are held to the same rules.
        let document = json::object(json).map_err(|error| unreadable(&error))?;
        Self::read(&document).map_err(|error| unreadable(&error))
    }

    fn read(document: &JsonResponse) -> Result<Self> {
        let own = |name: &str| {
            let text = document.text(&format!("{OWN}.{name}"));
            text.map(|text| text.expose().to_owned())
        };
        let allows_http = document.boolean(&format!("{OWN}.allows_http")) == Some(true);
        let metadata = match document.text("issuer").map(Secret::expose) {
            Some(issuer) => Some(metadata::read(document, issuer, allows_http)?),
            None => None,
        };
        let mut settings = Settings::of(metadata, allows_http);
        settings.issuer = own("issuer");
        for endpoint in Endpoint::ALL {
            if let Some(url) = own(endpoint.name()) {
                settings.endpoints.insert(endpoint, url);
            }
        }
        if settings.metadata.is_none() && settings.endpoints.is_empty() {
            return Err(Error::response(
                "it names neither an issuer nor an endpoint",
            ));
        }
        let ignored = document
            .texts(&format!("{OWN}.ignored"))
            .unwrap_or_default();
        let server = Self(Arc::new(settings));
        Ok(ignored.into_iter().fold(server, Self::ignore_announced))
    }

    /// Returns the server's endpoints and announcements as JSON, to be kept in a place of your own; it holds no secret.
    ///
    /// [`encoding`](Server::encoding), [`secret_by_basic`](Server::secret_by_basic), [`response`](Server::response) and
    /// [`replay`](Server::replay) are not in it: set them again after [`from_json`](Server::from_json).
    #[must_use]
    pub fn to_json(&self) -> String {
        let settings = &*self.0;
        let mut document = match &settings.metadata {
            Some(metadata) => metadata.to_document(),
            None => json!({}),
        };
        let mut own = json!({
            "issuer": settings.issuer,
            "ignored": settings.ignored,
            "allows_http": settings.allows_http,
        });
        for (endpoint, url) in &settings.endpoints {
            own[endpoint.name()] = url.as_str().into();
        }
        document[OWN] = own;
        document.to_string()
    }

    /// Sets another token endpoint than the announced one (RFC 6749 §3.2).
    pub fn with_token_endpoint(self, url: impl Into<String>) -> Self {
        self.with(Endpoint::Token, url.into())
    }

    /// Sets the page where users log in (RFC 6749 §3.1).
    pub fn authorization_endpoint(self, url: impl Into<String>) -> Self {
        self.with(Endpoint::Authorization, url.into())
    }

    /// Sets the endpoint where a login on another device begins (RFC 8628 §3.1).
    pub fn device_authorization_endpoint(self, url: impl Into<String>) -> Self {
        self.with(Endpoint::DeviceAuthorization, url.into())
    }

    /// Sets the endpoint that a login is announced to before the user is sent to it (RFC 9126).
    pub fn pushed_authorization_request_endpoint(self, url: impl Into<String>) -> Self {
        self.with(Endpoint::PushedAuthorizationRequest, url.into())
    }

    /// Sets the endpoint where [`Session::log_out`](auth_core::Session::log_out) ends a login (RFC 7009). Default:
    /// the announced one; without any, a login is only forgotten locally.
    pub fn revocation_endpoint(self, url: impl Into<String>) -> Self {
        self.with(Endpoint::Revocation, url.into())
    }

    /// Sets the endpoint that describes tokens (RFC 7662), for [`Client::introspect`](crate::Client::introspect).
    pub fn introspection_endpoint(self, url: impl Into<String>) -> Self {
        self.with(Endpoint::Introspection, url.into())
    }

    /// Sets the server's name for itself, which a redirect must then repeat as `iss` (RFC 9207). Default: the issuer
    /// that was discovered; without it, `iss` is not checked. Set it if users log in at more than one server.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.set(|settings| settings.issuer = Some(issuer.into()))
    }

    /// Ignores a member of the metadata that the server gets wrong, such as `grant_types_supported`, by its name in
    /// RFC 8414: it counts as not announced. Ignoring `issuer` turns the check of `iss` in a redirect off.
    ///
    /// A name that this crate does not read is an error of each request.
    ///
    /// ```no_run
    /// use oauth2_generic::Server;
    ///
    /// let server = Server::discover("https://login.example.com")?
    ///     .ignore_announced("code_challenge_methods_supported");
    /// # let _ = server;
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    pub fn ignore_announced(self, member: &str) -> Self {
        self.set(|settings| {
            if let Some(metadata) = &mut settings.metadata {
                metadata.ignore(member);
            }
            settings.ignored.push(member.to_owned());
        })
    }

    /// Sets the encoding of requests. Default: a form.
    pub fn encoding(self, encoding: Encoding) -> Self {
        self.set(|settings| settings.encoding = encoding)
    }

    /// Sets that [`Client::secret`](crate::Client::secret) authenticates by HTTP Basic. Default: in the way that the server
    /// announces, and in the body at a server made by hand.
    pub fn secret_by_basic(self) -> Self {
        self.set(|settings| settings.secret_by_basic = true)
    }

    /// Sets the format of token responses. Default: RFC 6749 §5.1.
    pub fn response(self, format: ResponseFormat) -> Self {
        self.set(|settings| settings.response = format)
    }

    /// Sets whether the server documents that a refresh token may be sent again after a lost response. Default: never.
    pub fn replay(self, replay: Replay) -> Self {
        self.set(|settings| settings.replay = replay)
    }

    /// Returns the server's announcements, such as `jwks_uri` for a program that verifies an `id_token`; `None` for a
    /// server that was described by hand.
    #[must_use]
    pub fn metadata(&self) -> Option<&Metadata> {
        self.0.metadata.as_ref()
    }

    /// Returns the token endpoint; empty if the server announces none.
    #[must_use]
    pub fn token_endpoint(&self) -> &str {
        self.url(Endpoint::Token, false).unwrap_or_default()
    }

    /// The URL of an endpoint; with `by_certificate` the one that requests the client's certificate.
    pub(crate) fn url(&self, endpoint: Endpoint, by_certificate: bool) -> Option<&str> {
        if let Some(url) = self.0.endpoints.get(&endpoint) {
            return Some(url);
        }
        let metadata = self.metadata()?;
        let alias = metadata.mtls_alias(endpoint).filter(|_| by_certificate);
        alias.or_else(|| metadata.endpoint(endpoint))
    }

    /// Returns `true` if the caller has set an endpoint to another URL than the server announces.
    pub(crate) fn is_set_by_hand(&self, endpoint: Endpoint) -> bool {
        let set = self.0.endpoints.get(&endpoint).map(String::as_str);
        let metadata = self.metadata();
        let announced = metadata.and_then(|metadata| metadata.endpoint(endpoint));
        let alias = metadata.and_then(|metadata| metadata.mtls_alias(endpoint));
        set.is_some() && set != announced && set != alias
    }

    /// The server's name for itself, where it is to be checked.
    pub(crate) fn name(&self) -> Option<&str> {
        let is_ignored = self.0.ignored.iter().any(|member| member == "issuer");
        let discovered = self.metadata().filter(|_| !is_ignored);
        let discovered = discovered.map(|metadata| metadata.issuer.as_str());
        self.0.issuer.as_deref().or(discovered)
    }

    /// Fails for a setting that cannot be meant.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.issuer.as_deref() == Some("") {
            return Err(Error::configuration(
                "`issuer` is empty; set it or leave it out",
            ));
        }
        let is_unknown = |member: &&String| !Metadata::default().ignore(member);
        match self.0.ignored.iter().find(is_unknown) {
            None => Ok(()),
            Some(member) => Err(Error::configuration(format!(
                "`ignore_announced(\"{}\")`: no member of the metadata that is read has this name",
                member.escape_default()
            ))),
        }
    }

    /// `true` if the server's secrets and users may go over plain http.
    pub(crate) fn allows_http(&self) -> bool {
        self.0.allows_http
    }

    /// Returns `true` if a secret belongs into the body: by default, and where the server announces that and not HTTP
    /// Basic.
    pub(crate) fn takes_secret_in_body(&self) -> bool {
        if self.0.secret_by_basic {
            return false;
        }
        let Some(metadata) = self.metadata() else {
            return true;
        };
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let has = |name: &str| methods.iter().any(|method| method == name);
        has("client_secret_post") && !has("client_secret_basic")
    }

    pub(crate) fn written_as(&self) -> Encoding {
        self.0.encoding
    }

    pub(crate) fn format(&self) -> &ResponseFormat {
        &self.0.response
    }

    pub(crate) fn replays(&self) -> Replay {
        self.0.replay
    }

    fn with(self, endpoint: Endpoint, url: String) -> Self {
        self.set(|settings| {
            settings.endpoints.insert(endpoint, url);
        })
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl Settings {
    fn of(metadata: Option<Metadata>, allows_http: bool) -> Self {
        Self {
            endpoints: BTreeMap::new(),
            issuer: None,
            metadata,
            ignored: Vec::new(),
            allows_http,
            encoding: Encoding::Form,
            secret_by_basic: false,
            response: ResponseFormat::new(),
            replay: Replay::Never,
        }
    }
}

impl fmt::Debug for Server {
    /// Without the queries of its URLs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = |url: &str| {
            let end = url.find(['?', '#', '@']).unwrap_or(url.len());
            url[..end].to_owned()
        };
        f.debug_struct("Server")
            .field("issuer", &self.name().map(bare))
            .field("token_endpoint", &bare(self.token_endpoint()))
            .field("encoding", &self.0.encoding)
            .finish_non_exhaustive()
    }
}

/// The member of [`Server::to_json`] that holds what the server does not announce.
const OWN: &str = "auth_all";
