//! One request and its answer, made fit to be shown: what matters, secrets shortened.

use auth_all::http::Request;
use auth_sim::Received;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use services::Visit;

/// One request and its answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Exchange {
    /// Method, path and the kind of body.
    pub(crate) request: String,
    pub(crate) sent: Vec<Field>,
    pub(crate) status: Option<u16>,
    pub(crate) answered: Vec<Field>,
}

/// A name and its value, fit to be shown.
pub(crate) type Field = (String, String);

impl Exchange {
    /// A request as the simulator saw it; what it answered is known elsewhere.
    pub(crate) fn new(received: &Received) -> Self {
        let mut sent = received.query_pairs();
        sent.extend(parameters(received));
        let has_body = !received.body.is_empty();
        let mut exchange = Self::of(&received.method, &received.path, sent, has_body, |name| {
            received.header(name).map(str::to_owned)
        });
        exchange.status = received.status;
        exchange
    }

    /// A request on its way to a server that says nothing of it.
    pub(crate) fn sent(request: &Request<Vec<u8>>) -> Self {
        let (uri, body) = (request.uri(), request.body());
        let mut sent = pairs(uri.query().unwrap_or_default());
        sent.extend(pairs(&String::from_utf8_lossy(body)));
        let method = request.method().as_str();
        Self::of(method, uri.path(), sent, !body.is_empty(), |name| {
            let value = request.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        })
    }

    /// A page that a browser asked for, or a form that it sent.
    pub(crate) fn visited(visit: &Visit) -> Self {
        let (page, query) = visit.url.split_once('?').unwrap_or((&visit.url, ""));
        let path = page.splitn(4, '/').nth(3).unwrap_or_default();
        let names = path.split('/').map(|name| match name.len() {
            ..LONGEST_NAME => name.to_owned(),
            _ => shorten(name),
        });
        let path = format!("/{}", names.collect::<Vec<_>>().join("/"));
        let mut sent = pairs(query);
        sent.extend_from_slice(&visit.form);
        let has_body = !visit.form.is_empty();
        let form = || has_body.then(|| FORM.to_owned());
        let mut exchange = Self::of(&visit.method, &path, sent, has_body, |name| {
            form().filter(|_| name == HEADERS[0])
        });
        exchange.status = visit.status;
        exchange
    }

    /// A call to the API, signed by this header.
    pub(crate) fn called(path: &str, authorization: &str, status: u16, body: &[u8]) -> Self {
        let authorization = ("authorization".to_owned(), authorization.to_owned());
        Self {
            request: format!("GET {path}"),
            sent: vec![shown(authorization)],
            status: Some(status),
            answered: match body {
                [] => Vec::new(),
                body => answered(body),
            },
        }
    }

    fn of(
        method: &str,
        path: &str,
        mut sent: Vec<Field>,
        has_body: bool,
        header: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let kind = header(HEADERS[0]).filter(|_| has_body);
        let kind = match kind.as_deref() {
            Some("application/json") => ", JSON",
            Some(FORM) => ", form",
            _ => "",
        };
        sent.sort_by_key(|(name, _)| name != "grant_type");
        let headers = if kind.is_empty() {
            &HEADERS[..]
        } else {
            &HEADERS[1..]
        };
        let headers = headers.iter();
        sent.extend(headers.filter_map(|name| Some(((*name).to_owned(), header(name)?))));
        Self {
            request: format!("{method} {path}{kind}"),
            sent: sent.into_iter().map(shown).collect(),
            ..Self::default()
        }
    }
}

/// The members of an answer in JSON, or the first line of one in words.
pub(crate) fn answered(body: &[u8]) -> Vec<Field> {
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
        let text = String::from_utf8_lossy(body);
        let line = text.lines().next().unwrap_or_default();
        return vec![("body".to_owned(), cut(line))];
    };
    let mut fields = Vec::new();
    for (name, value) in members {
        match value {
            // One level deeper is where some vendors put what matters.
            Value::Object(inner) => fields.extend(inner.into_iter().filter_map(member)),
            value => fields.extend(member((name, value))),
        }
    }
    fields.truncate(MOST_FIELDS);
    fields
}

