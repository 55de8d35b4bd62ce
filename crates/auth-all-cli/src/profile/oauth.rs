//! Profiles of any OAuth 2.0 server: a client and a grant, made from the keys of a table.

use std::env;
use std::path::PathBuf;

use auth_all::Grant;
use auth_all::generic::{
    Client, ClientAuth, ClientCredentials, Discovery, Encoding, ExtensionGrant, JwtBearer,
    Password, Preset, RefreshToken, SecurityToken, Server, ServiceAccount, SigningKey,
    TokenExchange,
};
use auth_all::secret::SecretSource;
use auth_all::transport::Transport;

use crate::config::table::{Setting, Table};
use crate::failure::{Failure, Result};

use super::auth::Auth;
use super::{LogIn, preset};

/// A client at an OAuth 2.0 server.
#[derive(Clone, Debug)]
pub(crate) struct OAuth {
    server: Place,
    kind: Kind,
    client_id: String,
    auth: Auth,
    scope: Option<String>,
    audience: Option<String>,
    resources: Vec<String>,
    params: Vec<(String, String)>,
    login_params: Vec<(String, String)>,
    token_header: Option<String>,
    token_scheme: Option<String>,
    username: Option<String>,
    password: Option<SecretSource>,
    /// The name of the login, if a person logs in.
    user: String,
    redirect_uri: Option<String>,
    subject_token: Option<(String, SecretSource)>,
    actor_token: Option<(String, SecretSource)>,
    assertion: Assertion,
    /// The grant type of the server's own.
    grant_type: Option<String>,
    allow_http: bool,
}

#[derive(Clone, Debug)]
enum Place {
    Issuer(String),
    Endpoints(Box<Endpoints>),
    /// A known server, and its token endpoint.
    Preset(Box<Preset>, String),
}

/// Claims of the assertion that `jwt_bearer` signs.
#[derive(Clone, Debug, Default)]
struct Assertion {
    subject: Option<String>,
    audience: Option<String>,
    scope_in_claims: bool,
}

#[derive(Clone, Debug)]
struct Endpoints {
    token: String,
    authorization: Option<String>,
    device_authorization: Option<String>,
    revocation: Option<String>,
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    ClientCredentials,
    Password,
    RefreshToken,
    Browser,
    Device,
    TokenExchange,
    JwtBearer,
    Extension,
}

