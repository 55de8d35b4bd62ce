//! A route: a profile, the origin of its API, and the paths that lead there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use auth_all::Session;
use auth_all::agent::agent_with;
use auth_all::agent::ureq::Agent;
use auth_all::http::header::HeaderName;
use auth_all::http::uri::{Authority, PathAndQuery, Scheme};
use auth_all::http::{HeaderValue, Uri};
use auth_all::transport::Origin;

use crate::failure::{Failure, Result};
use crate::profile::Profile;
use crate::{notify, output};

/// A route.
pub(super) struct Route {
    pub(super) profile: String,
    /// The beginning of its paths; empty if it is the only route.
    pub(super) prefix: String,
    pub(super) origin: Origin,
    /// The header that carries the token.
    pub(super) header: HeaderName,
    pub(super) agent: Agent,
    scheme: Scheme,
    authority: Authority,
    /// The last request had no token.
    has_failed: AtomicBool,
}

impl Route {
    pub(super) fn new(
        profile: &Profile,
        session: &Session,
        origin: Origin,
        prefix: String,
        timeout: Duration,
    ) -> Result<Self> {
        let wrong = || Failure::configuration(format!("{}: the header is not valid", profile.name));
        let base: Uri = origin.to_string().parse().map_err(|_| wrong())?;
        let base = base.into_parts();
        let agent = agent_with(session, |config| {
            config
                .http_status_as_error(false)
                .max_redirects(0)
                .allow_non_standard_methods(true)
                // The client's, or none.
                .user_agent("")
                .accept("")
                .accept_encoding("")
                .timeout_recv_response(Some(timeout))
                .timeout_per_read(Some(timeout))
                .max_idle_connections(MOST_IDLE)
                .max_idle_connections_per_host(MOST_IDLE)
                .input_buffer_size(BUFFER)
                .max_response_header_size(BUFFER - 1)
                .output_buffer_size(BUFFER)
        });
        Ok(Self {
            profile: profile.name.clone(),
            header: profile.header().parse().map_err(|_| wrong())?,
            scheme: base.scheme.ok_or_else(wrong)?,
            authority: base.authority.ok_or_else(wrong)?,
            prefix,
            origin,
            agent,
            has_failed: AtomicBool::new(false),
        })
    }

    /// The path and query at the API, if this route has the path.
    pub(super) fn target(&self, target: &PathAndQuery) -> Option<PathAndQuery> {
        if self.prefix.is_empty() {
            return Some(target.clone());
        }
        let rest = target.as_str().strip_prefix(&self.prefix)?;
        match rest.bytes().next() {
            Some(b'/') => rest.parse().ok(),
            None | Some(b'?') => format!("/{rest}").parse().ok(),
            Some(_) => None,
        }
    }

    /// The URL at the API.
    pub(super) fn url(&self, target: PathAndQuery) -> Option<Uri> {
        let builder = Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone());
        builder.path_and_query(target).build().ok()
    }

    /// A `Location` at the API, as a path of this proxy; `None` if it stays as it is.
    pub(super) fn location(&self, value: &HeaderValue) -> Option<HeaderValue> {
        let text = value.to_str().ok()?;
        let (reference, fragment) = match text.find('#') {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let path = if reference.starts_with("//") {
            self.path(&format!("{}:{reference}", self.scheme))?
        } else if reference.starts_with('/') {
            reference.to_owned()
        } else {
            self.path(reference)?
        };
        let path = match self.prefix.as_str() {
            // Two slashes would begin a host.
            "" if path.starts_with("//") => format!("/.{path}"),
            prefix => format!("{prefix}{path}"),
        };
        format!("{path}{fragment}").parse().ok()
    }

    /// Path and query of a URL at the API.
    fn path(&self, url: &str) -> Option<String> {
        let uri: Uri = url.parse().ok()?;
        let is_here = Origin::of(&uri).as_ref() == Some(&self.origin);
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        is_here.then(|| match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("/{path}"),
        })
    }

    /// Prints a failure, once until a request succeeds.
    pub(super) fn set_failed(&self, failure: &Failure) {
        if !self.has_failed.swap(true, Ordering::Relaxed) {
            output::say(failure.text().trim_end());
            notify::status(failure.words());
        }
    }

    pub(super) fn set_working(&self) {
        if self.has_failed.load(Ordering::Relaxed) && self.has_failed.swap(false, Ordering::Relaxed)
        {
            let words = format!("{}: works again", self.profile);
            output::say(&format!("auth-all: {words}"));
            notify::status(&words);
        }
    }
}

