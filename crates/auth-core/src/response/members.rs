//! The members of an answer, before anybody says what they mean.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, ErrorCode, Refusal, Result};
use crate::secret::Secret;

/// The members of an answer by name; a name that stands twice is refused.
#[derive(Debug)]
pub(super) struct Members(BTreeMap<String, Member>);

/// One value. Texts are secrets until somebody knows better.
#[derive(Debug)]
pub(super) enum Member {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(Secret),
    List(Vec<Member>),
    Object(Members),
    /// A member that stands twice: readers may differ on which one counts, so neither does.
    Twice,
}

impl Members {
    /// Reads a JSON object, whatever its content type says. The error never quotes it.
    pub(super) fn from_json(body: &[u8]) -> Result<Self> {
        let members = Self::from_any_json(body)?;
        let is_twice = |member: &Member| matches!(member, Member::Twice);
        if members.0.values().any(is_twice) {
            return Err(Error::answer(what_it_is_instead(body)));
        }
        Ok(members)
    }

    /// Reads a JSON object in which a member may stand twice; such a member reads as one that is missing.
    pub(super) fn from_any_json(body: &[u8]) -> Result<Self> {
        let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        serde_json::from_slice(text).map_err(|_| Error::answer(what_it_is_instead(text)))
    }

    pub(super) fn from_parameters(
        parameters: impl IntoIterator<Item = (String, Secret)>,
    ) -> Result<Self> {
        let mut members = BTreeMap::new();
        for (name, value) in parameters {
            if members.insert(name, Member::Text(value)).is_some() {
                return Err(Error::answer("it has a parameter twice"));
            }
        }
        Ok(Self(members))
    }

    /// The refusal that the members are, if they are one (RFC 6749 §5.2).
    pub(super) fn refusal(&self, without_echo: &dyn Fn(&str) -> String) -> Option<Refusal> {
        let text = |name| match self.0.get(name) {
            Some(Member::Text(text)) if !text.is_empty() => Some(text.expose()),
            _ => None,
        };
        let code = text("error")?;
        let description = text("error_description").map(without_echo);
        let refusal = |code: &str| Refusal::new(code, description.as_deref());
        Some(match ErrorCode::from(code) {
            ErrorCode::Other(_) => refusal(&without_echo(code)),
            // One of the RFC's words stays one, even if it holds a client's name.
            _ => refusal(code),
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Member> {
        self.0.get(name)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Member> {
        self.0.remove(name)
    }

    pub(super) fn take_text(&mut self, name: &str) -> Option<Secret> {
        match self.0.remove(name) {
            Some(Member::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// What is left, as text.
    pub(super) fn texts(&mut self) -> BTreeMap<String, Secret> {
        let left = std::mem::take(&mut self.0);
        left.into_iter()
            .filter_map(|(name, member)| Some((name, member.text()?)))
            .collect()
    }
}

impl Member {
    /// A number, also one in quotes: servers send both.
    pub(super) fn number(&self) -> Option<f64> {
        let number = match self {
            Self::Number(number) => number.as_f64(),
            Self::Text(text) => text.expose().trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| number.is_finite())
    }

    /// A scope: a text, or a list of texts.
    pub(super) fn scope(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.expose().to_owned()),
            Self::List(list) => {
                let scopes: Option<Vec<String>> = list.into_iter().map(Self::scope).collect();
                scopes.map(|scopes| scopes.join(" "))
            }
            _ => None,
        }
    }

    fn text(self) -> Option<Secret> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string().into()),
            Self::Bool(value) => Some(value.to_string().into()),
            Self::Null | Self::List(_) | Self::Object(_) | Self::Twice => None,
        }
    }
}

/// What to tell people who got no JSON object; it names the kind and quotes nothing.
fn what_it_is_instead(body: &[u8]) -> &'static str {
    match body.trim_ascii_start() {
        [] => "it is empty",
        [b'<', ..] => {
            "it is HTML or XML, not JSON; check the URL, a proxy or a login page may have answered"
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is UTF-16, not UTF-8",
        [b'{', ..] => "it is not one whole JSON object with each member once",
        _ => "it is not a JSON object",
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with each member once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Members, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, member)) = map.next_entry::<String, Member>()? {
            members
                .entry(name)
                .and_modify(|it| *it = Member::Twice)
                .or_insert(member);
        }
        Ok(Members(members))
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Member, E> {
        Ok(Member::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Member, E> {
        Ok(Member::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Member, E> {
        Ok(Member::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Member, E> {
        Ok(Member::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Member, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Member::Null, Member::Number))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Member, E> {
        Ok(Member::Text(text.into()))
    }

    fn visit_string<E>(self, text: String) -> std::result::Result<Member, E> {
        Ok(Member::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Member, A::Error> {
        let mut list = Vec::new();
        while let Some(member) = seq.next_element()? {
            list.push(member);
        }
        Ok(Member::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Member, A::Error> {
        // serde_json bounds the depth of what it reads.
        let mut members = BTreeMap::new();
        while let Some((name, member)) = map.next_entry()? {
            members.insert(name, member);
        }
        Ok(Member::Object(Members(members)))
    }
}
