//! Requests by an HTTP client of your own choice: the program gives it the header, and reports a rejected token.

use std::time::Duration;

use auth_all::ermeo::Ermeo;
use auth_all::error::Remedy;
use auth_all::{Result, Session, secret};

/// Sends a request whose `Authorization` header has this value, and returns any status.
type Client<'a> = &'a dyn Fn(&str) -> u16;

fn main() -> Result<()> {
    let password = secret::env("ERMEO_PASSWORD");
    let ermeo =
        Ermeo::new("1_abc", secret::env("ERMEO_CLIENT_SECRET")).password("jsmith", password);
    let session = Session::new(ermeo);
    match assets(&session, &|_authorization| 200) {
        Ok(status) => println!("{status}"),
        Err(error) if error.remedy() == Remedy::Retry => {
            let wait = error.retry_after().unwrap_or(Duration::from_secs(60));
            println!("{error}; try again in {} s", wait.as_secs());
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Sends the request; if the API rejects the token and the session gets another one, sends it once more with that.
pub(crate) fn assets(session: &Session, client: Client<'_>) -> Result<u16> {
    loop {
        let token = session.token()?;
        let status = client(token.authorization().to_str().unwrap_or_default());
        if status != 401 || !session.reject(&token) {
            return Ok(status);
        }
    }
}