/// Connections to the API that wait for the next request.
const MOST_IDLE: usize = 128;
/// A response's head fits; a connection has two.
const BUFFER: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn route(prefix: &str) -> Route {
        let text = "[profile.orders]\ntoken_endpoint = \"https://login.example.com/token\"\n\
                    grant = \"client_credentials\"\nclient_id = \"batch\"\n";
        let config = Config::of_text("test", text).unwrap();
        let profile = config.profile(Some("orders")).unwrap();
        let session = auth_all::testing::session("abc");
        let origin = Origin::of(&"https://api.example.com".parse().unwrap()).unwrap();
        Route::new(
            profile,
            &session,
            origin,
            prefix.to_owned(),
            Duration::from_secs(1),
        )
        .unwrap()
    }

    #[test]
    fn a_prefix_is_removed_from_the_path() {
        let route = route("/orders");
        let target = |text: &str| {
            let target = route.target(&text.parse().unwrap())?;
            route.url(target).map(|url| url.to_string())
        };
        for (path, url) in [
            ("/orders/v1?a=b", "https://api.example.com/v1?a=b"),
            ("/orders/", "https://api.example.com/"),
            ("/orders", "https://api.example.com/"),
            ("/orders?a", "https://api.example.com/?a"),
            (
                "/orders//evil.example/",
                "https://api.example.com//evil.example/",
            ),
        ] {
            assert_eq!(target(path).as_deref(), Some(url), "{path}");
        }
        for path in ["/", "/order", "/orders2", "/ordersx/v1", "//orders/"] {
            assert_eq!(target(path), None, "{path}");
        }
    }

    #[test]
    fn the_only_route_has_every_path() {
        let route = route("");
        for path in ["/", "/v1?a=b", "//evil.example/", "/@evil.example/"] {
            let url = route
                .url(route.target(&path.parse().unwrap()).unwrap())
                .unwrap();
            assert_eq!(url.to_string(), format!("https://api.example.com{path}"));
            assert_eq!(url.host(), Some("api.example.com"));
        }
    }

    #[test]
    fn a_location_at_the_api_becomes_one_of_the_proxy() {
        let at = |prefix: &str, location: &str| {
            let value = HeaderValue::from_str(location).unwrap();
            let found = route(prefix).location(&value);
            found.map(|value| value.to_str().unwrap().to_owned())
        };
        for (location, alone, one_of_several) in [
            (
                "https://api.example.com/v1?a#b",
                "/v1?a#b",
                "/orders/v1?a#b",
            ),
            ("https://API.example.com:443", "/", "/orders/"),
            ("//api.example.com/v1", "/v1", "/orders/v1"),
            ("/v1", "/v1", "/orders/v1"),
            (
                "https://api.example.com//evil.example/",
                "/.//evil.example/",
                "/orders//evil.example/",
            ),
        ] {
            assert_eq!(at("", location).as_deref(), Some(alone), "{location}");
            assert_eq!(
                at("/orders", location).as_deref(),
                Some(one_of_several),
                "{location}"
            );
        }
        for location in [
            "https://other.example/v1",
            "http://api.example.com/v1",
            "//other.example/v1",
            "v1",
            "?page=2",
            "",
        ] {
            assert_eq!(at("/orders", location), None, "{location}");
        }
    }
}