impl OAuth {
    /// Reads the keys of a profile; the preset, if one is named, stands for those that are left out.
    pub(super) fn read(
        name: &str,
        table: &Table<'_>,
        allow_http: bool,
        preset: Option<&str>,
    ) -> Result<Self> {
        let server = match preset {
            Some(preset) => Place::of(preset::read(preset, table)?)?,
            None => Place::read(table)?,
        };
        let preset = match &server {
            Place::Preset(preset, _) => Some(preset),
            _ => None,
        };
        let text = |key: &'static str| {
            let own = table.text(key)?;
            Ok::<_, Failure>(own.or_else(|| preset?.field(key)))
        };
        let kind = Kind::read(table, preset.and_then(|preset| preset.field("grant")))?;
        let auth = Auth::read(table, preset.and_then(|preset| preset.field("client_auth")))?;
        let client_id = match auth {
            Auth::Account(_) => table.text("client_id")?.unwrap_or_default(),
            _ => table.required("client_id")?.0,
        };
        let username = match kind {
            Kind::Password => Some(table.required("username")?.0),
            _ => None,
        };
        let user = table.text("user")?;
        let (subject_token, actor_token) = match kind {
            Kind::TokenExchange => {
                let token_type = |key: &'static str| {
                    let token_type = table.text(key)?;
                    Ok::<_, Failure>(token_type.unwrap_or_else(|| ACCESS_TOKEN.to_owned()))
                };
                let subject = table.required_source("subject_token")?;
                let subject = (token_type("subject_token_type")?, subject);
                let actor = match table.source("actor_token")? {
                    Some(actor) => Some((token_type("actor_token_type")?, actor)),
                    None => None,
                };
                (Some(subject), actor)
            }
            _ => (None, None),
        };
        let assertion = match kind {
            Kind::JwtBearer => Assertion {
                // A value of the preset was read with it.
                subject: match preset.and_then(|preset| preset.field("subject")) {
                    None => table.text("subject")?,
                    subject => subject,
                },
                audience: text("assertion_audience")?,
                scope_in_claims: table.flag("scope_in_claims")?
                    || matches!(auth, Auth::Account(_))
                    || preset.is_some_and(|preset| preset.field("scope_in_claims").is_some()),
            },
            _ => Assertion::default(),
        };
        match (kind, &auth) {
            (Kind::JwtBearer, Auth::Key(_) | Auth::Account(_)) => {}
            (Kind::JwtBearer, _) => {
                let complaint = "needs the `private_key` that signs, or a `service_account`";
                return Err(table.wrong("grant", complaint));
            }
            (_, Auth::Account(_)) => {
                return Err(table.wrong("service_account", "is for `grant = \"jwt_bearer\"`"));
            }
            _ => {}
        }
        let grant_type = match kind {
            Kind::Extension => match text("grant_type")? {
                None => return Err(table.missing(&["grant_type"])),
                grant_type => grant_type,
            },
            _ => None,
        };
        Ok(Self {
            kind,
            client_id,
            auth,
            scope: text("scope")?,
            audience: match preset.filter(|it| it.values().any(|it| it.name == "audience")) {
                Some(preset) => preset.field("audience"),
                None => text("audience")?,
            },
            resources: table.texts("resource")?,
            params: table.pairs("params")?,
            login_params: match kind.is_personal() {
                true => table.pairs("login_params")?,
                false => Vec::new(),
            },
            token_header: text("token_header")?,
            token_scheme: text("token_scheme")?,
            password: match kind {
                Kind::Password => table.prompted("password")?,
                _ => None,
            },
            redirect_uri: match kind.is_personal() {
                true => table.text("redirect_uri")?,
                false => None,
            },
            user: user.unwrap_or_else(|| name.to_owned()),
            username,
            subject_token,
            actor_token,
            assertion,
            grant_type,
            allow_http,
            server,
        })
    }

    pub(super) fn kind(&self) -> &'static str {
        self.kind.name()
    }

    pub(super) fn place(&self) -> &str {
        match &self.server {
            Place::Issuer(issuer) => issuer,
            Place::Endpoints(endpoints) => &endpoints.token,
            Place::Preset(_, endpoint) => endpoint,
        }
    }

    /// The APIs of a known server.
    pub(super) fn api(&self) -> Vec<String> {
        let api = match &self.server {
            Place::Preset(preset, _) => preset.field("api").unwrap_or_default(),
            _ => String::new(),
        };
        api.split_whitespace().map(str::to_owned).collect()
    }

    /// The settings of a known server that the profile does not set.
    pub(super) fn preset_settings(&self, given: &[Setting]) -> Vec<Setting> {
        let named = |key: &str, params: &[(String, String)]| {
            let names = params.iter().map(|(name, _)| format!("{key}.{name}"));
            names.collect::<Vec<_>>()
        };
        let mut params = named("params", &self.params);
        params.extend(named("login_params", &self.login_params));
        match &self.server {
            Place::Preset(preset, _) => preset::settings(preset, given, &params),
            _ => Vec::new(),
        }
    }

    /// The key that signs, with a name; `None` if the profile has no key.
    pub(super) fn named_key(&self) -> Option<auth_all::Result<SigningKey>> {
        self.auth.named_key()
    }

    pub(super) fn header(&self) -> &str {
        self.token_header.as_deref().unwrap_or("Authorization")
    }

    pub(crate) fn redirect_uri(&self) -> Option<&str> {
        self.redirect_uri.as_deref()
    }

    /// Returns `true` if the person logs in on another device unless an option names another way.
    pub(crate) fn prefers_device(&self) -> bool {
        self.kind == Kind::Device
    }

    pub(super) fn asks(&self) -> LogIn<'_> {
        match (self.kind, &self.username, &self.password) {
            (Kind::Password, Some(username), None) => LogIn::Password(username),
            (kind, _, _) if kind.is_personal() => LogIn::Person(self),
            _ => LogIn::Unattended,
        }
    }

    pub(super) fn has_refresh_tokens(&self) -> bool {
        self.kind == Kind::Password || self.kind.is_personal()
    }

    /// The client; its server's metadata is fetched at most once a day.
    pub(crate) fn client(&self, http: &dyn Transport) -> auth_all::Result<Client> {
        let id = match &self.auth {
            Auth::Account(file) if self.client_id.is_empty() => {
                ServiceAccount::from_json(file)?.email().to_owned()
            }
            _ => self.client_id.clone(),
        };
        let mut client = match &self.server {
            Place::Preset(preset, _) => self.set_in(preset).client(id)?,
            place => Client::new(place.find(self.allow_http, http)?, id),
        };
        client = match &self.auth {
            Auth::None => client,
            Auth::Secret(secret) => client.secret(secret),
            Auth::Basic(secret) => client.auth(ClientAuth::basic(secret)),
            Auth::Post(secret) => client.auth(ClientAuth::post(secret)),
            // The key of `jwt_bearer` signs the grant, not the client.
            Auth::Key(_) | Auth::Account(_) if self.kind == Kind::JwtBearer => client,
            Auth::Key(_) | Auth::Account(_) => {
                client.auth(ClientAuth::private_key_jwt(self.auth.key()?))
            }
            Auth::Assertion(token) => client.auth(ClientAuth::assertion(token)),
        };
        if let Some(scope) = &self.scope {
            client = client.scope(scope);
        }
        if let Some(audience) = &self.audience {
            client = client.audience(audience);
        }
        for resource in &self.resources {
            client = client.resource(resource);
        }
        if !matches!(self.server, Place::Preset(..)) {
            for (name, value) in &self.params {
                client = client.param(name, value);
            }
            for (name, value) in &self.login_params {
                client = client.login_param(name, value);
            }
        }
        if let Some(header) = &self.token_header {
            client = client.token_header(header);
        }
        if let Some(scheme) = &self.token_scheme {
            client = client.token_scheme(scheme);
        }
        if self.allow_http {
            client = client.danger_allow_http_login();
        }
        Ok(client)
    }

    /// The preset with the profile's parameters in the places of its own.
    fn set_in(&self, preset: &Preset) -> Preset {
        let params = self.params.iter().map(|it| ("params", it));
        let login_params = self.login_params.iter().map(|it| ("login_params", it));
        params
            .chain(login_params)
            .fold(preset.clone(), |preset, (key, (name, value))| {
                preset.set(format!("{key}.{name}"), value)
            })
    }

    pub(super) fn grant(
        &self,
        client: Client,
        password: Option<SecretSource>,
    ) -> Result<Box<dyn Grant>> {
        let password = self.password.clone().or(password);
        let username = self.username.clone().unwrap_or_default();
        Ok(match (self.kind, password) {
            (Kind::ClientCredentials, _) => Box::new(ClientCredentials::new(client)),
            (Kind::Password, Some(password)) => Box::new(Password::new(client, username, password)),
            (Kind::Password, None) => Box::new(RefreshToken::new(client).user(username)),
            (Kind::RefreshToken | Kind::Browser | Kind::Device, _) => {
                Box::new(RefreshToken::new(client).user(&self.user))
            }
            (Kind::TokenExchange, _) => {
                let (urn, token) = self.subject_token.clone().ok_or_else(|| {
                    Failure::configuration("`token_exchange` needs a `subject_token`")
                })?;
                let subject = SecurityToken::of_type(urn, token);
                let grant = TokenExchange::new(client, subject).user(&self.user);
                Box::new(match &self.actor_token {
                    Some((urn, token)) => grant.actor(SecurityToken::of_type(urn, token)),
                    None => grant,
                })
            }
            (Kind::JwtBearer, _) => {
                let mut grant = JwtBearer::new(client, self.auth.key()?);
                grant = match &self.assertion.subject {
                    Some(subject) => grant.subject(subject),
                    None => grant.without_subject(),
                };
                if let Some(audience) = &self.assertion.audience {
                    grant = grant.audience(audience);
                }
                if self.assertion.scope_in_claims {
                    grant = grant.scope_in_claims();
                }
                Box::new(grant)
            }
            (Kind::Extension, _) => {
                let grant_type = self.grant_type.clone().unwrap_or_default();
                Box::new(ExtensionGrant::for_client(client, grant_type))
            }
        })
    }
}

