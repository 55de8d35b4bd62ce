//! `auth-all login` and `auth-all import`: the only commands that ask a person.

use std::fmt::Write as _;
use std::time::Duration;

use auth_all::clock::{Clock as _, SystemClock};
use auth_all::generic::{AuthorizationCode, BrowserLogin, Client, DeviceLogin, DevicePrompt};
use auth_all::grant::TokenResponse;
use auth_all::transport::Transport;
use auth_all::{Error, Secret, Session};

use crate::args::{self, One};
use crate::failure::{Failure, Result};
use crate::format::rfc3339;
use crate::output;
use crate::profile::oauth::OAuth;
use crate::profile::{LogIn, Profile};

use super::Context;

pub(super) fn run(context: &Context, options: &args::Login) -> Result<()> {
    let profile = context.profile(&options.one)?;
    let session = context.session(profile)?;
    let failed = |error: Error| profile.failed(&error);
    let is_personal = matches!(profile.log_in(), LogIn::Person(_));
    if !is_personal && (options.device || options.browser || options.paste) {
        return Err(Failure::usage(format!(
            "{}: `--device`, `--browser` and `--paste` are for the grants browser, device and refresh_token; this is {}",
            profile.name,
            profile.kind()
        )));
    }
    match profile.log_in() {
        LogIn::Unattended => {
            let grant = profile.grant(None)?;
            session.log_in(|http| grant.login_request()?.send(http))
        }
        LogIn::Password(username) => {
            at_terminal(profile)?;
            let password = output::ask(&format!("Password of {username}: "))?;
            let grant = profile.grant(Some(&password))?;
            session.log_in(|http| grant.login_request()?.send(http))
        }
        LogIn::Person(oauth) => {
            // A person who has named the way is there, with a terminal or without.
            let is_named = options.device || options.browser;
            if !is_named {
                at_terminal(profile)?;
            }
            let client = oauth.client(&profile.transport()?).map_err(failed)?;
            let way = Way {
                client,
                oauth,
                timeout: options.timeout,
                no_color: context.no_color,
            };
            if options.paste {
                let (pending, answer) = way.paste()?;
                session.log_in(|http| pending.exchange(answer.expose(), http))
            } else if options.device || (oauth.prefers_device() && !options.browser) {
                session.log_in(|http| way.device(http))
            } else {
                session.log_in(|http| way.browser(http))
            }
        }
    }
    .map_err(failed)?;
    done(&session, profile)
}

/// `auth-all import`: trades a refresh token from elsewhere at once, and replaces the login only if that works.
pub(super) fn import(context: &Context, one: &One) -> Result<()> {
    let profile = context.profile(one)?;
    if !profile.has_refresh_tokens() {
        let (name, kind) = (&profile.name, profile.kind());
        let refusal = format!("{name}: {kind} has no refresh tokens, so none can be imported");
        return Err(Failure::configuration(refusal));
    }
    let session = context.session(profile)?;
    let grant = profile.grant(None)?;
    let refresh_token = output::secret_from_stdin("Refresh token: ")?;
    session
        .log_in(|http| {
            let mut tokens = grant.refresh_request(&refresh_token)?.send(http)?;
            // A server that does not replace it accepts it again.
            tokens.refresh_token.get_or_insert(refresh_token);
            Ok(tokens)
        })
        .map_err(|error| profile.failed(&error))?;
    done(&session, profile)
}

/// Fails at once where a person cannot be asked.
fn at_terminal(profile: &Profile) -> Result<()> {
    if output::has_terminal() {
        return Ok(());
    }
    let name = &profile.name;
    let refusal = format!("{name}: a person must log in, and there is no terminal to ask at");
    Err(Failure::log_in(refusal).advice(format!("run in a terminal: auth-all login {name}")))
}

fn done(session: &Session, profile: &Profile) -> Result<()> {
    let token = session.token().map_err(|error| profile.failed(&error))?;
    let mut words = format!("{}: logged in", profile.name);
    if let Some(at) = token.expires_at() {
        let _ = write!(words, "; the token is valid until {}", rfc3339(at));
    }
    if session.refresh_token().is_some() {
        words.push_str(", and renewed without you");
    }
    output::say(&words);
    Ok(())
}

/// A person's way to a login.
struct Way<'o> {
    client: Client,
    oauth: &'o OAuth,
    timeout: Duration,
    no_color: bool,
}

impl Way<'_> {
    fn browser(&self, http: &dyn Transport) -> auth_all::Result<TokenResponse> {
        let mut login = BrowserLogin::new(self.client.clone())
            .app_name("auth-all")
            .deadline(self.timeout)
            .show(|url| output::say(&format!("Open this address in a browser:\n  {url}")));
        if let Some(uri) = self.oauth.redirect_uri() {
            login = login.redirect_uri(uri);
        }
        output::say("Waiting for your browser; Ctrl-C ends it");
        login.exchange(http)
    }

    fn device(&self, http: &dyn Transport) -> auth_all::Result<TokenResponse> {
        let (clock, timeout) = (SystemClock::new(), self.timeout);
        let begun = clock.now();
        let has_colours = output::has_colours(self.no_color);
        DeviceLogin::new(self.client.clone())
            .show(move |prompt| show(prompt, has_colours))
            .cancel_when(move || clock.now().since(begun) >= timeout)
            .exchange(http)
    }

    /// Shows an address, and reads the address that the browser ended at.
    fn paste(&self) -> Result<(auth_all::generic::PendingLogin, Secret)> {
        let redirect_uri = self.oauth.redirect_uri().unwrap_or(NOWHERE);
        let login = AuthorizationCode::new(self.client.clone(), redirect_uri);
        let pending = login.begin(&auth_all::transport::HttpTransport::new())?;
        output::say(&format!(
            "Open this address in a browser:\n  {}\n",
            pending.url()
        ));
        output::say("It ends at a page that may not load; copy the address of that page.");
        let answer = output::ask("That address: ")?;
        Ok((pending, answer))
    }
}

/// The address and its code, as a drawing on a terminal.
fn show(prompt: &DevicePrompt, has_colours: bool) {
    match prompt.qr() {
        Ok(code) if has_colours => output::say(&code.coloured()),
        Ok(code) if std::io::IsTerminal::is_terminal(&std::io::stderr()) => {
            output::say(&code.to_string());
        }
        _ => {}
    }
    output::say(&prompt.to_string());
}

/// An address of this machine at which no program listens.
const NOWHERE: &str = "http://127.0.0.1/";
