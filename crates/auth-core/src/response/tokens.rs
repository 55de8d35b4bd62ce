//! The tokens in an answer that is a success.

use std::time::Duration;

use time::OffsetDateTime;

use crate::error::{Error, Result, clean};
use crate::secret::Secret;
use crate::token::{TokenResponse, TokenType};

use super::ResponseFormat;
use super::body::Body;
use super::expiry::refresh_token_life;
use super::members::Member;
use super::places;
use super::refused::without_secrets;
use super::words::{Said, is_called};

/// An answer, and what is expected in it.
pub(super) struct Tokens<'a> {
    format: &'a ResponseFormat,
    token_type: TokenType,
    body: Body,
    date: Option<OffsetDateTime>,
    without_echo: &'a dyn Fn(&str) -> String,
    /// The steps to the access token, if there is something where it was looked for.
    access: Option<Vec<String>>,
}

/// Lifetime of the refresh token in a response.
enum RefreshTokenLife {
    Is(Duration),
    Endless,
    Untold,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(
        format: &'a ResponseFormat,
        token_type: TokenType,
        body: Body,
        date: Option<OffsetDateTime>,
        without_echo: &'a dyn Fn(&str) -> String,
    ) -> Self {
        let path = format.access_token.as_ref();
        // A list is read only if the path begins with a place in it.
        let is_meant = |steps: &Vec<String>| match (&body.root, steps.first()) {
            (Member::List(_), Some(place)) => path.starts_with(place.as_str()),
            _ => true,
        };
        let access = body.root.steps(path).filter(is_meant);
        Self {
            format,
            token_type,
            body,
            date,
            without_echo,
            access,
        }
    }

    pub(super) fn read(mut self) -> Result<TokenResponse> {
        let refresh_token = self.refresh_token();
        // The server may have spent the old refresh token for this answer: its successor is kept.
        let successor = refresh_token.as_ref().ok().cloned().flatten();
        let read = || {
            let life = self.refresh_token_life();
            let response = self.access_token()?;
            let refresh_token = refresh_token?;
            let documented = self.format.refresh_token_lifetime;
            Ok(TokenResponse {
                refresh_token_lifetime: match life {
                    RefreshTokenLife::Is(life) => Some(life),
                    RefreshTokenLife::Endless => None,
                    RefreshTokenLife::Untold => documented.filter(|_| refresh_token.is_some()),
                },
                refresh_token,
                ..response
            })
        };
        read().map_err(|error: Error| error.with_successor(successor))
    }

    /// The refresh token: where it was looked for, or where else it plainly is.
    fn refresh_token(&mut self) -> Result<Option<Secret>> {
        let named = self.find(&self.format.refresh_token);
        let root = &mut self.body.root;
        let is_one = |steps: &Vec<String>| {
            let member = root.at(steps);
            member.is_some_and(|it| !it.is_nothing() && !matches!(it, Member::Bool(_)))
        };
        let steps = match named.filter(is_one) {
            Some(mut steps) => {
                let inner = root.at(&steps).and_then(places::text_in).ok_or_else(|| {
                    Error::response(
                        "its refresh token is an object or a list, and which text in it is the token is \
                         not plain; set `ResponseFormat::refresh_token` to the path of it",
                    )
                })?;
                steps.extend(inner);
                Some(steps)
            }
            None => places::of_refresh_token(root, self.access.as_deref()),
        };
        let token = steps.and_then(|steps| root.take(&steps)?.text());
        match token {
            Some(token) if self.is_damaged(&token) => Err(Error::response(
                "its refresh token is not UTF-8 and cannot be used",
            )),
            token => Ok(token),
        }
    }

    fn refresh_token_life(&self) -> RefreshTokenLife {
        let home = self.home().filter(|home| !home.is_empty());
        let home = home.and_then(|home| self.body.root.at(home));
        let members = home.into_iter().chain([&self.body.root]);
        let told = members
            .flat_map(Member::children)
            .find_map(|(name, member)| {
                let is_it = REFRESH_TOKEN_LIFE.iter().any(|it| is_called(&name, it));
                is_it.then(|| member.number()).flatten()
            });
        match told {
            Some(0.0) => RefreshTokenLife::Endless,
            Some(seconds) => match refresh_token_life(seconds) {
                Some(life) => RefreshTokenLife::Is(life),
                None => RefreshTokenLife::Untold,
            },
            None => RefreshTokenLife::Untold,
        }
    }

