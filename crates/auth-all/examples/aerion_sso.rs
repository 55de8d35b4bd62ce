//! Aerion for a user of a company with single sign-on: the program has no password, only a refresh token.

use std::path::Path;
use std::time::SystemTime;

use auth_all::aerion::Aerion;
use auth_all::secret::{self, SecretSource};
use auth_all::{Result, Session, store::FileStore};

fn main() -> Result<()> {
    let aerion = Aerion::new("acme").username("ada@example.com");
    let left_behind = secret::file("/run/secrets/aerion-refresh-token");
    let expiry = log_in(aerion, left_behind, Path::new("/var/lib/sync/logins"))?;
    println!("the token works until {expiry:?}");
    Ok(())
}

/// Logs in with a refresh token from the single sign-on, and returns the expiry of the token.
pub(crate) fn log_in(
    aerion: Aerion,
    left_behind: SecretSource,
    logins: &Path,
) -> Result<Option<SystemTime>> {
    let session = Session::builder(aerion)
        .refresh_token(left_behind)
        .store(FileStore::open(logins)?)
        .build()?;
    Ok(session.token()?.expires_at())
}
