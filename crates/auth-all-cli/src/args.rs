//! Commands and options of the program.
#![expect(
    clippy::doc_markdown,
    reason = "these comments are the text of `--help`, which has no markup"
)]

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use log::LevelFilter;

use crate::failure::{Failure, Result};
use crate::format::Format;
use crate::helper::{self, Program};
use crate::listen::Place;
use crate::output;

/// Everything on the command line.
#[derive(Debug, Parser)]
#[command(name = "auth-all", version, about = ABOUT, after_help = AFTER, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// Options of every command.
#[derive(Debug, Default, ClapArgs)]
pub(crate) struct Global {
    /// Configuration file, in place of the usual ones [env: AUTH_ALL_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Store of the logins, in place of the configured one [env: AUTH_ALL_STORE]
    #[arg(long, global = true, value_name = "KIND")]
    pub(crate) store: Option<String>,
    /// Events on standard error [default: off] [env: AUTH_ALL_LOG]
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<Level>,
    /// No colours, even on a terminal [env: NO_COLOR]
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Off,
    Warn,
    Debug,
}

/// The command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a token that is valid now
    Token(Token),
    /// Run a command with the token in its environment, on a descriptor or in a file
    Exec(Exec),
    /// Keep files that always have a valid token
    Keep(Keep),
    /// Log in: a person, once
    Login(Login),
    /// Begin with a refresh token, read from standard input
    Import(One),
    /// Show each login: its token, its next renewal, and where its settings come from
    Status(Status),
    /// Exit with 0 if a token can be had, for monitoring
    Check(One),
    /// End the login, here and at the server
    Logout(One),
    /// List the profiles
    List,
    /// Print a profile for a server, made from its metadata
    Discover(Discover),
    /// Print the public key that a profile's server must know
    Jwk(Jwk),
    /// Answer git, docker, kubectl, cargo and other programs that ask a helper for a token
    Helper(Helper),
    /// Sign the requests of programs that know no OAuth, on a port of this machine
    Proxy(Proxy),
    /// Hand tokens to programs and containers, over a Unix socket
    Serve(Serve),
    /// Print the completions of a shell
    Completions(Completions),
    /// Print the man page
    Man(Man),
    /// Watch a login, a signed request and a refusal, at a server inside this program
    Try(Try),
}

