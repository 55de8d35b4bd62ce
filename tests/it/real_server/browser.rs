//! A browser with somebody in front of it: enough of one to log in and to answer a question.

use std::collections::BTreeMap;

use ureq::http::Response;
use ureq::{Agent, Body};

/// Somebody who logs in when asked to, and then says yes or no.
#[derive(Debug)]
pub(crate) struct Browser {
    agent: Agent,
    cookies: BTreeMap<String, String>,
    username: &'static str,
    password: &'static str,
    /// Whether the client may have what it asks for.
    pub(crate) consents: bool,
}

impl Browser {
    pub(crate) fn new((username, password): (&'static str, &'static str)) -> Self {
        let agent = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .build()
            .into();
        Self {
            agent,
            cookies: BTreeMap::new(),
            username,
            password,
            consents: true,
        }
    }

    /// Opens a page, fills in forms until one leads back to the client, and returns where to.
    pub(crate) fn visit(&mut self, url: &str) -> String {
        let mut answer = self.get(url);
        let mut url = url.to_owned();
        for _ in 0..6 {
            if let Some(location) = header(&answer, "location").pop() {
                if location.starts_with(REDIRECT_URI) {
                    return location;
                }
                url = format!("{}{location}", origin(&url));
                answer = self.get(&url);
            } else {
                assert_eq!(answer.status(), 200, "the page at {}", path(&url));
                let page = answer.body_mut().read_to_string().expect("a page is text");
                answer = self.post(&url, &self.fill_in(&page));
            }
        }
        panic!(
            "the pages never lead back to the client; the last was {}",
            path(&url)
        );
    }

    fn fill_in(&self, page: &str) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        for input in page
            .split("<input")
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
        {
            let Some(name) = attribute(input, "name") else {
                continue;
            };
            let value = match name.as_str() {
                "username" => self.username.to_owned(),
                "password" => self.password.to_owned(),
                "allow" if !self.consents => continue,
                _ => attribute(input, "value").unwrap_or_default(),
            };
            fields.push((name, value));
        }
        fields
    }

    fn get(&mut self, url: &str) -> Response<Body> {
        let answer = self.agent.get(url).header("cookie", self.cookie()).call();
        self.keep_cookies(answer.expect("the page is there"))
    }

    fn post(&mut self, url: &str, fields: &[(String, String)]) -> Response<Body> {
        let fields = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let answer = self
            .agent
            .post(url)
            .header("cookie", self.cookie())
            .send_form(fields);
        self.keep_cookies(answer.expect("the form is answered"))
    }

    fn cookie(&self) -> String {
        let cookies = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        cookies.collect::<Vec<_>>().join("; ")
    }

    fn keep_cookies(&mut self, answer: Response<Body>) -> Response<Body> {
        for cookie in header(&answer, "set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie has a value");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

fn header(answer: &Response<Body>, name: &str) -> Vec<String> {
    let values = answer.headers().get_all(name).iter();
    values
        .map(|value| value.to_str().expect("a header is ASCII").to_owned())
        .collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    let plain = [
        "&quot;", "\"", "&#x27;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&",
    ];
    let unescape = |text: String, pair: &[&str]| text.replace(pair[0], pair[1]);
    Some(plain.chunks(2).fold(value.to_owned(), unescape))
}

fn origin(url: &str) -> &str {
    let path = url
        .match_indices('/')
        .nth(2)
        .map_or(url.len(), |(at, _)| at);
    &url[..path]
}

/// What a failing test may show of a URL.
fn path(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// The redirect URI of every client; nobody listens there.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";
