//! Recorded requests, for tests to count and quote.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A request as it arrived, and the status of its response.
///
/// Faulted requests are recorded too, so that a test can count and quote everything a client sent.
/// `Debug` shows all of it: the secrets of a simulator are not secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct Received {
    /// The method, in upper case.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query without its `?`, still encoded; empty if there is none.
    pub query: String,
    /// The headers in the order of their arrival, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as bytes.
    pub body: Vec<u8>,
    /// The status of the response; `None` while the response is held back, and forever if the
    /// connection was closed without one.
    pub status: Option<u16>,
    /// `true` if the token endpoint refused the request, whatever the status. A fault that responds in the
    /// simulator's place is not a refusal.
    pub refused: bool,
}

impl Received {
    /// Returns the first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the body decoded as a form, in order; empty if it is not UTF-8.
    pub fn form(&self) -> Vec<(String, String)> {
        std::str::from_utf8(&self.body)
            .map(decode_form)
            .unwrap_or_default()
    }

    /// Returns the query, decoded, in order.
    #[must_use]
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        decode_form(&self.query)
    }

    /// Returns the body parsed as JSON; `None` if it is not JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Returns the body as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the request as one text for comparison: method and path with query, the headers sorted by
    /// name, an empty line, the body.
    ///
    /// Left out are the headers that every request of auth-core has: `host`, `content-length`, and
    /// `accept: application/json`, `accept-encoding: identity`, `connection: close`,
    /// `user-agent: auth-core/…`. If one of the last four is missing or has another value, a line
    /// reports it.
    ///
    /// ```
    /// # let sim = auth_sim::Simulator::ermeo();
    /// # let send = |body: &str| ureq::post(sim.token_url()).content_type("application/json").send(body).is_ok();
    /// send("{}");
    /// let request = sim.token_requests()[0].exact();
    /// assert!(request.starts_with("POST /oauth/v2/token\n"));
    /// assert!(request.contains("\ncontent-type: application/json\n") && request.ends_with("\n\n{}"));
    /// ```
    #[must_use]
    pub fn exact(&self) -> String {
        let usual = |name: &str, value: &str| match name {
            "host" | "content-length" => true,
            "user-agent" => value.starts_with("auth-core/"),
            name => USUAL.contains(&(name, value)),
        };
        let others = self
            .headers
            .iter()
            .filter(|(name, value)| !usual(name, value));
        let mut lines: Vec<_> = others
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let names = USUAL
            .map(|(name, _)| name)
            .into_iter()
            .chain(["user-agent"]);
        let missing = names.filter(|name| self.header(name).is_none());
        lines.extend(missing.map(|name| format!("{name}: is missing")));
        lines.sort();
        let mark = if self.query.is_empty() { "" } else { "?" };
        let mut text = format!("{} {}{mark}{}\n", self.method, self.path, self.query);
        for line in lines {
            text += &format!("{line}\n");
        }
        text + "\n" + &self.text()
    }

    pub(crate) fn read(request: &mut tiny_http::Request) -> io::Result<Self> {
        let mut body = Vec::new();
        request.as_reader().read_to_end(&mut body)?;
        let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
        // The first header is the `Connection: close` that `door` puts in.
        let headers = request.headers().iter().skip(1).map(|header| {
            let name = header.field.as_str().as_str().to_ascii_lowercase();
            (name, header.value.as_str().to_owned())
        });
        Ok(Self {
            method: request.method().as_str().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers.collect(),
            body,
            status: None,
            refused: false,
        })
    }

    /// Returns a parameter, which may be in the query, in a form or a text in JSON.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let pairs = [self.query_pairs(), self.form()].concat();
        let found = pairs.into_iter().find(|(own, _)| own == name);
        let in_json = || Some(self.json()?[name].as_str()?.to_owned());
        found.map(|(_, value)| value).or_else(in_json)
    }

    /// Returns the `grant_type`, wherever it is; empty if it is missing.
    #[must_use]
    pub fn grant_type(&self) -> String {
        self.field("grant_type").unwrap_or_default()
    }

    pub(crate) fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    }

    /// Returns the fields of a body that is a form by its content type and its bytes.
    pub(crate) fn form_fields(&self) -> Option<Fields> {
        (self.media_type() == FORM).then(|| Fields::from_pairs(self.form()))
    }

    /// Returns the fields of a body that is a JSON object by its content type and its bytes.
    pub(crate) fn json_fields(&self) -> Option<Fields> {
        let object = self.json().filter(|_| self.media_type() == JSON)?;
        let members = object.as_object()?.iter();
        let texts =
            members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.into())));
        Some(Fields::from_pairs(texts.collect()))
    }

    /// Returns the token of `Authorization: Bearer`. The scheme is case-sensitive, as in the software
    /// behind Aerion and Ermeo: `bearer` is refused.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?
            .strip_prefix("Bearer ")
            .map(str::trim)
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.query.is_empty() { "" } else { "?" };
        writeln!(f, "{} {}{mark}{}", self.method, self.path, self.query)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        writeln!(f, "\n{}", self.text())?;
        match self.status {
            Some(status) => write!(f, "=> {status}"),
            None => write!(f, "=> no answer"),
        }
    }
}

/// The parameters of a request by name.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    values: BTreeMap<String, String>,
    repeated: bool,
}

impl Fields {
    pub(crate) fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        let mut fields = Self::default();
        for (name, value) in pairs {
            // RFC 8707 §2: the only parameter that may be repeated.
            let may_repeat = name == "resource";
            fields.repeated |= fields.values.insert(name, value).is_some() && !may_repeat;
        }
        fields
    }

    /// Returns a field that is present and not empty; RFC 6749 §3.1 treats the two alike.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns a field, or an empty text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// RFC 6749 §3.2: a parameter must not be included more than once.
    pub(crate) fn has_repetition(&self) -> bool {
        self.repeated
    }
}

pub(crate) fn decode_form(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode_form_part(name), decode_form_part(value))
        })
        .collect()
}

pub(crate) fn decode_form_part(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// Headers that auth-core sends with every request, except its `User-Agent`.
const USUAL: [(&str, &str); 3] = [
    ("accept", "application/json"),
    ("accept-encoding", "identity"),
    ("connection", "close"),
];
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const JSON: &str = "application/json";