/// A profile.
#[derive(Debug, ClapArgs)]
pub(crate) struct One {
    /// Profile of the configuration [env: AUTH_ALL_PROFILE]
    pub(crate) profile: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Token {
    #[command(flatten)]
    pub(crate) one: One,
    /// Shape of the output
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "token",
        hide_possible_values = false
    )]
    pub(crate) format: Format,
    /// Variable of `-f env` and `-f dotenv`
    #[arg(long, value_name = "VARIABLE", default_value = "API_TOKEN", value_parser = variable)]
    pub(crate) name: String,
    /// The token must be valid for this long yet: 90s, 5m, 1h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) min_life: Option<Duration>,
    /// A new token, even if the one at hand is valid
    #[arg(long, conflicts_with = "rejected")]
    pub(crate) refresh: bool,
    /// Another token than the one on standard input, which an API has rejected
    #[arg(long)]
    pub(crate) rejected: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Exec {
    #[command(flatten)]
    pub(crate) one: One,
    /// Variable that has the token [default: API_TOKEN]
    #[arg(long, value_name = "VARIABLE", value_parser = variable, conflicts_with_all = ["fd", "file"])]
    pub(crate) env: Option<String>,
    /// Descriptor that the token is read from, once: 0 is standard input
    #[arg(long, value_name = "NUMBER", value_parser = descriptor, conflicts_with = "file")]
    pub(crate) fd: Option<i32>,
    /// Variable that has the path of a file with the token, which is renewed until the command ends
    #[arg(long, value_name = "VARIABLE", value_parser = variable)]
    pub(crate) file: Option<String>,
    /// Command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Keep {
    /// Profiles of the configuration [env: AUTH_ALL_PROFILE]
    #[arg(value_name = "PROFILE")]
    pub(crate) profiles: Vec<String>,
    /// File; `{profile}` is the profile's name, and is needed for several
    #[arg(long, value_name = "PATH")]
    pub(crate) file: PathBuf,
    /// Shape of the text; `token` has no line break at its end
    #[arg(short, long, value_name = "FORMAT", default_value = "token")]
    pub(crate) format: Format,
    /// Variable of `-f env` and `-f dotenv`
    #[arg(long, value_name = "VARIABLE", default_value = "API_TOKEN", value_parser = variable)]
    pub(crate) name: String,
    /// Permissions: 400, 440, 600 or 640. The group is this process's, or the folder's if that is setgid
    #[arg(long, value_name = "MODE", default_value = "600", value_parser = mode)]
    pub(crate) mode: u32,
    /// Write each file once, and end
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Helper {
    /// Program that asks
    pub(crate) program: Program,
    /// Print the lines that configure the program, and answer nothing
    #[arg(long)]
    pub(crate) print_config: bool,
    /// Profile, and the arguments of the program. Without a profile, the one whose `api` has the place answers
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "PROFILE"
    )]
    pub(crate) words: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) one: One,
    /// On another device, which scans or types a code
    #[arg(long, conflicts_with_all = ["browser", "paste"])]
    pub(crate) device: bool,
    /// In the browser of this machine
    #[arg(long, conflicts_with = "paste")]
    pub(crate) browser: bool,
    /// In any browser; the address that it ends at is pasted here
    #[arg(long)]
    pub(crate) paste: bool,
    /// Time for the person: 90s, 5m, 1h
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Status {
    /// Profile, with every detail [default: a line for each]
    pub(crate) profile: Option<String>,
    /// JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Proxy {
    /// Profile and the API's origin; requests for one of several routes begin with /PROFILE/
    #[arg(required = true, value_name = "PROFILE=URL")]
    pub(crate) routes: Vec<String>,
    /// Port of this machine, or Unix socket that is open to this user alone: 127.0.0.1:PORT, unix:PATH
    #[arg(long, value_name = "PLACE", default_value = "127.0.0.1:8080")]
    pub(crate) listen: Place,
    /// Any address, for clients that know the key
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        conflicts_with = "listen",
        requires = "key_file"
    )]
    pub(crate) danger_listen: Option<Place>,
    /// File with the key that a client must send as `Auth-All-Key`, where users share a machine
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Origin whose web pages may send requests: http://localhost:3000
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,
    /// Longest silence of the API: 90s, 5m, 1h
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub(crate) timeout: Duration,
    /// Connections at once
    #[arg(long, value_name = "NUMBER", default_value = CONNECTIONS, value_parser = number)]
    pub(crate) connections: usize,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Serve {
    /// Profiles whose tokens are handed out [default: all]
    pub(crate) profiles: Vec<String>,
    /// Unix socket, which is open to this user alone: unix:PATH
    #[arg(long, value_name = "PLACE")]
    pub(crate) listen: Place,
    /// Connections at once
    #[arg(long, value_name = "NUMBER", default_value = CONNECTIONS, value_parser = number)]
    pub(crate) connections: usize,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Discover {
    /// Issuer of the server, or an API that announces its server
    pub(crate) url: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Jwk {
    #[command(flatten)]
    pub(crate) one: One,
    /// A set of keys (RFC 7517), for servers that fetch one
    #[arg(long)]
    pub(crate) set: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Completions {
    /// Shell that reads them
    pub(crate) shell: Shell,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Man {
    /// Command [default: the page of the program]
    pub(crate) command: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Try {
    /// One server alone
    pub(crate) server: Option<Server>,
}

/// A server that `try` starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Server {
    Aerion,
    Aeris,
    Ermeo,
    Generic,
}

/// Parses the arguments of this process; `None` if they asked for help, which is printed.
pub(crate) fn parse() -> Result<Option<Args>> {
    let mut words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let name = words.next();
    let words: Vec<_> = words.collect();
    if let Some(program) = helper::called_as(name.as_deref(), words.first().map(String::as_str)) {
        let command = Command::Helper(Helper {
            program,
            print_config: false,
            words,
        });
        let global = Global::default();
        return Ok(Some(Args { command, global }));
    }
    let error = match Args::try_parse() {
        Ok(args) => return Ok(Some(args)),
        Err(error) => error,
    };
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output::result(&text)?;
            Ok(None)
        }
        _ => {
            let text = text.trim_end();
            Err(Failure::usage(text.strip_prefix("error: ").unwrap_or(text)))
        }
    }
}

impl Global {
    /// The level of `--log`, or of `AUTH_ALL_LOG`.
    pub(crate) fn level(&self) -> Result<LevelFilter> {
        let variable = std::env::var("AUTH_ALL_LOG").ok();
        let level = match (self.log, variable.as_deref()) {
            (Some(level), _) => level,
            (None, None | Some("")) => Level::Off,
            (None, Some(name)) => Level::from_str(name, true)
                .map_err(|_| Failure::configuration("AUTH_ALL_LOG: is `off`, `warn` or `debug`"))?,
        };
        Ok(match level {
            Level::Off => LevelFilter::Off,
            Level::Warn => LevelFilter::Warn,
            Level::Debug => LevelFilter::Debug,
        })
    }
}

/// `90`, `90s`, `5m`, `1h`, `2d`.
fn duration(text: &str) -> std::result::Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 0,
    };
    let number: Option<u64> = digits.parse().ok();
    let total = number.and_then(|number| number.checked_mul(seconds));
    let total = total.filter(|_| seconds > 0);
    total
        .map(Duration::from_secs)
        .ok_or_else(|| "a time is a number and `s`, `m`, `h` or `d`".to_owned())
}

