//! Sources of secrets: places that are read when a secret is needed. A secret itself stands in no file by accident.

use std::env;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use auth_all::generic::github_actions;
use auth_all::secret::{self, SecretSource};
use auth_all::{Error, Secret};
use toml::de::DeValue;

use crate::output;

/// A source, and its description for people.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) secret: SecretSource,
    pub(crate) shown: String,
    /// The environment variable, if it is one.
    pub(crate) variable: Option<String>,
}

/// Reads a source from a value of the configuration; an error is the rest of a sentence about the key.
pub(crate) fn read(value: &DeValue<'_>) -> Result<Source, String> {
    if value.is_str() {
        return Err(format!("is a secret, so it names a place: {EXAMPLES}"));
    }
    let entry = value.as_table().filter(|table| table.len() == 1);
    let Some((name, value)) = entry.and_then(|table| table.iter().next()) else {
        return Err(format!("names one place of a secret: {EXAMPLES}"));
    };
    let value = value.get_ref();
    let text = || {
        let text = value.as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| format!("has `{}` without a text", name.get_ref()))
    };
    let source = |secret, shown| {
        Ok(Source {
            secret,
            shown,
            variable: None,
        })
    };
    match name.get_ref().as_ref() {
        "file" => source(secret::file(text()?), format!("file {}", text()?)),
        "env" => Ok(Source {
            secret: secret::env(text()?),
            shown: format!("variable {}", text()?),
            variable: Some(text()?.to_owned()),
        }),
        "credential" => {
            let name = text()?.to_owned();
            let shown = format!("systemd credential {name}");
            source(credential(name)?, shown)
        }
        "command" => {
            let words = value.as_array().into_iter().flat_map(|words| words.iter());
            let words: Option<Vec<_>> = words.map(|word| word.get_ref().as_str()).collect();
            let words = words.filter(|words| !words.is_empty());
            let words = words.ok_or(
                "has `command` without a list: { command = [\"pass\", \"show\", \"orders\"] }",
            )?;
            // Arguments may hold a secret; the program's name does not.
            let shown = format!("program {}", words.first().unwrap_or(&""));
            source(secret::command(words), shown)
        }
        "github_actions" => source(
            github_actions(text()?),
            format!("GitHub Actions for {}", text()?),
        ),
        "keyring" => keyring(text()?),
        "stdin" if value.as_bool() == Some(true) => {
            source(standard_input(), "standard input".to_owned())
        }
        "danger_plain" => source(
            Secret::new(text()?).into(),
            "written in the file".to_owned(),
        ),
        "prompt" => {
            Err("cannot be asked for: only `login` asks, and only for a password".to_owned())
        }
        other => Err(format!("has no source named `{other}`: {EXAMPLES}")),
    }
}

/// An entry of the keyring: `NAME` of the service `auth-all`, or `SERVICE/NAME`.
#[cfg(feature = "keyring")]
fn keyring(place: &str) -> Result<Source, String> {
    let (service, name) = place.split_once('/').unwrap_or(("auth-all", place));
    if service.is_empty() || name.is_empty() {
        return Err("has a `keyring` that is not `NAME` or `SERVICE/NAME`".to_owned());
    }
    Ok(Source {
        secret: auth_all::keyring::secret(service, name),
        shown: format!("keyring {service}/{name}"),
        variable: None,
    })
}

#[cfg(not(feature = "keyring"))]
fn keyring(_: &str) -> Result<Source, String> {
    Err("names the keyring, which this build lacks: it needs the feature `keyring`".to_owned())
}

/// A credential of the service that systemd started.
fn credential(name: String) -> Result<SecretSource, String> {
    if name.contains(['/', '\\']) || name.starts_with('.') {
        return Err("has a `credential` that is not a plain name".to_owned());
    }
    Ok(secret::from_fn(move || {
        let directory = env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
            Error::configuration(format!(
                "systemd passed no credentials to this process, so `{name}` is not here; set `LoadCredential={name}:…` \
                 in the unit"
            ))
        })?;
        secret::file(Path::new(&directory).join(&name)).read()
    }))
}

/// The first line of standard input, which is read once.
fn standard_input() -> SecretSource {
    let line = Arc::new(OnceLock::new());
    secret::from_fn(move || {
        let read = || output::first_line().map_err(|error| error.to_string());
        match line.get_or_init(read) {
            Ok(secret) => Ok(Secret::clone(secret)),
            Err(error) => Err(Error::configuration(format!("standard input: {error}"))),
        }
    })
}

const EXAMPLES: &str = "{ file = \"/run/secrets/x\" }, { env = \"X\" }, { credential = \"x\" }, { command = [\"pass\", \
                        \"show\", \"x\"] } or { stdin = true }; { danger_plain = \"…\" } has the secret in the file";
