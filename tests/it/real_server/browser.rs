//! Who sits in front of the browser, and where it is sent back to.

pub(crate) use services::Browser;

/// The redirect URI of every client; nobody listens there.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";
