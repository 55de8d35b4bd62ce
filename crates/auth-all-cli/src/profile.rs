//! A profile: one login at one server, and the session over it.

pub(crate) mod oauth;
mod vendor;

use std::sync::Arc;

use auth_all::secret::SecretSource;
use auth_all::store::Store;
use auth_all::transport::HttpTransport;
use auth_all::{Error, Grant, Secret, Session};

use crate::config::table::{Setting, Table};
use crate::failure::{Failure, Result};
use oauth::OAuth;
use vendor::Vendor;

/// Settings of one login.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    server: Server,
    api: Vec<String>,
    allow_http: bool,
    settings: Vec<Setting>,
}

#[derive(Clone, Debug)]
enum Server {
    Vendor(Box<Vendor>),
    OAuth(Box<OAuth>),
}

/// The way to a new login.
pub(crate) enum LogIn<'p> {
    /// No person is needed: the profile has all that a login takes.
    Unattended,
    /// A person has a password for this user.
    Password(&'p str),
    /// A person logs in at the server.
    Person(&'p OAuth),
}

impl Profile {
    /// Reads `[profile.NAME]`.
    pub(crate) fn read(name: &str, table: &Table<'_>) -> Result<Self> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        if name.is_empty() || !name.chars().all(plain) || name.starts_with('-') {
            return Err(table.wrong(name, "is not a name of letters, digits, `-`, `_` and `.`"));
        }
        let allow_http = table.flag("danger_allow_http")?;
        let server = match table.text("vendor")?.as_deref() {
            Some(vendor) => Server::Vendor(Box::new(Vendor::read(vendor, table)?)),
            None => Server::OAuth(Box::new(OAuth::read(name, table, allow_http)?)),
        };
        let api = table.texts("api")?;
        table.finish()?;
        Ok(Self {
            name: name.to_owned(),
            server,
            api,
            allow_http,
            settings: table.settings(),
        })
    }

    /// The vendor's name, or the grant's.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.server {
            Server::Vendor(vendor) => vendor.name(),
            Server::OAuth(oauth) => oauth.kind(),
        }
    }

    /// The server's URL, for people; empty for a vendor's own.
    pub(crate) fn place(&self) -> &str {
        match &self.server {
            Server::Vendor(vendor) => vendor.place(),
            Server::OAuth(oauth) => oauth.place(),
        }
    }

    /// Every key that was set, and where.
    pub(crate) fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// The variables that have secrets of this profile.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        let variables = self.settings.iter().map(|it| it.variable.as_deref());
        variables.flatten()
    }

    /// The header that carries the token.
    pub(crate) fn header(&self) -> &str {
        match &self.server {
            Server::Vendor(_) => "Authorization",
            Server::OAuth(oauth) => oauth.header(),
        }
    }

    pub(crate) fn log_in(&self) -> LogIn<'_> {
        match &self.server {
            Server::Vendor(vendor) => vendor.asks(),
            Server::OAuth(oauth) => oauth.asks(),
        }
    }

    /// Returns `true` if its logins can live on a refresh token.
    pub(crate) fn has_refresh_tokens(&self) -> bool {
        match &self.server {
            Server::Vendor(vendor) => vendor.has_refresh_tokens(),
            Server::OAuth(oauth) => oauth.has_refresh_tokens(),
        }
    }

    /// The grant, with this password if the profile has none.
    pub(crate) fn grant(&self, password: Option<&Secret>) -> Result<Box<dyn Grant>> {
        let password = password.map(SecretSource::from);
        match &self.server {
            Server::Vendor(vendor) => Ok(vendor.grant(password)),
            Server::OAuth(oauth) => {
                let client = oauth.client(&self.transport()?);
                let client = client.map_err(|error| self.failed(&error))?;
                oauth.grant(client, password)
            }
        }
    }

    /// The session over the login in this store.
    pub(crate) fn session(&self, store: Arc<dyn Store>) -> Result<Session> {
        let mut builder = Session::builder(self.grant(None)?).store(store);
        if self.allow_http {
            builder = builder.danger_allow_http().transport(self.transport()?);
        }
        for origin in &self.api {
            builder = builder.api(origin);
        }
        builder.build().map_err(|error| self.failed(&error))
    }

    /// The transport of requests that are sent before there is a session.
    pub(crate) fn transport(&self) -> Result<HttpTransport> {
        Ok(match self.allow_http {
            true => HttpTransport::builder().danger_allow_http().build()?,
            false => HttpTransport::new(),
        })
    }

    pub(crate) fn failed(&self, error: &Error) -> Failure {
        Failure::of(error, &self.name)
    }
}
