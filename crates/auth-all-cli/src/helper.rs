//! `auth-all helper`: the protocols by which other programs ask for a token.
//!
//! A helper never logs in, and answers for the origins in a profile's `api` and for no others: a program that asks for
//! another host gets nothing.

mod git;
mod json;
mod lines;

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

/// Returns the program that runs this one, by the name of its link or by cargo's argument.
pub(crate) fn called_as(name: Option<&str>, first: Option<&str>) -> Option<Program> {
    if first == Some("--cargo-plugin") {
        return Some(Program::Cargo);
    }
    let name = Path::new(name?).file_stem()?.to_str()?;
    let link = LINKS.iter().find(|(link, _)| *link == name);
    link.map(|(_, program)| *program)
}

/// Answers the program.
pub(crate) fn run(context: &Context, options: &args::Helper) -> Result<u8> {
    let helper = Helper {
        context,
        words: &options.words,
    };
    if options.print_config || options.words.iter().any(|word| word == "--print-config") {
        let profile = options.words.first().map(String::as_str);
        let profile = profile.filter(|word| !word.starts_with('-'));
        return output::result(&lines_of(options.program, profile)?).map(|()| 0);
    }
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

/// The lines that configure a program.
fn lines_of(program: Program, profile: Option<&str>) -> Result<String> {
    let path = std::env::current_exe()
        .map_err(|error| Failure::configuration(format!("the path of this program: {error}")))?;
    let me = path.display();
    let named = profile.map_or_else(String::new, |profile| format!(" {profile}"));
    let profile = profile.unwrap_or("PROFILE");
    Ok(match program {
        Program::Git => format!(
            "# ~/.gitconfig; the empty line keeps other helpers from storing the token\n\
             [credential \"https://HOST\"]\n\thelper =\n\thelper = !{me} helper git{named}\n"
        ),
        Program::Docker => format!(
            "# ln -s {me} ~/bin/docker-credential-auth-all\n# ~/.docker/config.json\n\
             {{\"credHelpers\": {{\"HOST\": \"auth-all\"}}}}\n"
        ),
        Program::Kubectl => format!(
            "# kubeconfig\nusers:\n- name: {profile}\n  user:\n    exec:\n      \
             apiVersion: client.authentication.k8s.io/v1\n      command: {me}\n      \
             args: [helper, kubectl, {profile}]\n      interactiveMode: Never\n      provideClusterInfo: true\n      \
             installHint: auth-all is not installed\n"
        ),
        Program::Cargo => format!(
            "# ~/.cargo/config.toml\n[registries.NAME]\nindex = \"sparse+https://HOST/index/\"\n\
             credential-provider = [\"{me}\", \"{profile}\"]\n"
        ),
        Program::Bazel => format!(
            "# ln -s {me} ~/bin/auth-all-bazel\n# .bazelrc\ncommon --credential_helper=HOST=%workspace%/../bin/auth-all-bazel\n"
        ),
        Program::Go => format!("export GOAUTH='{me} helper go {profile}'\n"),
        Program::Terraform => format!(
            "# ln -s {me} ~/.terraform.d/plugins/terraform-credentials-auth-all\n# ~/.terraformrc\n\
             credentials_helper \"auth-all\" {{\n  args = [\"{profile}\"]\n}}\n"
        ),
        Program::Pnpm => format!(
            "# ~/.local/bin/auth-all-{profile}, with mode 755\n#!/bin/sh\nexec {me} helper pnpm {profile}\n\
             # ~/.npmrc\n//HOST/npm/:tokenHelper=/home/USER/.local/bin/auth-all-{profile}\n"
        ),
        Program::Keyring => format!(
            "# ln -s {me} ~/auth-all-bin/keyring; only for these commands, since other programs have a `keyring`, too\n\
             PATH=~/auth-all-bin:$PATH pip install --keyring-provider subprocess NAME\n\
             PATH=~/auth-all-bin:$PATH uv pip install --keyring-provider subprocess NAME\n"
        ),
    })
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