impl Place {
    /// A known server, whose values are all there.
    fn of(preset: Preset) -> Result<Self> {
        let endpoint = preset.server()?.token_endpoint().to_owned();
        Ok(Self::Preset(Box::new(preset), endpoint))
    }

    fn read(table: &Table<'_>) -> Result<Self> {
        if let Some(issuer) = table.text("issuer")? {
            return Ok(Self::Issuer(issuer));
        }
        let Some(token) = table.text("token_endpoint")? else {
            return Err(table.missing(&["issuer", "token_endpoint", "vendor"]));
        };
        Ok(Self::Endpoints(Box::new(Endpoints {
            token,
            authorization: table.text("authorization_endpoint")?,
            device_authorization: table.text("device_authorization_endpoint")?,
            revocation: table.text("revocation_endpoint")?,
            json: match table.text("body")?.as_deref() {
                None | Some("form") => false,
                Some("json") => true,
                Some(_) => return Err(table.wrong("body", "is \"form\" or \"json\"")),
            },
        })))
    }

    fn find(&self, allow_http: bool, http: &dyn Transport) -> auth_all::Result<Server> {
        let endpoints = match self {
            Self::Endpoints(endpoints) => endpoints,
            Self::Preset(preset, _) => return preset.server(),
            Self::Issuer(issuer) => {
                let mut discovery = Discovery::new(issuer);
                if allow_http {
                    discovery = discovery.danger_allow_http();
                }
                if let Some(file) = copy(issuer) {
                    discovery = discovery.cache(file);
                }
                return discovery.discover(http);
            }
        };
        let mut server = Server::new(&endpoints.token);
        if let Some(url) = &endpoints.authorization {
            server = server.authorization_endpoint(url);
        }
        if let Some(url) = &endpoints.device_authorization {
            server = server.device_authorization_endpoint(url);
        }
        if let Some(url) = &endpoints.revocation {
            server = server.revocation_endpoint(url);
        }
        Ok(match endpoints.json {
            true => server.encoding(Encoding::Json),
            false => server,
        })
    }
}

