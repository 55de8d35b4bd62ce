//! The connection string: address of the server, and the login there.
//!
//! Operators have one that was written for another client. Parameters that this store supports, or that change nothing
//! here, are accepted; all others are refused by their names. No error quotes the string, nor a name that is not in the
//! list.

use std::path::PathBuf;

use auth_core::{Error, Result, Secret};
use tokio_postgres::Config;
use zeroize::Zeroizing;

use crate::parameters::{self, Verdict};

/// Content of a connection string.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) config: Config,
    /// The schema of the table.
    pub(crate) schema: Option<String>,
    /// The file with the authorities to trust.
    #[cfg_attr(
        not(feature = "tls"),
        expect(dead_code, reason = "without TLS nothing is trusted")
    )]
    pub(crate) authorities: Option<PathBuf>,
}

impl Address {
    /// Reads either form, `postgres://user:password@host/database` or `host=… user=…`.
    pub(crate) fn read(connection: &Secret) -> Result<Self> {
        let text = connection.expose().trim();
        if text.is_empty() {
            return Err(unusable("it is empty (is a variable not set?)"));
        }
        if text.starts_with(['"', '\'', '`']) {
            return Err(unusable("it has quotes around it; remove them"));
        }
        if text.starts_with("psql ") {
            return Err(unusable(
                "it is a command; use only the string after `psql`",
            ));
        }
        match scheme(text) {
            Some((scheme, rest)) => Self::of_url(scheme, rest),
            None => Self::of_words(text),
        }
    }

