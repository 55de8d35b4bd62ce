//! git's credential helpers: lines of `key=value` (gitcredentials(7)).

use auth_all::Secret;

use crate::failure::{Failure, Result};
use crate::format::epoch;
use crate::output;
use crate::profile::{GitScheme, Profile};

use super::{Helper, Place, input};

/// Lines that git has sent.
struct Request<'t> {
    pairs: Vec<(&'t str, &'t str)>,
}

impl Helper<'_> {
    /// `get`, `store` or `erase`.
    pub(super) fn git(&self) -> Result<u8> {
        let (named, words) = self.named();
        let text = input()?;
        let request = Request::parse(text.expose());
        // libgit2 leaves out the host of an address: it is not guessed.
        let place = request.place();
        let profile = match &place {
            Some(place) => self.find(named, place),
            None => Ok(None),
        };
        let done = match (words, profile) {
            (_, Err(failure)) => Err(failure),
            ([name, _, ..], _) => self
                .context
                .config
                .profile(Some(name))
                .and_then(|_| Err(Failure::usage("git runs this with a profile and one word"))),
            ([action], Ok(Some(profile))) => match action.as_str() {
                "get" => self.answer(profile, &request),
                "erase" => self.erase(profile, &request),
                // The token is stored already; and git requires that other words are ignored.
                _ => Ok(()),
            },
            // Another helper may answer.
            _ => Ok(()),
        };
        match done {
            Ok(()) => Ok(0),
            Err(failure) => stop(self.words, failure),
        }
    }

    fn answer(&self, profile: &Profile, request: &Request<'_>) -> Result<()> {
        let token = self.token(profile)?;
        let expiry = token.expires_at().map(epoch);
        let expiry = expiry.map_or_else(String::new, |at| format!("password_expiry_utc={at}\n"));
        let is_bearer = match profile.helper().git {
            GitScheme::Auto => request.offers_types() && request.has_challenge("bearer"),
            GitScheme::Bearer => true,
            GitScheme::Basic => false,
        };
        let secret = token.expose();
        let answer = Secret::new(match is_bearer {
            true => format!(
                "capability[]=authtype\nauthtype=Bearer\ncredential={secret}\nephemeral=1\n{expiry}\n"
            ),
            false => {
                let user = &profile.helper().user;
                format!("username={user}\npassword={secret}\n{expiry}\n")
            }
        });
        output::result(answer.expose())
    }

    /// The server has refused a secret. If it does not accept its scheme at all, the token may be right; a git that does
    /// not name the schemes is taken at its word.
    fn erase(&self, profile: &Profile, request: &Request<'_>) -> Result<()> {
        let bearer = request.get("credential").map(|secret| ("bearer", secret));
        let basic = request.get("password").map(|secret| ("basic", secret));
        match bearer.or(basic) {
            Some((scheme, secret)) if request.accepts(scheme) => {
                let rejected = Secret::new(secret);
                self.reject(profile, Some(&rejected)).map(drop)
            }
            _ => Ok(()),
        }
    }
}

impl<'t> Request<'t> {
    fn parse(text: &'t str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Self {
            pairs: pairs.collect(),
        }
    }

    fn get(&self, key: &str) -> Option<&'t str> {
        let pair = self.pairs.iter().find(|(name, _)| *name == key);
        pair.map(|(_, value)| *value)
    }

    fn place(&self) -> Option<Place> {
        let (protocol, host) = (self.get("protocol")?, self.get("host")?);
        Place::of(&format!("{protocol}://{host}"))
    }

    fn offers_types(&self) -> bool {
        self.pairs.contains(&("capability[]", "authtype"))
    }

    /// Returns `true` if the server accepts this scheme, or git does not name those that it accepts.
    fn accepts(&self, scheme: &str) -> bool {
        self.get("wwwauth[]").is_none() || self.has_challenge(scheme)
    }

    /// Returns `true` if the server names this scheme.
    fn has_challenge(&self, scheme: &str) -> bool {
        self.pairs.iter().any(|(name, value)| {
            let first = value.split(' ').next().unwrap_or_default();
            *name == "wwwauth[]" && first.eq_ignore_ascii_case(scheme)
        })
    }
}

/// Ends with this failure; a git that asks for a token would otherwise continue, and ask for a user name.
pub(super) fn stop(words: &[String], failure: Failure) -> Result<u8> {
    if words.last().is_some_and(|word| word == "get") {
        output::result("quit=1\n")?;
    }
    Err(failure)
}
