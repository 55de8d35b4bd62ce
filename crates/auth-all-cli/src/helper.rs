//! `auth-all helper`: the protocols by which other programs ask for a token.
//!
//! A helper never logs in, and answers for the origins in a profile's `api` and for no others: a program that asks for
//! another host gets nothing.

mod caller;
mod git;
mod json;
mod lines;
mod settings;

use std::io::{self, Read as _};
use std::path::Path;

use auth_all::http::Uri;
use auth_all::transport::Origin;
use auth_all::{Secret, Session, Token};
use clap::ValueEnum;

use crate::args;
use crate::command::{Context, replace};
use crate::failure::{Failure, Result};
use crate::output;
use crate::profile::Profile;

/// A program that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Program {
    Git,
    Docker,
    Kubectl,
    Cargo,
    Bazel,
    Go,
    Terraform,
    Pnpm,
    Keyring,
}

/// The names under which links to this program are run by programs that pass no arguments of ours.
const LINKS: &[(&str, Program)] = &[
    ("docker-credential-auth-all", Program::Docker),
    ("keyring", Program::Keyring),
    ("terraform-credentials-auth-all", Program::Terraform),
    ("auth-all-pnpm", Program::Pnpm),
    ("auth-all-bazel", Program::Bazel),
];

/// The place that a program asks for.
#[derive(Debug)]
enum Place {
    Origin(Origin),
    /// A host and its port, without a scheme.
    Host(String),
}

impl Program {
    /// Its name in the arguments.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Returns the program that runs this one, by the name of its link or by cargo's argument.
pub(crate) fn called_as(name: Option<&str>, first: Option<&str>) -> Option<Program> {
    if first == Some("--cargo-plugin") {
        return Some(Program::Cargo);
    }
    let name = Path::new(name?).file_stem()?.to_str()?;
    let link = LINKS.iter().find(|(link, _)| *link == name);
    link.map(|(_, program)| *program)
}

/// Answers the program, also if the configuration is faulty: some programs need that in words of theirs.
pub(crate) fn run(context: Result<Context>, options: &args::Helper) -> Result<u8> {
    let words = &options.words;
    if options.print_config || words.iter().any(|word| word == "--print-config") {
        let profile = words.iter().find(|word| !word.starts_with('-'));
        let lines = settings::lines_of(options.program, profile, context.ok().as_ref())?;
        return output::result(&lines).map(|()| 0);
    }
    let context = match (context, options.program) {
        (Ok(context), _) => context,
        (Err(failure), Program::Cargo) => return json::cargo_fails(&failure),
        (Err(failure), Program::Git) => return git::stop(words, failure),
        (Err(failure), _) => return Err(failure),
    };
    let helper = Helper {
        context: &context,
        words,
    };
    match options.program {
        Program::Git => helper.git(),
        Program::Docker => helper.docker(),
        Program::Kubectl => helper.kubectl(),
        Program::Cargo => helper.cargo(),
        Program::Bazel => helper.bazel(),
        Program::Go => helper.go(),
        Program::Terraform => helper.terraform(),
        Program::Pnpm => helper.pnpm(),
        Program::Keyring => helper.keyring(),
    }
}

/// One call of a helper.
struct Helper<'c> {
    context: &'c Context,
    /// The arguments after the program's name: a profile, if there is one, and those of the protocol.
    words: &'c [String],
}

impl<'c> Helper<'c> {
    /// The profile that the first word names, and the words after it.
    fn named(&self) -> (Option<&'c Profile>, &'c [String]) {
        let profile = self.words.split_first().and_then(|(first, rest)| {
            let profile = self.context.config.profile(Some(first)).ok()?;
            Some((Some(profile), rest))
        });
        profile.unwrap_or((None, self.words))
    }

