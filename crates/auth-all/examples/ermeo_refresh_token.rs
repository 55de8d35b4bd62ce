//! A job that has no password: an operator handed it the refresh token of a login.

use std::path::Path;

use auth_all::ermeo::Ermeo;
use auth_all::secret::{self, SecretSource};
use auth_all::{Result, Session, store::FileStore};

fn main() -> Result<()> {
    let ermeo = Ermeo::new("1_abc", secret::env("ERMEO_CLIENT_SECRET")).username("jsmith");
    let handed_over = secret::env("ERMEO_REFRESH_TOKEN");
    let session = start(ermeo, handed_over, Path::new("/var/lib/batch/logins"))?;
    println!("{}", session.status());
    Ok(())
}

/// Starts from the refresh token that was handed over, and, from the second start on, from the newer one in the store.
pub(crate) fn start(ermeo: Ermeo, handed_over: SecretSource, logins: &Path) -> Result<Session> {
    let session = Session::builder(ermeo)
        .refresh_token(handed_over)
        .store(FileStore::open(logins)?)
        .build()?;
    session.token()?;
    Ok(session)
}
