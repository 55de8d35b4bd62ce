//! A job whose exit code shows the operator, or systemd, who must act.

use std::path::Path;
use std::process::ExitCode;

use auth_all::ermeo::Ermeo;
use auth_all::error::Remedy;
use auth_all::{Error, Result, Session, secret, store::FileStore};

fn main() -> ExitCode {
    let password = secret::file("/run/secrets/ermeo-password");
    let ermeo =
        Ermeo::new("1_abc", secret::env("ERMEO_CLIENT_SECRET")).password("jsmith", password);
    match work(ermeo, Path::new("/var/lib/batch/logins")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}; {}", advice(&error));
            ExitCode::from(error.remedy().exit_code())
        }
    }
}

/// Does the work of the job, which here is only to log in.
pub(crate) fn work(ermeo: Ermeo, logins: &Path) -> Result<()> {
    let session = Session::builder(ermeo)
        .store(FileStore::open(logins)?)
        .build()?;
    session.token().map(drop)
}

/// Returns a sentence for the operator about the next step.
pub(crate) fn advice(error: &Error) -> String {
    match error.remedy() {
        Remedy::Retry => match error.retry_after() {
            Some(wait) => format!(
                "the next run will do, in {} s at the earliest",
                wait.as_secs()
            ),
            None => "the next run will do".to_owned(),
        },
        Remedy::LogIn => "ask jsmith for the password and write it to the file".to_owned(),
        Remedy::Configure => "correct the settings of the job".to_owned(),
        Remedy::RepairStore => "look at the folder of the logins".to_owned(),
        _ => "send this line to the people who run the server".to_owned(),
    }
}