    /// The profile that the first word names, where a protocol has no words of its own.
    fn first(&self) -> Result<Option<&'c Profile>> {
        let name = self.words.first().map(String::as_str);
        name.map(|name| self.context.config.profile(Some(name)))
            .transpose()
    }

    /// The profile for this place: the named one if the place is in its `api`, or the only one that has it.
    fn find(&self, named: Option<&'c Profile>, place: &Place) -> Result<Option<&'c Profile>> {
        if let Some(profile) = named {
            return Ok(place.is_of(profile).then_some(profile));
        }
        let profiles = self.context.config.profiles();
        let found: Vec<_> = profiles.filter(|profile| place.is_of(profile)).collect();
        match found.as_slice() {
            [] => Ok(None),
            [profile] => Ok(Some(profile)),
            several => {
                let names: Vec<_> = several.iter().map(|it| it.name.as_str()).collect();
                Err(Failure::configuration(format!(
                    "{} profiles have this API: {}; name one, or leave it in one",
                    names.len(),
                    names.join(", ")
                )))
            }
        }
    }

    fn session(&self, profile: &Profile) -> Result<Session> {
        self.context.session(profile)
    }

    fn token(&self, profile: &Profile) -> Result<Token> {
        let token = self.session(profile)?.token();
        token.map_err(|error| profile.failed(&error))
    }

    /// Gets another token in place of this one, which an API has rejected.
    fn another(&self, profile: &Profile, rejected: &Token) -> Result<Token> {
        self.reject(profile, Some(&Secret::new(rejected.expose())))
    }

    /// Gets another token in place of one that an API has rejected.
    fn reject(&self, profile: &Profile, rejected: Option<&Secret>) -> Result<Token> {
        replace(&self.session(profile)?, rejected, profile)
    }
}

impl Place {
    /// The origin of a URL, or a host with its port.
    fn of(text: &str) -> Option<Self> {
        if !text.contains("://") {
            let host = text.split('/').next().unwrap_or_default();
            return (!host.is_empty()).then(|| Self::Host(host.to_lowercase()));
        }
        let uri: Uri = text.parse().ok()?;
        Origin::of(&uri).map(Self::Origin)
    }

    fn is_of(&self, profile: &Profile) -> bool {
        profile.api().iter().any(|api| {
            let Some(Self::Origin(origin)) = Self::of(api) else {
                return false;
            };
            match self {
                Self::Origin(place) => *place == origin,
                Self::Host(host) => {
                    let shown = origin.to_string();
                    shown
                        .split_once("://")
                        .is_some_and(|(_, rest)| rest == host)
                }
            }
        })
    }
}

/// Standard input, which the protocols keep short.
fn input() -> Result<Secret> {
    let mut text = String::with_capacity(LONGEST_INPUT);
    let read = io::stdin()
        .take(LONGEST_INPUT as u64)
        .read_to_string(&mut text);
    read.map_err(|error| Failure::usage(format!("standard input cannot be read: {error}")))?;
    Ok(Secret::new(text))
}

const LONGEST_INPUT: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_the_name_of_its_program() {
        let by_name = |name| called_as(Some(name), Some("get"));
        assert_eq!(
            by_name("/home/ann/bin/docker-credential-auth-all"),
            Some(Program::Docker)
        );
        assert_eq!(by_name("keyring"), Some(Program::Keyring));
        assert_eq!(by_name("/usr/bin/auth-all"), None);
        assert_eq!(
            called_as(Some("auth-all"), Some("--cargo-plugin")),
            Some(Program::Cargo)
        );
    }

    #[test]
    fn a_place_is_an_origin_or_a_host() {
        let Some(Place::Origin(origin)) = Place::of("HTTPS://Host:443/path") else {
            panic!("expected an origin")
        };
        assert_eq!(
            origin,
            Origin::of(&"https://host/".parse().unwrap()).unwrap()
        );
        assert!(matches!(Place::of("Host:5000"), Some(Place::Host(host)) if host == "host:5000"));
        assert!(Place::of("").is_none());
        assert!(Place::of("://").is_none());
    }
}
