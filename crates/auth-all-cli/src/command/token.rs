//! `auth-all token`: a token that is valid now, in the shape that a program takes.

use std::time::Duration;

use auth_all::clock::{Clock as _, SystemClock, UnixTime};
use auth_all::{Secret, Session, Token};

use crate::args;
use crate::failure::{Failure, Result};
use crate::format::Names;
use crate::output;
use crate::profile::Profile;

use super::Context;

pub(super) fn run(context: &Context, options: &args::Token) -> Result<()> {
    let profile = context.profile(&options.one)?;
    let rejected = match options.rejected {
        true => Some(output::secret_from_stdin("Rejected token: ")?),
        false => None,
    };
    let session = context.session(profile)?;
    let mut token = match options.refresh || rejected.is_some() {
        true => replace(&session, rejected.as_ref(), profile)?,
        false => session.token().map_err(|error| profile.failed(&error))?,
    };
    if let Some(life) = options.min_life {
        token = lasting(&session, token, life, profile)?;
    }
    let names = Names {
        profile: &profile.name,
        header: profile.header(),
        variable: &options.name,
    };
    output::result(options.format.of(&token, names).expose())
}

/// Returns another token than the held one: in any case, or only if the held one is this rejected one.
pub(crate) fn replace(
    session: &Session,
    rejected: Option<&Secret>,
    profile: &Profile,
) -> Result<Token> {
    let failed = |error: auth_all::Error| profile.failed(&error);
    // In a new process, a token of the store is rejected at once: there is no younger one to trust.
    if let Some(held) = session.held().map_err(failed)?
        && rejected.is_none_or(|rejected| is_same(&held, rejected))
        && !session.reject(&held)
    {
        return Err(Failure::later(format!(
            "{}: the token is a minute old at most; try again later",
            profile.name
        )));
    }
    session.token().map_err(failed)
}

/// Returns `true` if the text is the token, alone or after a scheme.
fn is_same(held: &Token, text: &Secret) -> bool {
    let text = text.expose().trim();
    let (_, last) = text.rsplit_once(' ').unwrap_or(("", text));
    Secret::new(held.expose()) == Secret::new(last)
}

/// A token that is valid for this long yet: the one at hand, or a new one.
fn lasting(session: &Session, token: Token, life: Duration, profile: &Profile) -> Result<Token> {
    let is_long = |token: &Token| left(token).is_none_or(|left| left >= life);
    if is_long(&token) {
        return Ok(token);
    }
    let name = &profile.name;
    let short = |token: &Token| {
        let seconds = left(token).unwrap_or_default().as_secs();
        Failure::later(format!(
            "{name}: a new token is valid for {seconds} s, shorter than `--min-life`"
        ))
    };
    if !session.reject(&token) {
        return Err(short(&token));
    }
    let token = session.token().map_err(|error| profile.failed(&error))?;
    match is_long(&token) {
        true => Ok(token),
        false => Err(short(&token)),
    }
}

/// The rest of its life, if the server has named its expiry.
fn left(token: &Token) -> Option<Duration> {
    let expiry = token.expires_at()?;
    let now = SystemClock::new().now().wall;
    Some(UnixTime::from(expiry).since(now))
}
