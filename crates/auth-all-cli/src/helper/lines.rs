//! Helpers that print lines: go, pnpm, and the `keyring` that pip and uv run.

use auth_all::Secret;
use serde_json::json;

use crate::failure::{Failure, Result};
use crate::output;
use crate::profile::Profile;

use super::caller::Caller;
use super::{Helper, Place, input};

impl Helper<'_> {
    /// `GOAUTH`: the places, and a header for them. A URL as the last word reports a response that was refused.
    pub(super) fn go(&self) -> Result<u8> {
        let (named, words) = self.named();
        let profile = named.ok_or_else(|| Failure::usage("go needs the name of a profile"))?;
        let url = words.last();
        let place = url.and_then(|url| Place::of(url));
        if place.is_some_and(|place| !place.is_of(profile)) {
            return Ok(0);
        }
        let is_refused = url.is_some() && is_unauthorized(&input()?);
        let caller = Caller::this(&format!("go {}", profile.name));
        let mut token = self.token(profile)?;
        match caller {
            Some(caller) if url.is_none() => caller.gets(&token),
            // Another request of this go was refused before, and has led to this token.
            Some(caller) if caller.has_another_than(&token) => {}
            _ if is_refused => token = self.another(profile, &token)?,
            _ => {}
        }
        let value = String::from_utf8_lossy(token.authorization().as_bytes()).into_owned();
        let mut text = String::new();
        // Some versions do not match a place that ends with a slash.
        for api in profile.api() {
            text.push_str(&format!("{}\n", api.trim_end_matches('/')));
        }
        text.push_str(&format!("\n{}: {value}\n\n", profile.header()));
        output::result(Secret::new(text).expose()).map(|()| 0)
    }

    /// pnpm's `tokenHelper`: the header's value. It names no place, so the profile is named.
    pub(super) fn pnpm(&self) -> Result<u8> {
        let profile = match self.first()? {
            Some(profile) => profile,
            None => self.context.config.profile(None)?,
        };
        let text = Secret::new(format!("Bearer {}\n", self.token(profile)?.expose()));
        output::result(text.expose()).map(|()| 0)
    }

    /// `keyring get PLACE [USER]`, in the forms of pip and uv.
    pub(super) fn keyring(&self) -> Result<u8> {
        let (named, words) = self.named();
        let mut plain = Vec::new();
        let (mut has_user, mut is_json) = (false, false);
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "--mode=creds" => has_user = true,
                "--mode" => has_user = words.next() == Some("creds"),
                "--output=json" => is_json = true,
                "--output" => is_json = words.next() == Some("json"),
                word if word.starts_with('-') => {
                    return Err(Failure::usage(format!(
                        "`{word}` is not an option of this keyring"
                    )));
                }
                word => plain.push(word),
            }
        }
        let place = match plain.as_slice() {
            ["get", place] | ["get", place, _] => Place::of(place),
            _ => {
                return Err(Failure::usage(
                    "this keyring has `get` alone; run: auth-all login PROFILE",
                ));
            }
        };
        let profile = place.map_or(Ok(None), |place| self.find(named, &place))?;
        let Some(profile) = profile else {
            return Ok(1);
        };
        let text = self.keyring_answer(profile, has_user, is_json)?;
        output::result(text.expose()).map(|()| 0)
    }

    fn keyring_answer(&self, profile: &Profile, has_user: bool, is_json: bool) -> Result<Secret> {
        let (token, user) = (self.token(profile)?, &profile.helper().user);
        let secret = token.expose();
        Ok(Secret::new(match (has_user, is_json) {
            (true, true) => format!("{}\n", json!({ "username": user, "password": secret })),
            (true, false) => format!("{user}\n{secret}\n"),
            (false, _) => format!("{secret}\n"),
        }))
    }
}

/// Returns `true` if the head of a response has the status 401.
fn is_unauthorized(head: &Secret) -> bool {
    let status = head.expose().split(' ').nth(1);
    status == Some("401")
}