/// A number from 1.
fn number(text: &str) -> std::result::Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "a number from 1".to_owned())
}

/// A name that shells take for a variable.
fn variable(text: &str) -> std::result::Result<String, String> {
    let is_name = !text.starts_with(|first: char| first.is_ascii_digit())
        && !text.is_empty()
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    match is_name {
        true => Ok(text.to_owned()),
        false => Err("a variable has letters, digits and `_`".to_owned()),
    }
}

/// A descriptor that a command can be given: not its output.
fn descriptor(text: &str) -> std::result::Result<i32, String> {
    let number = text.parse().ok();
    number
        .filter(|number| *number == 0 || *number > 2)
        .ok_or_else(|| "a descriptor is 0, or 3 or more".to_owned())
}

/// Permissions under which no other user reads the file, except in its group.
fn mode(text: &str) -> std::result::Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok();
    mode.filter(|mode| matches!(mode, 0o400 | 0o440 | 0o600 | 0o640))
        .ok_or_else(|| {
            "permissions are 400, 440, 600 or 640: others must not read a token".to_owned()
        })
}

/// Room for a thousand clients that keep their connections.
const CONNECTIONS: &str = "1100";
const ABOUT: &str = "A fresh bearer token for every program, in any language";
const AFTER: &str = "\
Begin with:  auth-all try

Standard output has the result and nothing else. Exit codes: 0 done, 64 wrong arguments, 70 a fault of this
program, 74 the store or the output failed, 75 try again later, 76 the server's responses are unusable,
77 a person must log in, 78 a setting is wrong or refused.";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_commands_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn durations_have_a_unit() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("5m", 300),
            ("1h", 3600),
            ("2d", 172_800),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in [
            "",
            "m",
            "5 m",
            "5w",
            "-1s",
            "99999999999999999999s",
            "9999999999999999d",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_variable_is_a_name() {
        assert!(variable("API_TOKEN2").is_ok());
        for text in ["", "2A", "A-B", "A=B", "A B"] {
            assert!(variable(text).is_err(), "{text}");
        }
    }
}
