//! A browser with somebody in front of it: enough of one to log in and to answer a question.

use std::collections::BTreeMap;

use oauth2_generic::PendingDevice;
use ureq::http::Response;
use ureq::{Agent, Body};

/// Somebody who logs in when asked to, and then says yes or no.
#[derive(Debug)]
pub(crate) struct Browser {
    agent: Agent,
    cookies: BTreeMap<String, String>,
    username: &'static str,
    password: &'static str,
    /// What a device shows.
    user_code: String,
    /// Whether the client may have what it asks for.
    pub(crate) consents: bool,
}

/// Where a walk through the pages of a server ends.
enum End {
    /// On a page without a form.
    Page(String),
    /// At another server: the client's.
    Elsewhere(String),
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
            user_code: String::new(),
            consents: true,
        }
    }

    /// Opens a page, fills in forms until one leads back to the client, and returns where to.
    pub(crate) fn visit(&mut self, url: &str) -> String {
        match self.walk(url) {
            End::Elsewhere(url) => url,
            End::Page(page) => panic!("the pages never lead back to the client; the last: {page}"),
        }
    }

    /// Enters the code of a device, and returns the page that says what came of it.
    pub(crate) fn connect(&mut self, device: &PendingDevice) -> String {
        self.enter(device.user_code(), device.verification_uri())
    }

    /// Enters a code at a URL, and returns the page that says what came of it.
    pub(crate) fn enter(&mut self, user_code: &str, url: &str) -> String {
        user_code.clone_into(&mut self.user_code);
        match self.walk(url) {
            End::Page(page) => page,
            End::Elsewhere(url) => panic!("the pages lead away, to {}", path(&url)),
        }
    }

    fn walk(&mut self, url: &str) -> End {
        let server = origin(url).to_owned();
        let mut url = url.to_owned();
        let mut answer = self.get(&url);
        for _ in 0..12 {
            if let Some(location) = header(&answer, "location").pop() {
                url = join(&url, &location);
                if origin(&url) != server {
                    return End::Elsewhere(url);
                }
                answer = self.get(&url);
                continue;
            }
            let status = answer.status();
            let page = answer.body_mut().read_to_string().expect("a page is text");
            assert_eq!(status, 200, "the page at {}: {page}", path(&url));
            let Some((_, form)) = page.split_once("<form") else {
                return End::Page(page);
            };
            let tag = form.split('>').next().unwrap_or_default();
            url = join(&url, &attribute(tag, "action").unwrap_or_default());
            answer = self.post(&url, &self.fill_in(form));
        }
        panic!("the pages have no end; the last was {}", path(&url));
    }

    fn fill_in(&self, form: &str) -> Vec<(String, String)> {
        let form = form.split("</form").next().unwrap_or_default();
        let mut fields = Vec::new();
        for input in form
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
                "user_code" => self.user_code.clone(),
                "allow" if !self.consents => continue,
                _ => attribute(input, "value").unwrap_or_default(),
            };
            fields.push((name, value));
        }
        // Of two buttons with a name the first says yes.
        let mut buttons = form.split("<button").skip(1).filter_map(|rest| {
            let tag = rest.split('>').next()?;
            Some((attribute(tag, "name")?, attribute(tag, "value")?))
        });
        let button = if self.consents {
            buttons.next()
        } else {
            buttons.last()
        };
        fields.extend(button);
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
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
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

/// Where a link on a page leads to.
fn join(page: &str, link: &str) -> String {
    if link.is_empty() {
        page.to_owned()
    } else if link.starts_with('/') {
        format!("{}{link}", origin(page))
    } else {
        link.to_owned()
    }
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
