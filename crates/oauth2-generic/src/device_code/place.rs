//! Where a person enters a code: what may be shown of what a server says.

use auth_core::{Error, Result};

use crate::authorize::{is_private, normal};

/// Checks a URL that a person is to open; the error says what is wrong with it, and not what it is.
pub(super) fn check(name: &str, uri: &str, allow_http: bool) -> Result<()> {
    let problem = match normal(uri) {
        _ if !uri.is_ascii() => {
            "has characters outside of ASCII, which may look like another address; the server has to send \
             them encoded (`xn--` in the host, `%` in the path)"
        }
        _ if !is_showable(uri) => {
            "has control characters or is too long; the server has to send another"
        }
        None => {
            "is not a whole URL (https://host/path); the server has to be told the address under which \
             people reach it"
        }
        Some(_) if is_private(uri, allow_http) => return Ok(()),
        Some(url) if url.starts_with("http:") => {
            "is plain http, which is for 127.0.0.1 and [::1] only; the server has to be told its https \
             address, or for a test network set `danger_allow_http_login`"
        }
        Some(_) => "does not begin with https://; the server has to send a URL for a browser",
    };
    Err(Error::response(format!("its `{name}` {problem}")))
}

/// Whether a text can be shown on a terminal and typed: nothing in it moves a cursor or hides.
pub(super) fn is_showable(text: &str) -> bool {
    let is_printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    text.len() <= LONGEST_TEXT && text.bytes().all(is_printable)
}

const LONGEST_TEXT: usize = 2048;
