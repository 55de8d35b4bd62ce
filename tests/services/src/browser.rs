//! A browser and its user: enough of both to log in and to consent.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a failure panics with its place in the test"
)]

use std::collections::BTreeMap;

use ureq::http::Response;
use ureq::{Agent, Body};

/// A user who logs in when asked, and then consents or refuses: forms and cookies, no script.
#[derive(Debug)]
pub struct Browser {
    cookies: BTreeMap<String, String>,
    username: &'static str,
    password: &'static str,
    /// The code that a device shows.
    user_code: String,
    /// `true` if the user consents to the client's request.
    pub consents: bool,
    /// The URL of the current page.
    url: String,
    page: String,
}

/// The target of a click.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Led {
    /// A page of the same server.
    On,
    /// A URL of another server, the client's; it is not requested.
    Elsewhere(String),
    /// None: the page has no form.
    Nowhere,
}

impl Browser {
    /// Creates a user with a name and a password, who consents.
    pub fn new((username, password): (&'static str, &'static str)) -> Self {
        Self {
            cookies: BTreeMap::new(),
            username,
            password,
            user_code: String::new(),
            consents: true,
            url: String::new(),
            page: String::new(),
        }
    }

    /// Opens a page, fills in forms until one leads back to the client, and returns that URL.
    pub fn visit(&mut self, url: &str) -> String {
        match self.walk(url) {
            Led::Elsewhere(url) => url,
            _ => panic!("the pages never lead back; the last: {}", self.page),
        }
    }

    /// Enters a code at a URL, and returns the page with the result.
    pub fn enter(&mut self, user_code: &str, url: &str) -> String {
        self.knows(user_code);
        match self.walk(url) {
            Led::Elsewhere(url) => panic!("the pages lead away, to {}", path(&url)),
            _ => self.page.clone(),
        }
    }

    /// Opens a page, following redirects within its server.
    pub fn open(&mut self, url: &str) -> Led {
        let answer = self.get(url);
        self.follow(url.to_owned(), answer)
    }

    /// Fills in the form of the page and sends it.
    pub fn answer(&mut self) -> Led {
        let Some((_, form)) = self.page.split_once("<form") else {
            return Led::Nowhere;
        };
        let tag = form.split('>').next().unwrap_or_default();
        let url = join(&self.url, &attribute(tag, "action").unwrap_or_default());
        let fields = self.fill_in(form);
        let answer = self.post(&url, &fields);
        self.follow(url, answer)
    }

    /// Sets the code of a device, to be entered where a page requires it.
    pub fn knows(&mut self, user_code: &str) {
        user_code.clone_into(&mut self.user_code);
    }

    /// Returns the title of the page.
    pub fn title(&self) -> &str {
        let rest = self.page.split_once("<title>").map(|(_, rest)| rest);
        let title = rest.and_then(|rest| rest.split("</title>").next());
        title.unwrap_or(&self.page)
    }

    fn walk(&mut self, url: &str) -> Led {
        let mut led = self.open(url);
        for _ in 0..12 {
            match led {
                Led::On => led = self.answer(),
                end => return end,
            }
        }
        panic!("the pages have no end; the last was {}", path(&self.url));
    }

    fn follow(&mut self, mut url: String, mut answer: Response<Body>) -> Led {
        for _ in 0..12 {
            let Some(location) = header(&answer, "location").pop() else {
                let status = answer.status();
                self.page = answer.body_mut().read_to_string().expect("a page is text");
                assert_eq!(status, 200, "the page at {}: {}", path(&url), self.page);
                self.url = url;
                return Led::On;
            };
            let next = join(&url, &location);
            if origin(&next) != origin(&url) {
                return Led::Elsewhere(next);
            }
            url = next;
            answer = self.get(&url);
        }
        panic!("the redirects have no end; the last was {}", path(&url));
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
        // Of two buttons with names, the first one consents.
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
        let answer = agent().get(url).header("cookie", self.cookie()).call();
        self.keep_cookies(answer.expect("the page is served"))
    }

    fn post(&mut self, url: &str, fields: &[(String, String)]) -> Response<Body> {
        let pairs = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let answer = agent()
            .post(url)
            .header("cookie", self.cookie())
            .send_form(pairs);
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

/// Creates an agent for each request: `ureq` may be built with a cookie jar, and would send its cookies too.
fn agent() -> Agent {
    Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .into()
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

/// Resolves a link on a page.
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

/// Returns the part of a URL that a failing test may show.
fn path(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}
