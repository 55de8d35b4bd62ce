//! A nightly job. Its login is in a folder that other processes use too: one of them renews it, the others read it.

use std::error::Error;
use std::path::Path;

use auth_all::ermeo::Ermeo;
use auth_all::{Session, secret, store::FileStore};

fn main() -> Result<(), Box<dyn Error>> {
    let password = secret::file("/run/secrets/ermeo-password");
    let ermeo =
        Ermeo::new("1_abc", secret::env("ERMEO_CLIENT_SECRET")).password("jsmith", password);
    let assets = assets(
        ermeo,
        Path::new("/var/lib/batch/logins"),
        "https://api.ermeo.com",
    )?;
    println!("{assets}");
    Ok(())
}

/// Reads the list of assets from the API at `base`.
pub(crate) fn assets(ermeo: Ermeo, logins: &Path, base: &str) -> Result<String, Box<dyn Error>> {
    let session = Session::builder(ermeo)
        .store(FileStore::open(logins)?)
        .build()?;
    let mut response = session
        .agent()
        .get(format!("{base}/api/v1/assets"))
        .call()?;
    Ok(response.body_mut().read_to_string()?)
}
