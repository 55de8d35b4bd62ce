//! The token handling of most programs: a JSON file, read, refreshed, written back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use auth_all::ermeo::Ermeo;
use auth_all::error::ErrorCode;
use auth_all::grant::{Lifetime, TokenResponse};
use auth_all::transport::Transport;
use auth_all::{Grant, Secret};
use serde_json::{Value, json};

use super::Settings;

/// Tokens in a JSON file, without any coordination.
///
/// Each call reads the file. If its token has expired, the refresh token is sent and the response is
/// written to a temporary file, which is renamed. If the server calls the refresh token invalid, the login
/// has ended: with a password there is a new login, without one the file is deleted and the user has to
/// log in. Each of these steps is reasonable, and most programs do exactly this.
pub(super) struct TokenFile {
    path: PathBuf,
    grant: Ermeo,
    has_password: bool,
    transport: Box<dyn Transport>,
}

impl TokenFile {
    pub(super) fn new(path: &Path, settings: &Settings, transport: Box<dyn Transport>) -> Self {
        Self {
            path: path.to_owned(),
            grant: settings.grant(),
            has_password: !settings.password.is_empty(),
            transport,
        }
    }

    /// Returns a token that is valid at `now`.
    pub(super) fn token(&self, now: Duration) -> Result<String, String> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(_) if self.has_password => return self.log_in(now),
            Err(_) => return Err("log in again: the file with tokens is missing".to_owned()),
        };
        let tokens: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if now.as_secs_f64() < tokens["expires_at"].as_f64().unwrap_or_default() {
            return Ok(tokens["access_token"]
                .as_str()
                .unwrap_or_default()
                .to_owned());
        }
        let refresh_token = Secret::new(tokens["refresh_token"].as_str().unwrap_or_default());
        let request = self.grant.refresh_request(&refresh_token);
        match request.and_then(|request| request.send(&*self.transport)) {
            Ok(answer) => self.write(&answer, now),
            Err(error) if is_dead(&error) && self.has_password => self.log_in(now),
            Err(error) => {
                if is_dead(&error) {
                    // Another process may have deleted it just before.
                    let _ = fs::remove_file(&self.path);
                }
                Err(error.to_string())
            }
        }
    }

    fn log_in(&self, now: Duration) -> Result<String, String> {
        let request = self.grant.login_request();
        let answer = request.and_then(|request| request.send(&*self.transport));
        self.write(&answer.map_err(|error| error.to_string())?, now)
    }

    fn write(&self, answer: &TokenResponse, now: Duration) -> Result<String, String> {
        write_tokens(&self.path, answer, now).map_err(|error| error.to_string())?;
        Ok(answer.access_token.expose().to_owned())
    }
}

/// Writes the file as a program does after its first login.
///
/// # Errors
/// If it cannot be written.
pub fn write_tokens(path: &Path, answer: &TokenResponse, now: Duration) -> io::Result<()> {
    let life = match answer.lifetime {
        Lifetime::For(life) => life,
        _ => Duration::ZERO,
    };
    let refresh_token = answer.refresh_token.as_ref().map(Secret::expose);
    let tokens = json!({
        "access_token": answer.access_token.expose(),
        "refresh_token": refresh_token,
        "expires_at": (now + life).as_secs_f64(),
    });
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&beside, tokens.to_string())?;
    fs::rename(beside, path)
}

fn is_dead(error: &auth_all::Error) -> bool {
    let refusal = error.refusal();
    refusal.is_some_and(|refusal| refusal.code == ErrorCode::InvalidGrant)
}
