//! A profile: one login at one server, and the session over it.

mod auth;
pub(crate) mod oauth;
mod preset;
mod vendor;

use std::sync::Arc;

use auth_all::generic::SigningKey;
use auth_all::http::Uri;
use auth_all::secret::SecretSource;
use auth_all::store::Store;
use auth_all::transport::{HttpTransport, Origin};
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
    helper: HelperSettings,
    settings: Vec<Setting>,
}

#[derive(Clone, Debug)]
enum Server {
    Vendor(Box<Vendor>),
    OAuth(Box<OAuth>),
}

/// Settings of `auth-all helper`, where a program leaves a choice.
#[derive(Clone, Debug)]
pub(crate) struct HelperSettings {
    /// The user name beside a token that is sent as a password.
    pub(crate) user: String,
    pub(crate) git: GitScheme,
    /// The registry takes the token without `Bearer`, as crates.io does.
    pub(crate) cargo_bare: bool,
}

/// Scheme of git's requests.
#[derive(Clone, Copy, Debug)]
pub(crate) enum GitScheme {
    /// Bearer if git supports it and the server asks for it, otherwise Basic.
    Auto,
    Bearer,
    Basic,
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
            Some(vendor) if vendor::NAMES.contains(&vendor) => {
                Server::Vendor(Box::new(Vendor::read(vendor, table)?))
            }
            preset => Server::OAuth(Box::new(OAuth::read(name, table, allow_http, preset)?)),
        };
        let mut api = table.texts("api")?;
        if let Some(wrong) = api.iter().find(|api| !is_origin(api)) {
            let complaint = format!("has {wrong:?}, and an API is `https://host[:port]`");
            return Err(table.wrong("api", &complaint));
        }
        let helper = HelperSettings::read(table)?;
        table.finish()?;
        let mut settings = table.settings();
        if let Server::OAuth(oauth) = &server {
            if api.is_empty() {
                api = oauth.api();
            }
            settings.extend(oauth.preset_settings(&settings));
        }
        Ok(Self {
            name: name.to_owned(),
            server,
            api,
            allow_http,
            helper,
            settings,
        })
    }

    /// The origins that the token is for.
    pub(crate) fn api(&self) -> &[String] {
        &self.api
    }

    pub(crate) fn helper(&self) -> &HelperSettings {
        &self.helper
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
        self.session_for(store, None)
    }

    /// The session over the login in this store, for requests to an origin: one of the profile's APIs, where it has any.
    pub(crate) fn session_for(
        &self,
        store: Arc<dyn Store>,
        origin: Option<&Origin>,
    ) -> Result<Session> {
        let grant = self.grant(None)?;
        let origin = origin
            .map(|origin| self.api_at(origin, &*grant))
            .transpose()?;
        let mut builder = Session::builder(grant).store(store);
        if let Some(origin) = origin {
            builder = builder.api(origin);
        }
        if self.allow_http {
            builder = builder.danger_allow_http().transport(self.transport()?);
        }
        for origin in &self.api {
            builder = builder.api(origin);
        }
        builder.build().map_err(|error| self.failed(&error))
    }

    /// Checks that an origin is an API of the profile: of its vendor or its `api`. Without both, any is.
    fn api_at(&self, origin: &Origin, grant: &dyn Grant) -> Result<String> {
        let vendor = match self.server {
            Server::Vendor(_) => grant.policy().apis().to_vec(),
            // A server of tokens is an API for its own tokens alone.
            Server::OAuth(_) => Vec::new(),
        };
        let apis = [vendor, self.api.clone()].concat();
        let is_here = |api: &String| {
            let uri = api.parse::<Uri>().ok();
            uri.and_then(|uri| Origin::of(&uri)).as_ref() == Some(origin)
        };
        if apis.is_empty() || apis.iter().any(is_here) {
            return Ok(origin.to_string());
        }
        let (name, apis) = (&self.name, apis.join(", "));
        let words = format!("{name}: {origin} is not one of its APIs, which are {apis}");
        Err(Failure::configuration(words).advice("add it to `api` of the profile"))
    }

    /// The transport of requests that are sent before there is a session.
    pub(crate) fn transport(&self) -> Result<HttpTransport> {
        Ok(match self.allow_http {
            true => HttpTransport::builder().danger_allow_http().build()?,
            false => HttpTransport::new(),
        })
    }

    /// The key that signs, named by its thumbprint (RFC 7638) unless the profile has a name for it.
    pub(crate) fn key(&self) -> Result<SigningKey> {
        let key = match &self.server {
            Server::Vendor(_) => None,
            Server::OAuth(oauth) => oauth.named_key(),
        };
        let name = &self.name;
        let key = key.ok_or_else(|| {
            Failure::configuration(format!("{name}: the profile has no `private_key`"))
        })?;
        key.map_err(|error| self.failed(&error))
    }

    pub(crate) fn failed(&self, error: &Error) -> Failure {
        Failure::of(error, &self.name)
    }
}

impl HelperSettings {
    fn read(table: &Table<'_>) -> Result<Self> {
        let mut settings = Self {
            user: "oauth2".to_owned(),
            git: GitScheme::Auto,
            cargo_bare: false,
        };
        let Some(table) = table.table("helper")? else {
            return Ok(settings);
        };
        if let Some(user) = table.text("user")? {
            if user.chars().any(char::is_control) {
                return Err(table.wrong("user", "has a line break"));
            }
            settings.user = user;
        }
        settings.git = match table.text("git")?.as_deref() {
            None | Some("auto") => GitScheme::Auto,
            Some("bearer") => GitScheme::Bearer,
            Some("basic") => GitScheme::Basic,
            Some(_) => return Err(table.wrong("git", "is \"auto\", \"bearer\" or \"basic\"")),
        };
        settings.cargo_bare = match table.text("cargo")?.as_deref() {
            None | Some("bearer") => false,
            Some("bare") => true,
            Some(_) => return Err(table.wrong("cargo", "is \"bearer\" or \"bare\"")),
        };
        table.finish()?;
        Ok(settings)
    }
}

/// Returns `true` for a scheme, a host and perhaps a port.
fn is_origin(api: &str) -> bool {
    let uri = api.parse::<Uri>().ok();
    uri.is_some_and(|uri| {
        Origin::of(&uri).is_some() && matches!(uri.path(), "" | "/") && uri.query().is_none()
    })
}