    /// The access token and what belongs to it.
    fn access_token(&mut self) -> Result<TokenResponse> {
        let steps = self.access.clone();
        let token = match steps.as_ref().and_then(|steps| self.body.root.at(steps)) {
            Some(Member::Text(token)) if self.is_readable() => self.usable(token)?,
            _ => return Err(self.without_access_token()),
        };
        let root = &self.body.root;
        let get = |steps: &Option<Vec<String>>| steps.as_ref().and_then(|steps| root.at(steps));
        let token_type = self.find("token_type");
        self.check_token_type(get(&token_type))?;
        let expires_in = self.find(&self.format.expires_in);
        let lifetime =
            self.format
                .expiry
                .read(get(&expires_in), &token, self.date, self.format.lifetime)?;
        let scope = self.find("scope");
        let root = &mut self.body.root;
        let scope = scope.and_then(|steps| root.take(&steps)?.scope());
        for steps in [token_type, expires_in, steps.clone()]
            .into_iter()
            .flatten()
        {
            root.take(&steps);
        }
        let mut response = TokenResponse::new(token);
        response.lifetime = lifetime;
        response.token_type = self.token_type;
        response.scope = scope;
        let beside = steps
            .filter(|steps| steps.len() > 1)
            .and_then(|steps| root.take(&steps[..steps.len() - 1]));
        let top = std::mem::replace(root, Member::Null);
        for member in [top].into_iter().chain(beside) {
            if let Member::Object(members) = member {
                response.extra.extend(members.texts());
            }
        }
        Ok(response)
    }

    /// An access token that a header may hold, without its scheme in front.
    fn usable(&self, token: &Secret) -> Result<Secret> {
        let scheme = self.token_type.name();
        let text = token.expose();
        let is_scheme = |first: &str| first.eq_ignore_ascii_case(scheme);
        let text = match text.split_once(' ') {
            Some((first, token)) if is_scheme(first) => token.trim_start(),
            _ => text,
        };
        let problem = if text.is_empty() {
            "its access token is empty"
        } else if text.len() > LONGEST_TOKEN {
            "its access token is too long for a header"
        } else if self.is_damaged(token) {
            "its access token is not UTF-8 and cannot be used"
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            "its access token has a character that no header may hold"
        } else {
            return Ok(Secret::new(text));
        };
        Err(Error::response(problem))
    }

    fn check_token_type(&self, member: Option<&Member>) -> Result<()> {
        let token_type = self.token_type;
        let ResponseFormat {
            token_types,
            token_type_required,
            ..
        } = self.format;
        let kind = match member {
            None | Some(Member::Null) if token_type == TokenType::Dpop => {
                return Err(Error::response(
                    "it has no token_type: nothing says that the server bound the token to the key",
                ));
            }
            None | Some(Member::Null) if !token_type_required => return Ok(()),
            None | Some(Member::Null) => {
                return Err(Error::response(
                    "it has no token_type; if the server never sends one, set \
                     `ResponseFormat::token_type_optional`",
                ));
            }
            Some(Member::Text(kind)) => kind.expose(),
            Some(_) => return Err(Error::response(format!("{NOT_BEARER}, and not a text"))),
        };
        let is = |word: &str| kind.eq_ignore_ascii_case(word);
        if is(token_type.name()) {
            return Ok(());
        }
        if token_type == TokenType::Dpop {
            return Err(Error::response(
                "its token_type is not DPoP: the server did not bind the token to the key",
            ));
        }
        if UNUSABLE.into_iter().any(is) {
            return Err(Error::response(format!(
                "{NOT_BEARER} but `{kind}`: such a token cannot be used like this",
            )));
        }
        if !token_type_required || token_types.iter().any(|word| is(word)) {
            return Ok(());
        }
        Err(Error::response(match self.shown(kind) {
            Some(kind) => format!(
                "{NOT_BEARER} but `{kind}`; if the server means bearer by it, add the word by \
                 `ResponseFormat::token_type`",
            ),
            None => format!(
                "{NOT_BEARER}; if the server means bearer by it, add its word by \
                 `ResponseFormat::token_type`",
            ),
        }))
    }