/// The parameters of the URL that a browser was sent to.
pub(crate) fn redirected(location: &str) -> Vec<Field> {
    let (_, parameters) = location.split_once(['?', '#']).unwrap_or((location, ""));
    pairs(parameters).into_iter().map(shown).collect()
}

/// A query, or a form.
fn pairs(encoded: &str) -> Vec<Field> {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    let pairs = encoded.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn parameters(received: &Received) -> Vec<Field> {
    match received.json() {
        Some(Value::Object(members)) => {
            let texts = members
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
            texts.collect()
        }
        _ => received.form(),
    }
}

/// A member with a value; only texts can be secrets.
fn member((name, value): (String, Value)) -> Option<Field> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(shown((name, text))),
        Value::Array(items) => Some((name, format!("[{} of them]", items.len()))),
        other => Some((name, other.to_string())),
    }
}

/// Enough of a token to tell it from the next one; nothing of what a person has chosen.
fn shown((name, value): Field) -> Field {
    let shown = match (name.as_str(), value.split_once(' ')) {
        ("authorization", Some(("Bearer", token))) => format!("Bearer {}", shorten(token)),
        ("authorization", _) => "Basic ***".to_owned(),
        (name, _) if HIDDEN.contains(&name) => "***".to_owned(),
        (name, _) if TOKENS.contains(&name) => shorten(&value),
        _ => cut(&value),
    };
    (name, shown)
}

/// The end of a token: the beginnings of two JWTs are the same.
fn shorten(token: &str) -> String {
    let token = token.trim_end_matches('=');
    let from = token
        .char_indices()
        .rev()
        .nth(SHOWN - 1)
        .map_or(0, |(at, _)| at);
    format!("…{}", &token[from..])
}

fn cut(value: &str) -> String {
    let (cut, all) = (
        value.chars().take(LONGEST).collect::<String>(),
        value.chars().count() <= LONGEST,
    );
    if all { cut } else { cut + "…" }
}

/// Headers that say in what form, who asks, or for whom.
const HEADERS: [&str; 5] = [
    "content-type",
    "authorization",
    "companyurl",
    "origin",
    "referer",
];
const HIDDEN: [&str; 4] = ["password", "client_secret", "cs", "as"];
const TOKENS: [&str; 10] = [
    "access_token",
    "device_code",
    "refresh_token",
    "token",
    "code",
    "code_verifier",
    "code_challenge",
    "request_uri",
    "state",
    "xsrf",
];
const FORM: &str = "application/x-www-form-urlencoded";
const SHOWN: usize = 5;
/// A part of a path that is longer is a token, too.
const LONGEST_NAME: usize = 30;
const LONGEST: usize = 80;
const MOST_FIELDS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn fields<const N: usize>(fields: [(&str, &str); N]) -> Vec<Field> {
        fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    #[test]
    fn secrets_are_shortened_and_what_a_person_chose_is_hidden() {
        let shown = answered(br#"{"access_token":"0123456789","expires_in":60,"password":"pass"}"#);
        assert_eq!(
            shown,
            fields([
                ("access_token", "…56789"),
                ("expires_in", "60"),
                ("password", "***")
            ])
        );
    }

    #[test]
    fn of_an_authorization_header_only_the_end_of_a_bearer_token_is_shown() {
        let header = |value: &str| shown(("authorization".to_owned(), value.to_owned())).1;
        assert_eq!(header("Bearer 0123456789"), "Bearer …56789");
        assert_eq!(header("Basic c2VjcmV0OnNlY3JldA=="), "Basic ***");
    }

    #[test]
    fn a_number_is_no_secret_and_null_is_nothing() {
        assert_eq!(
            answered(br#"{"code":400,"scope":null,"items":[1,2]}"#),
            fields([("code", "400"), ("items", "[2 of them]")])
        );
    }

    #[test]
    fn an_answer_in_words_is_shown_by_its_first_line() {
        assert_eq!(
            answered(b"Unauthorized\nmore"),
            fields([("body", "Unauthorized")])
        );
    }

    #[test]
    fn a_redirect_is_shown_by_its_parameters() {
        let shown = redirected("http://127.0.0.1:9/cb?code=abcdefgh%3D&iss=http%3A%2F%2Fa");
        assert_eq!(shown, fields([("code", "…defgh"), ("iss", "http://a")]));
    }
}
