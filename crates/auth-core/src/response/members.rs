//! Raw members of an answer, and paths to them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, Result};
use crate::secret::Secret;

/// The members of an object by name. A name that stands twice is refused in an answer itself; inside
/// of it the last one counts.
#[derive(Clone, Debug)]
pub(super) struct Members(BTreeMap<String, Member>);

/// One value. A text counts as a secret.
#[derive(Clone, Debug)]
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
    /// Returns `true` if a member stands twice.
    pub(super) fn is_ambiguous(&self) -> bool {
        self.0
            .values()
            .any(|member| matches!(member, Member::Twice))
    }

    pub(super) fn from_parameters(
        parameters: impl IntoIterator<Item = (String, Secret)>,
    ) -> Result<Self> {
        let mut members = BTreeMap::new();
        for (name, value) in parameters {
            if members.insert(name, Member::Text(value)).is_some() {
                return Err(Error::response("it has a parameter twice"));
            }
        }
        Ok(Self(members))
    }

    /// The member of exactly this name.
    pub(super) fn get(&self, name: &str) -> Option<&Member> {
        self.0.get(name)
    }

    /// The members in the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.0.iter().map(|(name, member)| (name.as_str(), member))
    }

    /// The texts, numbers and truth values, as texts.
    pub(super) fn texts(self) -> impl Iterator<Item = (String, Secret)> {
        let members = self.0.into_iter();
        members.filter_map(|(name, member)| Some((name, member.text()?)))
    }
}

impl Member {
    /// The steps from here to the member of a path, each a name or a place in a list.
    ///
    /// A name that holds a dot itself is found before a path. A list is passed through by a place
    /// (`0`), or by its first element.
    pub(super) fn steps(&self, path: &str) -> Option<Vec<String>> {
        let onwards = |step: &str, member: &Self, rest: &str| {
            let mut steps = member.steps(rest)?;
            steps.insert(0, step.to_owned());
            Some(steps)
        };
        match self {
            Self::Object(members) if members.0.contains_key(path) => Some(vec![path.to_owned()]),
            Self::Object(members) => path.match_indices('.').find_map(|(dot, _)| {
                let name = &path[..dot];
                onwards(name, members.0.get(name)?, &path[dot + 1..])
            }),
            Self::List(list) => {
                let (first, rest) = path.split_once('.').unwrap_or((path, ""));
                match first.parse::<usize>() {
                    Ok(place) if rest.is_empty() => list.get(place).map(|_| vec![first.to_owned()]),
                    Ok(place) => onwards(first, list.get(place)?, rest),
                    Err(_) => onwards("0", list.first()?, path),
                }
            }
            _ => None,
        }
    }

    /// The member after these steps.
    pub(super) fn at(&self, steps: &[String]) -> Option<&Self> {
        steps.iter().try_fold(self, |member, step| match member {
            Self::Object(members) => members.0.get(step),
            Self::List(list) => list.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The member of a path.
    pub(super) fn get(&self, path: &str) -> Option<&Self> {
        self.at(&self.steps(path)?)
    }

    /// Takes the member after these steps, and leaves null there.
    pub(super) fn take(&mut self, steps: &[String]) -> Option<Self> {
        let member = steps.iter().try_fold(self, |member, step| match member {
            Self::Object(members) => members.0.get_mut(step),
            Self::List(list) => list.get_mut(step.parse::<usize>().ok()?),
            _ => None,
        });
        member.map(|member| std::mem::replace(member, Self::Null))
    }

    /// The members of an object, or the elements of a list, with the step to each.
    pub(super) fn children(&self) -> Vec<(Cow<'_, str>, &Self)> {
        match self {
            Self::Object(members) => members
                .iter()
                .map(|(name, member)| (name.into(), member))
                .collect(),
            Self::List(list) => (0..)
                .map(|place: usize| place.to_string().into())
                .zip(list)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Returns `true` if there is nothing here: null, false, zero, an empty text, list or object, or a member twice.
    pub(super) fn is_nothing(&self) -> bool {
        match self {
            Self::Null | Self::Bool(false) | Self::Twice => true,
            Self::Bool(true) => false,
            Self::Number(number) => number.as_f64() == Some(0.0),
            Self::Text(text) => text.expose().trim().is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Object(members) => members.0.is_empty(),
        }
    }

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

    /// A text, a number or a truth value, as text.
    pub(super) fn text(self) -> Option<Secret> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string().into()),
            Self::Bool(value) => Some(value.to_string().into()),
            Self::Null | Self::List(_) | Self::Object(_) | Self::Twice => None,
        }
    }

    /// A text that is not empty.
    pub(super) fn words(&self) -> Option<&Secret> {
        match self {
            Self::Text(text) if !self.is_nothing() => Some(text),
            _ => None,
        }
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
        Ok(Member::Text(Secret::new(text)))
    }

    fn visit_string<E>(self, text: String) -> std::result::Result<Member, E> {
        Ok(Member::Text(Secret::new(text)))
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
