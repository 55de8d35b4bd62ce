//! Properties of every error, and of every accepted value.

use std::error::Error as StdError;
use std::fmt::{Debug, Write as _};

use auth_core::Error;

/// Begins every secret of the targets. Letters and digits alone: no encoding hides it.
pub(crate) const CANARY: &str = "canary7Qz";

/// Secrets of requests and URLs, which a server, a redirect or a store may repeat.
pub(crate) const CLIENT_SECRET: &str = "canary7QzClientSecret";
pub(crate) const PASSWORD: &str = "canary7QzPassword";
pub(crate) const REFRESH_TOKEN: &str = "canary7QzRefreshToken";
pub(crate) const STATE: &str = "canary7QzStateOfThisLogin";
pub(crate) const CODE_VERIFIER: &str = "canary7QzCodeVerifierOfThisLogin-0123456789";
pub(crate) const CODE: &str = "canary7QzCodeOfTheRedirect";
pub(crate) const ACCESS_TOKEN: &str = "canary7QzAccessToken";

/// Everything that an error shows: `Display` and `Debug` of itself and of its sources.
pub(crate) fn shown(error: &Error) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn StdError> = Some(error);
    while let Some(error) = next {
        let line = error.to_string();
        is_one_line(&line);
        let _ = write!(text, "{line}\n{error:?}\n");
        next = error.source();
    }
    assert!(
        text.len() <= LONGEST_ERROR,
        "an error of {} bytes: {}…",
        text.len(),
        text.chars().take(200).collect::<String>()
    );
    text
}

/// Asserts that an error holds none of these secrets, and returns all that it shows.
#[track_caller]
pub(crate) fn is_quiet(error: &Error, secrets: &[&str]) -> String {
    let text = shown(error);
    for secret in secrets {
        assert!(!text.contains(secret), "an error shows {secret}: {text}");
    }
    text
}

/// Asserts that a `Debug` holds none of these secrets.
#[track_caller]
pub(crate) fn is_quiet_debug(value: &impl Debug, secrets: &[&str]) {
    let text = format!("{value:?}");
    for secret in secrets {
        assert!(!text.contains(secret), "a `Debug` shows {secret}: {text}");
    }
}

/// Asserts that a text for people is one line without control or invisible characters.
#[track_caller]
pub(crate) fn is_one_line(text: &str) {
    let odd = |letter: char| {
        letter.is_control() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
    };
    assert!(!text.contains(odd), "a control character: {text:?}");
}

/// Asserts that a text quotes no piece of an input that looks random, as keys and passwords do.
#[track_caller]
pub(crate) fn quotes_nothing(text: &str, input: &[u8]) {
    for run in input.split(|byte| !byte.is_ascii_alphanumeric()) {
        let has = |is: fn(&u8) -> bool| run.iter().any(is);
        let is_random = run.len() >= QUOTED
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_uppercase);
        if let Some(Ok(piece)) = is_random.then(|| str::from_utf8(&run[..QUOTED])) {
            assert!(!text.contains(piece), "{piece} is quoted: {text}");
        }
    }
}

/// The words of a server are cut to 256 characters, each escaped to ten at most, in up to two errors, twice.
const LONGEST_ERROR: usize = 24 * 1024;
const QUOTED: usize = 12;
