//! An answer that is no token: metadata, a device code, what is known of a token.

use http::Response;

use crate::error::Result;
use crate::secret::Secret;

use super::members::{Member, Members};
use super::refused;

/// A JSON object that an endpoint answered, for endpoints that do not answer a token.
///
/// Every text in it is a [`Secret`], so its `Debug` shows none. A member that stands twice
/// reads as one that is missing.
#[derive(Debug)]
pub struct Reply(Members);

impl Reply {
    /// Reads an answer; an `error` in it, or a status that is none of success, is an error here.
    pub(crate) fn read(
        answer: &Response<Vec<u8>>,
        without_echo: &dyn Fn(&str) -> String,
    ) -> Result<Self> {
        let members = Members::from_any_json(answer.body());
        refused(answer, &members, without_echo, &[])?;
        members.map(Self)
    }

    /// Checks an answer of which only the success counts.
    pub(crate) fn check(
        answer: &Response<Vec<u8>>,
        without_echo: &dyn Fn(&str) -> String,
    ) -> Result<()> {
        refused(
            answer,
            &Members::from_json(answer.body()),
            without_echo,
            &[],
        )
    }

    /// A text; none if it is missing, empty or something else.
    pub fn text(&self, name: &str) -> Option<&Secret> {
        text(&self.0, name)
    }

    /// A text in an object that is a member; none if either is missing, empty or something else.
    pub fn text_in(&self, object: &str, name: &str) -> Option<&Secret> {
        match self.0.get(object) {
            Some(Member::Object(members)) => text(members, name),
            _ => None,
        }
    }

    /// A number, also one in quotes.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.number()
    }

    /// A truth value.
    pub fn truth(&self, name: &str) -> Option<bool> {
        match self.0.get(name) {
            Some(Member::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    /// The texts of a list, or one text; none if it is missing or something else.
    pub fn texts(&self, name: &str) -> Option<Vec<&str>> {
        match self.0.get(name)? {
            Member::Text(text) => Some(vec![text.expose()]),
            Member::List(list) => list
                .iter()
                .map(|member| match member {
                    Member::Text(text) => Some(text.expose()),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }
}

fn text<'a>(members: &'a Members, name: &str) -> Option<&'a Secret> {
    match members.get(name) {
        Some(Member::Text(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}