    /// A word of the server's, if it is a short one and no secret.
    fn shown<'t>(&self, word: &'t str) -> Option<&'t str> {
        let is_word = !word.is_empty()
            && word.len() <= LONGEST_WORD
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b" _-.+/:".contains(&byte));
        (is_word && self.quiet(word) == word).then_some(word)
    }

    /// Why there is no access token, and where there may be one.
    fn without_access_token(&self) -> Error {
        let root = &self.body.root;
        let mut problem = match &self.body.instead {
            Some(instead) => instead.to_string(),
            None => format!("it has no `{}`", self.format.access_token),
        };
        let place = places::of_access_token(root, &self.format.access_token)
            .filter(|_| self.body.instead.is_none() || matches!(root, Member::List(_)))
            .filter(|place| self.quiet(place) == *place);
        if let Some(place) = place {
            let inside = if place.contains('.') { " inside" } else { "" };
            problem += &format!(
                "; there is one{inside}, in `{place}`: set `ResponseFormat::access_token` to that",
            );
        } else if let Some(text) = Said::in_answer(root, 0).text().filter(is_prose) {
            problem += &format!("; the server's words: {}", clean(&self.quiet(&text), 256));
        }
        Error::response(problem)
    }

    /// The steps to a member: beside the access token, or from the top.
    fn find(&self, path: &str) -> Option<Vec<String>> {
        let root = &self.body.root;
        let beside = || {
            let home = self.home()?;
            let steps = root.at(home)?.steps(path)?;
            Some([home, &steps].concat())
        };
        let steps = beside().or_else(|| root.steps(path));
        steps.or_else(|| self.find_spelled(path))
    }

    /// The steps to a member of the same letters, `tokenType` for `token_type`.
    fn find_spelled(&self, name: &str) -> Option<Vec<String>> {
        let letters = name.replace('_', "").to_ascii_lowercase();
        let homes = self.home().into_iter().chain([[].as_slice()]);
        let spelled = |home: &[String]| {
            let mut inside = self.body.root.at(home)?.children().into_iter();
            let (name, _) = inside.find(|(name, _)| is_called(name, &letters))?;
            Some([home, &[name.into_owned()]].concat())
        };
        homes.filter_map(spelled).next()
    }

    /// The steps to the object that the access token is in.
    fn home(&self) -> Option<&[String]> {
        let (_, home) = self.access.as_ref()?.split_last()?;
        Some(home)
    }

    /// Returns `true` if the body is what the format expects.
    fn is_readable(&self) -> bool {
        self.body.instead.is_none() || matches!(self.body.root, Member::List(_))
    }

    /// Returns `true` if a byte of a text was lost because it is not UTF-8.
    fn is_damaged(&self, text: &Secret) -> bool {
        self.body.is_lossy && text.expose().contains(char::REPLACEMENT_CHARACTER)
    }

    fn quiet(&self, text: &str) -> String {
        without_secrets(&self.body, &(self.without_echo)(text))
    }
}

const NOT_BEARER: &str = "its token_type is not bearer";
/// Words that never mean bearer: tokens that are bound to a key (RFC 9449 and old drafts), and one that
/// no API takes (RFC 8693 §2.2.1).
const UNUSABLE: [&str; 4] = ["mac", "dpop", "pop", "n_a"];
/// Names of a refresh token's lifetime in seconds, in letters alone: Keycloak, GitHub and
/// eBay, `QuickBooks`.
const REFRESH_TOKEN_LIFE: [&str; 3] = [
    "refreshexpiresin",
    "refreshtokenexpiresin",
    "xrefreshtokenexpiresin",
];
/// No header of 64 KiB gets through; neither does a token of that size.
const LONGEST_TOKEN: usize = 64 * 1024;
const LONGEST_WORD: usize = 32;

/// Returns `true` if a text is a sentence. In an answer of success a single word may be the token itself.
fn is_prose(text: &impl AsRef<str>) -> bool {
    text.as_ref().trim().contains(' ')
}
