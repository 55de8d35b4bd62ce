//! A browser with somebody in front of it: enough of one to log in and to answer a question.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on says where; that is all that these do about it"
)]

use std::collections::BTreeMap;

use ureq::http::Response;
use ureq::{Agent, Body};

/// Somebody who logs in when asked to, and then says yes or no: forms and cookies, no script.
#[derive(Debug)]
pub struct Browser {
    cookies: BTreeMap<String, String>,
    username: &'static str,
    password: &'static str,
    /// What a device shows.
    user_code: String,
    /// Whether the client may have what it asks for.
    pub consents: bool,
    /// Where it is, and what stands there.
    url: String,
    page: String,
}

/// Where a click leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Led {
    /// To a page of the same server.
    On,
    /// To another server, the client's; it is not asked.
    Elsewhere(String),
    /// Nowhere: the page asks nothing.
    Nowhere,
}

impl Browser {
    /// Somebody with a name and a password, who says yes.
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

    /// Opens a page, fills in forms until one leads back to the client, and returns where to.
    pub fn visit(&mut self, url: &str) -> String {
        match self.walk(url) {
            Led::Elsewhere(url) => url,
            _ => panic!("the pages never lead back; the last: {}", self.page),
        }
    }

    /// Enters a code at a URL, and returns the page that says what came of it.
    pub fn enter(&mut self, user_code: &str, url: &str) -> String {
        self.knows(user_code);
        match self.walk(url) {
            Led::Elsewhere(url) => panic!("the pages lead away, to {}", path(&url)),
            _ => self.page.clone(),
        }
    }

    /// Opens a page, by way of as many others of its server as send there.
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

    /// Is shown the code of a device, to be entered where it is asked for.
    pub fn knows(&mut self, user_code: &str) {
        user_code.clone_into(&mut self.user_code);
    }

    /// What the page is called.
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
        let answer = agent().get(url).header("cookie", self.cookie()).call();
        self.keep_cookies(answer.expect("the page is there"))
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

/// Made anew for each request, for `ureq` may be built with a jar, and then it would send its own cookies, too.
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
