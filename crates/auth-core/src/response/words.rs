//! A server's words in a response without a token, in any of its members.

use super::members::{Member, Members};

/// The codes and the text that a server gave, as it wrote them: a secret of the request that it
/// repeats is found only in what is neither escaped nor cut yet.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// At most two.
    codes: Vec<String>,
    text: Option<String>,
}

impl Said {
    /// Reads the words of a response with this status: the members of an object, or of the first one of a
    /// list. What is no object is never quoted, for it would be the whole body.
    pub(super) fn in_answer(root: &Member, status: u16) -> Self {
        let first = match root {
            Member::List(list) => list.first(),
            root => Some(root),
        };
        let Some(Member::Object(members)) = first else {
            return Self::default();
        };
        let mut all = Self::of_members(members, DEEPEST);
        // A repeated status is no information.
        all.codes.retain(|code| code.parse() != Ok(status));
        all
    }

    /// The first code.
    pub(super) fn code(&self) -> Option<&str> {
        self.codes.first().map(String::as_str)
    }

    /// The text.
    pub(super) fn text(self) -> Option<String> {
        self.text
    }

    /// Returns the text beside this code, or else the other codes.
    pub(super) fn beside(self, code: &str) -> Option<String> {
        let is_more = |text: &String| text != code || text.len() > LONGEST_CODE;
        let text = self.text.filter(is_more);
        let others = self.codes.into_iter().filter(|other| other != code);
        text.or_else(|| joined(&others.collect::<Vec<_>>()))
    }

    /// All in one line: `code: text`.
    pub(super) fn line(self) -> Option<String> {
        let Some(text) = self.text else {
            return joined(&self.codes);
        };
        let mut codes = self.codes;
        codes.retain(|code| !text.contains(code.as_str()));
        match joined(&codes) {
            Some(codes) => Some(format!("{codes}: {text}")),
            None => Some(text),
        }
    }

    fn of(member: &Member, depth: usize) -> Self {
        match member {
            Member::Text(text) => Self {
                codes: Vec::new(),
                text: plain(text.expose()),
            },
            Member::Object(members) if depth > 0 => Self::of_members(members, depth),
            // Of several errors the first is shown.
            Member::List(list) if depth > 0 => {
                let first = list.iter().find(|member| !member.is_nothing());
                first
                    .map(|first| Self::of(first, depth - 1))
                    .unwrap_or_default()
            }
            _ => Self::default(),
        }
    }

    fn of_members(members: &Members, depth: usize) -> Self {
        let is_inside = depth < DEEPEST;
        let mut all = Self {
            codes: codes(members, is_inside),
            text: None,
        };
        for name in TEXTS.into_iter().chain(INNER) {
            match find(members, name) {
                // A short text there is a code.
                Some(Member::Text(text))
                    if name == "error" && text.expose().len() <= LONGEST_CODE => {}
                Some(member) => all.add(Self::of(member, depth - 1)),
                None => {}
            }
        }
        if is_inside && all.text.is_none() {
            // What is wrong with each parameter: `{"password": ["is missing"]}`.
            let mut lists = members.iter().map(|(_, member)| member);
            let list = lists.find(|member| matches!(member, Member::List(_)));
            all.text = list.and_then(|list| Self::of(list, depth - 1).text);
        }
        all
    }

    fn add(&mut self, other: Self) {
        if self.codes.is_empty() {
            self.codes = other.codes;
        }
        self.text = self.text.take().or(other.text);
    }
}

/// Returns `true` if a response with a success status reports a failure in a member other than `error`.
pub(super) fn is_failure(root: &Member) -> bool {
    let Member::Object(members) = root else {
        return false;
    };
    let mut counts = called(members, "errcode").chain(called(members, "errorcode"));
    if let Some(code) = counts.next() {
        return !code.is_nothing() && code.number() != Some(0.0);
    }
    // `{"code": 10001, "msg": "wrong password"}`
    let code = find(members, "code").and_then(Member::number);
    let has_text = || {
        ["msg", "message"]
            .into_iter()
            .any(|name| find(members, name).is_some())
    };
    if code.is_some_and(|code| code != 200.0) && has_text() {
        return true;
    }
    let denies = |name| called(members, name).any(|it| matches!(it, Member::Bool(false)));
    let fails = |status: &Member| match status {
        Member::Text(text) => ["error", "fail", "failed", "failure"]
            .iter()
            .any(|word| text.expose().eq_ignore_ascii_case(word)),
        _ => false,
    };
    FAILURES
        .into_iter()
        .any(|name| find(members, name).is_some())
        || ["success", "ok"].into_iter().any(denies)
        || called(members, "status").any(fails)
}

/// Returns `true` if a member's name is this one, in any case, with or without `_` and `-`.
pub(super) fn is_called(name: &str, letters: &str) -> bool {
    let bare = name.chars().filter(|letter| !matches!(letter, '_' | '-'));
    bare.map(|letter| letter.to_ascii_lowercase())
        .eq(letters.chars())
}

fn called<'a>(members: &'a Members, letters: &str) -> impl Iterator<Item = &'a Member> {
    let named = members
        .iter()
        .filter(move |(name, _)| is_called(name, letters));
    named.map(|(_, member)| member)
}

/// The first member of this name that is not empty.
fn find<'a>(members: &'a Members, letters: &str) -> Option<&'a Member> {
    called(members, letters).find(|member| !member.is_nothing())
}

fn codes(members: &Members, is_inside: bool) -> Vec<String> {
    let mut codes = Vec::new();
    let mut names: Vec<_> = CODES.to_vec();
    if is_inside {
        names.extend(INNER_CODES);
    }
    for code in names
        .into_iter()
        .filter_map(|name| code(find(members, name)?))
    {
        if codes.len() < 2 && !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

/// A code: a number, or a text that is no page.
fn code(member: &Member) -> Option<String> {
    match member {
        Member::Number(number) => Some(number.to_string()),
        Member::Text(text) => plain(text.expose()),
        _ => None,
    }
}

/// A text, unless it is a page.
fn plain(text: &str) -> Option<String> {
    let begins = text.trim_start();
    (!begins.is_empty() && !begins.starts_with('<')).then(|| text.to_owned())
}

fn joined(codes: &[String]) -> Option<String> {
    Some(codes.join(" ")).filter(|codes| !codes.is_empty())
}

/// Where servers write what is wrong, in the order in which it is looked for: RFC 6749, frameworks,
/// Okta, `WeChat`, Aerion, RFC 9457, `FastAPI`, Apigee, Django.
const TEXTS: [&str; 15] = [
    "errordescription",
    "message",
    "errormessage",
    "errorsummary",
    "errmsg",
    "raw",
    "summary",
    "detail",
    "title",
    "msg",
    "faultstring",
    "reason",
    "description",
    "details",
    "nonfielderrors",
];
/// Where an object or a list with more of it may be.
const INNER: [&str; 3] = ["error", "errors", "fault"];
const CODES: [&str; 6] = [
    "error",
    "errorcode",
    "errcode",
    "errortype",
    "code",
    "status",
];
/// At the top of an answer these are something else: RFC 9457's `type` is a URL.
const INNER_CODES: [&str; 1] = ["type"];
/// Words of a failure.
const FAILURES: [&str; 5] = ["errormessage", "errmsg", "errorsummary", "errors", "fault"];
/// A longer one is cut, and shown as a text as well.
const LONGEST_CODE: usize = 64;
/// How far down it is looked for: an object in a list in `error`, and the texts in it.
const DEEPEST: usize = 3;