impl Kind {
    /// Reads `grant`; the first of a preset's grants is the default.
    fn read(table: &Table<'_>, of_preset: Option<String>) -> Result<Self> {
        let name = match (table.text("grant")?, of_preset) {
            (Some(name), _) => name,
            (None, Some(grants)) => grants.split(' ').next().unwrap_or_default().to_owned(),
            (None, None) => return Err(table.missing(&["grant"])),
        };
        let found = KINDS.iter().find(|kind| kind.name() == name);
        found.copied().ok_or_else(|| {
            let names: Vec<_> = KINDS.iter().map(|kind| kind.name()).collect();
            table.wrong("grant", &format!("is one of {}", names.join(", ")))
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
            Self::Browser => "browser",
            Self::Device => "device",
            Self::TokenExchange => "token_exchange",
            Self::JwtBearer => "jwt_bearer",
            Self::Extension => "extension",
        }
    }

    /// Returns `true` if a person logs in at the server.
    fn is_personal(self) -> bool {
        matches!(self, Self::RefreshToken | Self::Browser | Self::Device)
    }
}

/// The file for a copy of the issuer's metadata; `None` without a place for it.
///
/// Issuers with the same letters and digits share a file: the copy names its issuer, and another one replaces it.
fn copy(issuer: &str) -> Option<PathBuf> {
    let absolute = |name| {
        let path = env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let folder = match absolute("CACHE_DIRECTORY") {
        Some(folder) => folder,
        None if cfg!(windows) => absolute("LOCALAPPDATA")?.join("auth-all").join("cache"),
        None => absolute("XDG_CACHE_HOME")
            .or_else(|| Some(absolute("HOME")?.join(".cache")))?
            .join("auth-all"),
    };
    let letter = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '_'
        }
    };
    let name: String = issuer.chars().map(letter).take(LONGEST_NAME).collect();
    Some(folder.join(format!("{name}.json")))
}

const KINDS: [Kind; 8] = [
    Kind::ClientCredentials,
    Kind::Password,
    Kind::RefreshToken,
    Kind::Browser,
    Kind::Device,
    Kind::TokenExchange,
    Kind::JwtBearer,
    Kind::Extension,
];
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// File systems allow 255 bytes.
const LONGEST_NAME: usize = 200;
