//! A gateway that continues while Aeris is down for a day: its token is renewed that much earlier, by a thread of its own.

use std::time::Duration;

use auth_all::aeris::Aeris;
use auth_all::http::HeaderValue;
use auth_all::{BackgroundRefresh, Result, Session, secret};

fn main() -> Result<()> {
    let aeris = Aeris::new("my-client", secret::env("AERIS_CLIENT_SECRET"))
        .account("12345", secret::env("AERIS_ACCOUNT_SECRET"))
        .requester("ops@example.com");
    let (session, _renewals) = start(aeris)?;
    for _device in ["861774050000001", "861774050000002"] {
        forward(&session)?;
    }
    Ok(())
}

/// Starts the session and its renewals, which continue until the second value is dropped.
pub(crate) fn start(aeris: Aeris) -> Result<(Session, BackgroundRefresh)> {
    let day = Duration::from_secs(24 * 3600);
    let session = Session::builder(aeris).renew_ahead(day).build()?;
    let renewals = session.refresh_in_background()?;
    Ok((session, renewals))
}

/// Forwards one request: the token is lent, not copied. Returns the length of the header.
pub(crate) fn forward(session: &Session) -> Result<usize> {
    session.with_authorization(HeaderValue::len)
}
