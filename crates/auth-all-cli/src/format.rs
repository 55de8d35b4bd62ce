//! Shapes of a token for other programs.

use std::time::SystemTime;

use auth_all::clock::UnixTime;
use auth_all::grant::TokenType;
use auth_all::{Secret, Token};
use clap::ValueEnum;
use serde_json::json;
use time::OffsetDateTime;

/// Shape in which a token is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The token alone
    #[default]
    Token,
    /// `Authorization: Bearer …`, for `curl -H @file`
    Header,
    /// Token, expiry and scope, for programs
    Json,
    /// A line for `curl -K <(auth-all token PROFILE -f curl) URL`
    Curl,
    /// `export API_TOKEN='…'`, for a shell's `eval`
    Env,
    /// `API_TOKEN='…'`, for a file of variables
    Dotenv,
}

/// Names in the output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'n> {
    pub(crate) profile: &'n str,
    pub(crate) header: &'n str,
    pub(crate) variable: &'n str,
}

impl Format {
    /// The token in this shape, with a line break at its end.
    pub(crate) fn of(self, token: &Token, names: Names<'_>) -> Secret {
        let Names {
            profile,
            header,
            variable,
        } = names;
        let value = || String::from_utf8_lossy(token.authorization().as_bytes()).into_owned();
        Secret::new(match self {
            Self::Token => format!("{}\n", token.expose()),
            Self::Header => format!("{header}: {}\n", value()),
            Self::Curl => {
                let line = format!("{header}: {}", value());
                let line = line.replace('\\', "\\\\").replace('"', "\\\"");
                format!("header = \"{line}\"\n")
            }
            Self::Env => format!("export {variable}={}\n", quoted(token.expose())),
            Self::Dotenv => format!("{variable}={}\n", quoted(token.expose())),
            Self::Json => {
                let kind = match token.token_type() {
                    TokenType::Dpop => "DPoP",
                    _ => "Bearer",
                };
                let object = json!({
                    "access_token": token.expose(),
                    "token_type": kind,
                    "expires_at": token.expires_at().map(rfc3339),
                    "expires_at_epoch": token.expires_at().map(epoch),
                    "scope": token.scope(),
                    "profile": profile,
                });
                format!("{object}\n")
            }
        })
    }
}

/// A text in single quotes, as shells read it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A time in UTC, as RFC 3339 writes it: `2026-11-28T08:00:00Z`.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// The seconds since 1970.
pub(crate) fn epoch(at: SystemTime) -> u64 {
    UnixTime::from(at).seconds()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    const NAMES: Names<'static> = Names {
        profile: "orders",
        header: "Authorization",
        variable: "API_TOKEN",
    };

    fn of(format: Format, text: &str) -> String {
        let token = auth_all::testing::session(text).token().unwrap();
        format.of(&token, NAMES).expose().to_owned()
    }

    #[test]
    fn each_format_of_a_token() {
        assert_eq!(of(Format::Token, "abc"), "abc\n");
        assert_eq!(of(Format::Header, "abc"), "Authorization: Bearer abc\n");
        let curl = "header = \"Authorization: Bearer a\\\"b\\\\c\"\n";
        assert_eq!(of(Format::Curl, "a\"b\\c"), curl);
        assert_eq!(of(Format::Env, "a'b"), "export API_TOKEN='a'\\''b'\n");
        assert_eq!(of(Format::Dotenv, "abc"), "API_TOKEN='abc'\n");
        let json: serde_json::Value = serde_json::from_str(&of(Format::Json, "abc")).unwrap();
        assert_eq!(json["access_token"], "abc");
        assert_eq!(json["token_type"], "Bearer");
        assert!(json["expires_at"].as_str().unwrap().ends_with('Z'));
        assert!(json["expires_at_epoch"].is_u64());
    }

    #[test]
    fn times_are_in_utc() {
        let at = UNIX_EPOCH + Duration::from_secs(1_795_852_800);
        assert_eq!(rfc3339(at), "2026-11-28T08:00:00Z");
        assert_eq!(epoch(at), 1_795_852_800);
    }
}
