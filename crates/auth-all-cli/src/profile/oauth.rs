//! Profiles of any OAuth 2.0 server: a client and a grant, made from the keys of a table.

use std::env;
use std::path::PathBuf;

use auth_all::generic::{
    Client, ClientAuth, ClientCredentials, Discovery, Encoding, JwtBearer, Password, RefreshToken,
    SecurityToken, Server, SigningKey, TokenExchange,
};
use auth_all::secret::SecretSource;
use auth_all::transport::Transport;
use auth_all::{Error, Grant};

use crate::config::table::Table;
use crate::failure::{Failure, Result};

use super::LogIn;

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
    token_header: Option<String>,
    token_scheme: Option<String>,
    username: Option<String>,
    password: Option<SecretSource>,
    /// The name of the login, if a person logs in.
    user: String,
    redirect_uri: Option<String>,
    subject_token: Option<(String, SecretSource)>,
    subject: Option<String>,
    allow_http: bool,
}

#[derive(Clone, Debug)]
enum Place {
    Issuer(String),
    Endpoints(Box<Endpoints>),
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
}

/// Authentication of the client.
#[derive(Clone, Debug)]
enum Auth {
    None,
    /// In the way that the server announces.
    Secret(SecretSource),
    Basic(SecretSource),
    Post(SecretSource),
    Key(SecretSource, Option<String>),
    Assertion(SecretSource),
}

impl OAuth {
    pub(super) fn read(name: &str, table: &Table<'_>, allow_http: bool) -> Result<Self> {
        let server = Place::read(table)?;
        let kind = Kind::read(table)?;
        let (client_id, _) = table.required("client_id")?;
        let auth = Auth::read(table)?;
        let username = match kind {
            Kind::Password => Some(table.required("username")?.0),
            _ => None,
        };
        let user = table.text("user")?;
        let subject_token = match kind {
            Kind::TokenExchange => {
                let token_type = table.text("subject_token_type")?;
                let token_type = token_type.unwrap_or_else(|| ACCESS_TOKEN.to_owned());
                Some((token_type, table.required_source("subject_token")?))
            }
            _ => None,
        };
        let subject = match kind {
            Kind::JwtBearer => table.text("subject")?,
            _ => None,
        };
        if kind == Kind::JwtBearer && !matches!(auth, Auth::Key(..)) {
            return Err(table.wrong("grant", "needs the `private_key` that signs"));
        }
        Ok(Self {
            server,
            kind,
            client_id,
            auth,
            scope: table.text("scope")?,
            audience: table.text("audience")?,
            resources: table.texts("resource")?,
            params: table.pairs("params")?,
            token_header: table.text("token_header")?,
            token_scheme: table.text("token_scheme")?,
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
            subject,
            allow_http,
        })
    }

    pub(super) fn kind(&self) -> &'static str {
        self.kind.name()
    }

    pub(super) fn place(&self) -> &str {
        match &self.server {
            Place::Issuer(issuer) => issuer,
            Place::Endpoints(endpoints) => &endpoints.token,
        }
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
        let server = self.server.find(self.allow_http, http)?;
        let mut client = Client::new(server, &self.client_id);
        client = match &self.auth {
            Auth::None => client,
            Auth::Secret(secret) => client.secret(secret),
            Auth::Basic(secret) => client.auth(ClientAuth::basic(secret)),
            Auth::Post(secret) => client.auth(ClientAuth::post(secret)),
            // The key of `jwt_bearer` signs the grant, not the client.
            Auth::Key(..) if self.kind == Kind::JwtBearer => client,
            Auth::Key(..) => client.auth(ClientAuth::private_key_jwt(self.key()?)),
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
        for (name, value) in &self.params {
            client = client.param(name, value);
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

    fn key(&self) -> auth_all::Result<SigningKey> {
        let Auth::Key(pem, id) = &self.auth else {
            return Err(Error::configuration("`private_key` is required"));
        };
        let key = SigningKey::from_pem(pem)?;
        Ok(match id {
            Some(id) => key.key_id(id),
            None => key,
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
                Box::new(TokenExchange::new(client, subject).user(&self.user))
            }
            (Kind::JwtBearer, _) => {
                let grant = JwtBearer::new(client, self.key()?);
                Box::new(match &self.subject {
                    Some(subject) => grant.subject(subject),
                    None => grant.without_subject(),
                })
            }
        })
    }
}

impl Place {
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
    fn read(table: &Table<'_>) -> Result<Self> {
        let (name, _) = table.required("grant")?;
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
        }
    }

    /// Returns `true` if a person logs in at the server.
    fn is_personal(self) -> bool {
        matches!(self, Self::RefreshToken | Self::Browser | Self::Device)
    }
}

impl Auth {
    fn read(table: &Table<'_>) -> Result<Self> {
        let secret = table.source("client_secret")?;
        let key = table.source("private_key")?;
        let assertion = table.source("client_assertion")?;
        let way = table.text("client_auth")?;
        match (secret, key, assertion) {
            (None, None, None) => match way.as_deref() {
                None | Some("none") => Ok(Self::None),
                Some(_) => Err(table.wrong("client_auth", "needs a `client_secret`")),
            },
            (Some(secret), None, None) => match way.as_deref() {
                None => Ok(Self::Secret(secret)),
                Some("basic") => Ok(Self::Basic(secret)),
                Some("post") => Ok(Self::Post(secret)),
                Some(_) => Err(table.wrong("client_auth", "is \"basic\" or \"post\"")),
            },
            (None, Some(key), None) => Ok(Self::Key(key, table.text("key_id")?)),
            (None, None, Some(assertion)) => Ok(Self::Assertion(assertion)),
            _ => Err(table.wrong(
                "client_secret",
                "is one of three: `client_secret`, `private_key` or `client_assertion`",
            )),
        }
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

const KINDS: [Kind; 7] = [
    Kind::ClientCredentials,
    Kind::Password,
    Kind::RefreshToken,
    Kind::Browser,
    Kind::Device,
    Kind::TokenExchange,
    Kind::JwtBearer,
];
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// File systems allow 255 bytes.
const LONGEST_NAME: usize = 200;
