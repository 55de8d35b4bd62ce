//! The commands, and what they share.

mod discover;
mod exec;
mod keep;
mod login;
mod pages;
mod proxy;
mod serve;
mod status;
mod token;
mod trial;

use std::env;
use std::path::PathBuf;

use auth_all::Session;

pub(crate) use token::replace;

use crate::args::{self, Args, Command, One};
use crate::config::Config;
use crate::failure::{Failure, Result};
use crate::profile::Profile;
use crate::{helper, log_file, output};

/// Surroundings of a command.
pub(crate) struct Context {
    pub(crate) config: Config,
    no_color: bool,
}

/// Runs a command; returns the exit code, which is another program's with `exec`.
pub(crate) fn run(args: Args) -> Result<u8> {
    let Args { command, global } = args;
    let name = match &command {
        Command::Helper(options) => format!("helper {}", options.program.name()),
        _ => "auth-all".to_owned(),
    };
    // It has the fault of a configuration, too.
    if let Some(path) = env::var_os("AUTH_ALL_LOG_FILE").filter(|path| !path.is_empty()) {
        log_file::begin(PathBuf::from(path), name.clone());
    }
    output::begin_log(global.level()?);
    // These need no configuration.
    match &command {
        Command::Completions(options) => return pages::completions(options).map(|()| 0),
        Command::Man(options) => return pages::man(options).map(|()| 0),
        Command::Discover(options) => return discover::run(options).map(|()| 0),
        Command::Try(options) => return trial::run(options).map(|()| 0),
        _ => {}
    }
    let config = Config::load(global.config.as_deref(), global.store.as_deref());
    let context = config.map(|config| Context {
        config,
        no_color: global.no_color,
    });
    if let Ok(Context { config, .. }) = &context
        && let Some(path) = &config.log_file
    {
        log_file::begin(path.clone(), name);
    }
    // The program that asks is answered in its own words, also about a faulty configuration.
    if let Command::Helper(options) = &command {
        return helper::run(context, options);
    }
    let context = context?;
    match command {
        Command::Exec(options) => return exec::run(&context, &options),
        Command::Helper(options) => return helper::run(Ok(context), &options),
        Command::Keep(options) => keep::run(&context, &options),
        Command::Token(options) => token::run(&context, &options),
        Command::Login(options) => login::run(&context, &options),
        Command::Import(one) => login::import(&context, &one),
        Command::Status(options) => status::run(&context, &options),
        Command::Check(one) => check(&context, &one),
        Command::Logout(one) => log_out(&context, &one),
        Command::List => list(&context),
        Command::Proxy(options) => proxy::run(&context, &options),
        Command::Serve(options) => serve::run(context, &options),
        Command::Jwk(options) => jwk(&context, &options),
        Command::Discover(options) => discover::run(&options),
        Command::Completions(options) => pages::completions(&options),
        Command::Man(options) => pages::man(&options),
        Command::Try(options) => trial::run(&options),
    }?;
    Ok(0)
}

impl Context {
    fn profile(&self, one: &One) -> Result<&Profile> {
        self.config.profile(one.profile.as_deref())
    }

    pub(crate) fn session(&self, profile: &Profile) -> Result<Session> {
        profile.session(self.config.store.open()?)
    }
}

/// `auth-all check`: the exit code alone, with the reason on standard error.
fn check(context: &Context, one: &One) -> Result<()> {
    let profile = context.profile(one)?;
    let token = context.session(profile)?.token();
    token.map(drop).map_err(|error| profile.failed(&error))
}

/// `auth-all logout`.
fn log_out(context: &Context, one: &One) -> Result<()> {
    let profile = context.profile(one)?;
    let name = &profile.name;
    match context.session(profile)?.log_out() {
        Ok(()) => output::say(&format!("{name}: logged out")),
        Err(error @ auth_all::Error::Store { .. }) => return Err(profile.failed(&error)),
        Err(error) => {
            let failure = profile.failed(&error);
            return Err(failure.advice("logged out here; the server does not know of it yet"));
        }
    }
    Ok(())
}

/// `auth-all jwk`: the public half of the key that signs.
fn jwk(context: &Context, options: &args::Jwk) -> Result<()> {
    let profile = context.profile(&options.one)?;
    let key = profile.key()?;
    let jwk = key.jwk();
    output::result(&match options.set {
        true => format!("{{\"keys\":[{jwk}]}}\n"),
        false => format!("{jwk}\n"),
    })
}

/// `auth-all list`.
fn list(context: &Context) -> Result<()> {
    let profiles = context.config.profiles();
    let rows: Vec<_> = profiles
        .map(|it| [&it.name, it.kind(), it.place()].map(str::to_owned))
        .collect();
    if rows.is_empty() {
        let known = context.config.known();
        return Err(Failure::configuration(format!(
            "there is no profile {known}"
        )));
    }
    output::result(&output::aligned(&rows, ""))
}