    fn of_url(scheme: &str, rest: &str) -> Result<Self> {
        if !is_of_postgres(scheme) {
            return Err(unusable("its scheme is not one of PostgreSQL"));
        }
        // The credentials may hold characters that are special after them; a query may hold an `@`.
        let at = rest.find('@').filter(|&at| {
            !rest[..at]
                .split_once('?')
                .is_some_and(|(_, query)| query.contains('='))
        });
        let behind = at.map_or(0, |at| at + 1);
        let (place, query) = match rest[behind..].find('?') {
            Some(mark) => (&rest[..behind + mark], &rest[behind + mark + 1..]),
            None => (rest, ""),
        };
        if place[behind..].contains('@') {
            return Err(unusable(
                "it has two `@`; one in the user or the password is `%40`",
            ));
        }
        let mut given = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            given.push((decoded(name)?, decoded(value)?));
        }
        Self::with(given, |kept| {
            let mut url = Zeroizing::new(format!("postgres://{place}?"));
            for (name, value) in kept {
                let value = Zeroizing::new(encoded(value));
                url.push_str(&format!("{name}={}&", value.as_str()));
            }
            url
        })
    }

    fn of_words(text: &str) -> Result<Self> {
        if text.starts_with("jdbc:") || text.starts_with("r2dbc:") {
            return Err(unusable(NO_HOST));
        }
        if !text.contains('=') {
            return Err(unusable("it has no scheme; begin it with `postgres://`"));
        }
        let of_ado = |piece: &str| {
            let name = piece.split('=').next().unwrap_or_default().trim();
            ADO_NAMES
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known))
        };
        if text.split(';').skip(1).any(of_ado) {
            return Err(unusable(
                "it has the form of ADO.NET; replace `;` by spaces, and its names by `user` and `dbname`",
            ));
        }
        let given = words(text).ok_or_else(|| unusable(ENCODE))?;
        Self::with(given, |kept| {
            let mut words = Zeroizing::new(String::new());
            for (name, value) in kept {
                words.push_str(&word(name, value));
            }
            words
        })
    }

    /// Judges the parameters, and has the client library read its own.
    fn with(
        given: Vec<(Zeroizing<String>, Zeroizing<String>)>,
        joined: impl FnOnce(&[(&'static str, Zeroizing<String>)]) -> Zeroizing<String>,
    ) -> Result<Self> {
        let (mut kept, mut schema, mut authorities) = (Vec::new(), None, None);
        for (at, (name, value)) in given.into_iter().enumerate() {
            match parameters::judge(&name, &value) {
                Verdict::Keep(name) => kept.push((name, value)),
                Verdict::Replace(name, value) => kept.push((name, value.to_owned().into())),
                Verdict::Drop => {}
                Verdict::Schema(name) => schema = Some(name),
                Verdict::Authorities => authorities = Some(PathBuf::from(value.as_str())),
                Verdict::Refuse(why) => return Err(unusable(&why)),
                Verdict::Unknown => {
                    return Err(unusable(&format!(
                        "parameter {} is not one that this store supports; remove it (or is it part of the \
                         password, in which `@` is `%40` and `?` is `%3F`?)",
                        at + 1
                    )));
                }
            }
        }
        for (name, value) in &kept {
            if word(name, value).parse::<Config>().is_err() {
                return Err(unusable(&format!("`{name}` cannot have that value")));
            }
        }
        // The parser's error may quote a piece of the string.
        let config: Config = joined(&kept).parse().map_err(|_| unusable(ENCODE))?;
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
        let ports = config.get_ports().len();
        if hosts == 0 {
            return Err(unusable(NO_HOST));
        }
        if ports > 1 && ports != hosts {
            return Err(unusable("it needs one port, or one for each host"));
        }
        if config.get_user() == Some("") {
            return Err(unusable("its user is empty"));
        }
        Ok(Self {
            config,
            schema,
            authorities,
        })
    }
}

/// Splits a URL after its scheme.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "+-.:".contains(letter);
    scheme.chars().all(plain).then_some((scheme, rest))
}

/// Accepts `postgresql+psycopg2` of `SQLAlchemy`, `jdbc:postgresql`, and other schemes of PostgreSQL.
fn is_of_postgres(scheme: &str) -> bool {
    let scheme = scheme.to_ascii_lowercase();
    let scheme = scheme
        .strip_prefix("jdbc:")
        .or_else(|| scheme.strip_prefix("r2dbc:"))
        .unwrap_or(&scheme);
    let base = scheme.split('+').next().unwrap_or_default();
    ["postgres", "postgresql", "psql", "pgsql", "pg", "postgis"].contains(&base)
}

/// Reads words `name=value`, the value plain or within `'`.
fn words(text: &str) -> Option<Vec<(Zeroizing<String>, Zeroizing<String>)>> {
    let mut given = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, behind) = rest.split_once('=')?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return None;
        }
        let behind = behind.trim_start();
        let quoted = behind.strip_prefix('\'');
        let mut value = Zeroizing::new(String::new());
        let mut letters = quoted.unwrap_or(behind).chars();
        let mut ended = false;
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => value.extend(letters.next()),
                '\'' if quoted.is_some() => {
                    ended = true;
                    break;
                }
                space if quoted.is_none() && space.is_whitespace() => break,
                letter => value.push(letter),
            }
        }
        if quoted.is_some() && !ended {
            return None;
        }
        given.push((Zeroizing::new(name.to_owned()), value));
        rest = letters.as_str().trim_start();
    }
    Some(given)
}

/// Writes a word of a connection string, followed by a space.
fn word(name: &str, value: &str) -> Zeroizing<String> {
    let value = Zeroizing::new(value.replace('\\', "\\\\"));
    let value = Zeroizing::new(value.replace('\'', "\\'"));
    Zeroizing::new(format!("{name}='{}' ", value.as_str()))
}

fn decoded(text: &str) -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let code = match behind {
            [high, low, ..] if *first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match code {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    match str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(unusable(ENCODE)),
    }
}

fn digit(letter: u8) -> Option<u8> {
    let digit = char::from(letter).to_digit(16)?;
    u8::try_from(digit).ok()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn unusable(why: &str) -> Error {
    Error::configuration(format!(
        "the PostgreSQL connection string cannot be used: {why}. It looks like \
         `postgres://user:password@host/database` or `host=… user=… dbname=…`"
    ))
}

const ADO_NAMES: [&str; 8] = [
    "host", "server", "port", "database", "username", "user id", "password", "ssl mode",
];
const NO_HOST: &str = "it names no host; a server on this machine is `127.0.0.1`, or \
    `host=/run/postgresql` for its socket file";
const ENCODE: &str = "it cannot be read; in a password within a URL, every character that is not a letter or \
    a digit is percent-encoded (`@` is `%40`, `%` is `%25`)";
