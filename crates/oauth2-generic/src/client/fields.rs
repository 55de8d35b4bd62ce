//! What may stand in a field of a client.

use auth_core::{Error, Result};

use crate::authorize::normal;

/// An endpoint that a request needs, if it is a URL.
pub(crate) fn url_of<'a>(field: &'static str, url: &'a str) -> Result<&'a str> {
    if url.is_empty() {
        return Err(Error::configuration(format!("`{field}` is empty; set it")));
    }
    match normal(url) {
        Some(_) => Ok(url),
        None => Err(Error::configuration(format!(
            "`{field}` is not a URL; write it as https://host/path"
        ))),
    }
}
