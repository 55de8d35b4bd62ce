//! Where the tokens of an answer are, other than in the configured members.

use std::borrow::Cow;

use crate::secret::Secret;

use super::members::Member;
use super::words::is_called;

/// The path to an access token that is not in the member `name`, for an error: never its value.
pub(super) fn of_access_token(root: &Member, name: &str) -> Option<String> {
    let looked_for = last(name);
    let is_it = |name: &str, member: &Member| {
        let is_called_so = name == looked_for || ACCESS.iter().any(|it| is_called(name, it));
        is_called_so && member.words().is_some()
    };
    let steps = search(root, &is_it, &|_| true).or_else(|| {
        // `{"access_token": {"value": …}}`
        let mut steps = root.steps(name)?;
        steps.extend(only_text(root.at(&steps)?)?);
        Some(steps)
    })?;
    let path = steps.join(".");
    let is_showable = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:@$".contains(&byte);
    let is_path = path.len() <= LONGEST_PATH && path.bytes().all(is_showable);
    let is_secret = |secret: &Secret| {
        secret.expose().len() >= SHORTEST_SECRET && path.contains(secret.expose())
    };
    (is_path && !secrets(root).into_iter().any(is_secret)).then_some(path)
}

/// The steps to a refresh token that is not in its configured member. `beside` are the steps to the
/// access token that is used: what is beside another access token belongs to that one.
pub(super) fn of_refresh_token(root: &Member, beside: Option<&[String]>) -> Option<Vec<String>> {
    let home = beside
        .and_then(|steps| steps.split_last())
        .map(|(_, home)| home);
    let is_it = |name: &str, member: &Member| {
        REFRESH.iter().any(|it| is_called(name, it)) && text_in(member).is_some()
    };
    let is_of_ours = |steps: &[String]| {
        let Some(home) = home else { return true };
        let others = |(name, member): &(Cow<'_, str>, &Member)| {
            ACCESS.iter().any(|it| is_called(name, it)) && member.words().is_some()
        };
        let inside = root.at(steps).map(Member::children).unwrap_or_default();
        steps == home || !inside.iter().any(others)
    };
    let mut steps = search(root, &is_it, &is_of_ours)?;
    steps.extend(text_in(root.at(&steps)?)?);
    // `"_links": {"refresh_token": "https://…"}` is where to send one.
    let is_url = |text: &Secret| text.expose().contains("://");
    let found = root.at(&steps)?.words();
    (!found.is_some_and(is_url)).then_some(steps)
}

/// The steps from a member that holds one token to its text: none if it is the text, and otherwise
/// the way into an object or a list.
pub(super) fn text_in(member: &Member) -> Option<Vec<String>> {
    match member {
        Member::Number(_) | Member::Text(_) => (!member.is_nothing()).then(Vec::new),
        member => only_text(member),
    }
}

/// The steps to the one text of an object or a list that is plainly the token: by its name, or
/// because there is no other.
fn only_text(member: &Member) -> Option<Vec<String>> {
    let texts: Vec<_> = member
        .children()
        .into_iter()
        .filter(|(_, member)| member.words().is_some())
        .map(|(name, _)| name)
        .collect();
    let plainly = texts.iter().find(|name| {
        let mut names = ["value"].iter().chain(&REFRESH).chain(&ACCESS);
        names.any(|it| is_called(name, it))
    });
    match (plainly, texts.as_slice()) {
        (Some(name), _) => Some(vec![name.to_string()]),
        (None, [only]) => Some(vec![only.to_string()]),
        _ => None,
    }
}

/// All texts of an answer that are tokens or other secrets by their names.
pub(super) fn secrets(root: &Member) -> Vec<&Secret> {
    let mut found = Vec::new();
    collect(root, false, DEEPEST, &mut found);
    found
}

fn collect<'a>(member: &'a Member, is_secret: bool, depth: usize, found: &mut Vec<&'a Secret>) {
    match member {
        // What has a space in it is a sentence about one.
        Member::Text(text) if is_secret && !text.expose().contains(' ') => found.push(text),
        _ if depth > 0 => {
            for (name, inner) in member.children() {
                let name = name.to_ascii_lowercase();
                let is_one = is_secret || SECRET.iter().any(|word| name.contains(word));
                collect(inner, is_one && !name.ends_with("type"), depth - 1, found);
            }
        }
        _ => {}
    }
}

/// The steps to the first member that is looked for, the uppermost first; only where `goes_into` lets
/// it look.
fn search(
    root: &Member,
    is_it: &dyn Fn(&str, &Member) -> bool,
    goes_into: &dyn Fn(&[String]) -> bool,
) -> Option<Vec<String>> {
    let mut level = vec![(Vec::new(), root)];
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for (steps, member) in level {
            let is_open = goes_into(&steps);
            // Of a list only the first element is an answer.
            for (name, inner) in member.children() {
                let is_another = matches!(member, Member::List(_)) && name != "0";
                let mut steps = steps.clone();
                steps.push(name.into_owned());
                let name = steps.last().map(String::as_str).unwrap_or_default();
                if is_open && !is_another && is_it(name, inner) {
                    return Some(steps);
                }
                if !is_another && matches!(inner, Member::Object(_) | Member::List(_)) {
                    next.push((steps, inner));
                }
            }
        }
        level = next;
    }
    None
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Names of an access token, in letters alone.
const ACCESS: [&str; 6] = [
    "accesstoken",
    "token",
    "jwt",
    "bearertoken",
    "authtoken",
    "sessiontoken",
];
const REFRESH: [&str; 1] = ["refreshtoken"];
/// Parts of the names of what must not be shown.
const SECRET: [&str; 5] = ["token", "secret", "password", "jwt", "assertion"];
/// An object in a list in an object.
const DEEPEST: usize = 4;
const LONGEST_PATH: usize = 64;
/// A shorter one is in every other word.
const SHORTEST_SECRET: usize = 4;
