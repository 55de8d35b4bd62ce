//! The body of a response: its JSON, or a description of any other content.

use std::borrow::Cow;

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Response};
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::secret::Secret;

use super::members::{Member, Members};

/// Content of a body.
pub(super) struct Body {
    /// The readable part, also of a body that is not the JSON object it should be: it can hold the
    /// server's message, and the only valid refresh token. Null if nothing could be read.
    pub(super) root: Member,
    /// The kind of the body, if it is not a JSON object. Quotes nothing.
    pub(super) instead: Option<Cow<'static, str>>,
    /// `true` if bytes that are not UTF-8 were replaced by U+FFFD.
    pub(super) is_lossy: bool,
}

impl Body {
    /// Reads a body in which each member stands once: readers may differ on which of two counts.
    pub(super) fn of(answer: &Response<Vec<u8>>) -> Self {
        let mut body = Self::of_any(answer);
        if body.object().is_some_and(Members::is_ambiguous) {
            body.instead.get_or_insert(Cow::Borrowed(NOT_WHOLE));
        }
        body
    }

    /// Reads a body of any content type.
    pub(super) fn of_any(answer: &Response<Vec<u8>>) -> Self {
        let body = answer.body().as_slice();
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let text = match String::from_utf8_lossy(body) {
            Cow::Borrowed(text) => Text::AsItWas(text),
            Cow::Owned(text) => Text::Lossy(text.into()),
        };
        let is_lossy = matches!(text, Text::Lossy(_));
        let text = match &text {
            Text::AsItWas(text) => text,
            Text::Lossy(text) => text.as_str(),
        };
        let (root, instead) = match read(text) {
            Some((root, instead)) => (root, instead.map(Cow::Borrowed)),
            None => (
                Member::Null,
                Some(what_it_is_instead(body, answer.headers())),
            ),
        };
        Self {
            root,
            instead,
            is_lossy,
        }
    }

    /// The object that the answer is.
    pub(super) fn object(&self) -> Option<&Members> {
        match &self.root {
            Member::Object(members) => Some(members),
            _ => None,
        }
    }
}

impl From<Members> for Body {
    fn from(members: Members) -> Self {
        Self {
            root: Member::Object(members),
            instead: None,
            is_lossy: false,
        }
    }
}

enum Text<'a> {
    AsItWas(&'a str),
    Lossy(Zeroizing<String>),
}

/// Returns the content of a text, and its kind if that is not a JSON object.
fn read(text: &str) -> Option<(Member, Option<&'static str>)> {
    if let Ok(members) = serde_json::from_str(text) {
        return Some((Member::Object(members), None));
    }
    if text.trim_start().starts_with('{') {
        return None;
    }
    let Ok(member) = serde_json::from_str(text) else {
        let form = form(text)?;
        return Some((
            Member::Object(form),
            Some("it is a form, not a JSON object"),
        ));
    };
    let instead = match &member {
        Member::List(_) => "it is a list, not a JSON object",
        Member::Text(text) => match serde_json::from_str(text.expose()) {
            Ok(members) => {
                let instead = "it is a text that holds JSON, not a JSON object";
                return Some((Member::Object(members), Some(instead)));
            }
            Err(_) => "it is a text in quotes, not a JSON object",
        },
        Member::Number(_) => "it is a number, not a JSON object",
        _ => "it is a single word of JSON, not a JSON object",
    };
    Some((member, Some(instead)))
}

/// The members of a form; none if the text is not plainly one, with a value at least.
fn form(text: &str) -> Option<Members> {
    let is_name = |name: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.[]".contains(&byte);
        !name.is_empty() && name.len() <= 64 && name.bytes().all(plain)
    };
    let pairs = text.trim().split('&').map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let is_pair = is_name(name) && !value.contains(['=', '<', ' ', '\n']);
        is_pair.then_some((name, value))
    });
    let pairs = pairs.collect::<Option<Vec<_>>>()?;
    if pairs.iter().all(|(_, value)| value.is_empty()) {
        return None;
    }
    let decoded = |value: &str| {
        let spaced = Zeroizing::new(value.replace('+', " "));
        let bytes = Zeroizing::new(percent_decode_str(&spaced).collect::<Vec<u8>>());
        Secret::from(String::from_utf8_lossy(&bytes).into_owned())
    };
    let pairs = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), decoded(value)));
    Members::from_parameters(pairs).ok()
}

/// Returns the kind of a body that is neither JSON nor a form.
fn what_it_is_instead(body: &[u8], headers: &HeaderMap) -> Cow<'static, str> {
    Cow::Borrowed(match body.trim_ascii_start() {
        _ if coding(body, headers).is_some() => {
            let coding = coding(body, headers).unwrap_or_default();
            return Cow::Owned(format!(
                "it is compressed ({coding}), although nothing but `identity` was accepted; the server \
                 or a proxy before it ignores `Accept-Encoding`"
            ));
        }
        [] => "it is empty",
        [b'<', ..] => {
            "it is HTML or XML, not JSON; check the URL, a proxy or a login page may have answered"
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{' | b'[', 0, ..] | [0, b'{' | b'[', ..] => {
            "it is UTF-16, not UTF-8"
        }
        [b'{', ..] => NOT_WHOLE,
        [b'[', ..] => "it is a broken list, not a JSON object",
        text if text
            .iter()
            .any(|byte| *byte < b' ' && !byte.is_ascii_whitespace()) =>
        {
            "it is binary, not a JSON object"
        }
        _ => "it is plain text, not a JSON object",
    })
}

const NOT_WHOLE: &str = "it is not one whole JSON object with each member once";

/// How a body is compressed, by its first bytes or by its header.
fn coding(body: &[u8], headers: &HeaderMap) -> Option<&'static str> {
    match body {
        [0x1f, 0x8b, ..] => return Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => return Some("zstd"),
        [] => return None,
        _ => {}
    }
    let said = headers.get(CONTENT_ENCODING)?.to_str().ok()?;
    let known = ["gzip", "deflate", "br", "zstd", "compress"];
    let is_said = |coding: &&str| said.to_ascii_lowercase().contains(coding);
    match known.into_iter().find(is_said) {
        Some(coding) => Some(coding),
        None if said.trim().is_empty() || said.trim().eq_ignore_ascii_case("identity") => None,
        None => Some("in another way"),
    }
}
