//! Servers by name: their endpoints, and their differences from the RFCs, as data.

mod rows;

use std::collections::BTreeMap;
use std::time::Duration;

use auth_core::grant::{ExpiryFormat, ResponseFormat};
use auth_core::secret;
use auth_core::{Error, Result};

use crate::client::Client;
use crate::client_auth::ClientAuth;
use crate::server::{Encoding, Server};

use rows::{ROWS, Row};

/// A known server by its name: fills the settings of a [`Server`] and a [`Client`] from a table, and sends nothing.
///
/// Each row of the table has the vendor's page and the day on which the row was compared. What a server has one of for
/// each customer (a tenant, a domain, a realm) is a value that must be set. Every other value can be set, too,
/// by its name in [`fields`](Preset::fields), and what is built has the usual setters.
///
/// ```
/// use oauth2_generic::{ClientCredentials, Preset, Session, secret};
///
/// let entra = Preset::named("entra")?.set("tenant", "contoso.onmicrosoft.com");
/// let client = entra.client("11112222-3333-4444-5555-666677778888")?.secret(secret::env("CLIENT_SECRET"));
/// let session = Session::new(ClientCredentials::new(client)); // for Microsoft Graph, unless `scope` is set
/// # let _ = session;
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Preset {
    row: &'static Row,
    set: BTreeMap<String, String>,
}

impl Preset {
    /// Finds a preset by its name, such as `github`.
    ///
    /// # Errors
    /// [`Error::Configuration`] if there is none of this name; the message lists those that there are.
    pub fn named(name: &str) -> Result<Self> {
        Self::all()
            .find(|preset| preset.name() == name)
            .ok_or_else(|| {
                let known: Vec<_> = Self::all().map(|preset| preset.name()).collect();
                Error::configuration(format!(
                    "no preset is named `{}`; there are {}",
                    name.escape_default(),
                    known.join(", ")
                ))
            })
    }

    /// Returns every preset, sorted by name.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| Self {
            row,
            set: BTreeMap::new(),
        })
    }

    /// Sets a value that the server requires, such as `tenant`, or another value of one of the [`fields`](Preset::fields).
    ///
    /// A name that the preset does not have is an error of [`server`](Preset::server) and [`client`](Preset::client).
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set.insert(name.into(), value.into());
        self
    }

    /// Returns the name, such as `github`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.row.name
    }

    /// Returns the name for people, such as `GitHub`.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.row.title
    }

    /// Returns the URL of the vendor's page about token requests.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.row.source
    }

    /// Returns the day on which the values were compared with a copy of that page or with the vendor's own client, as
    /// `2026-11-28`.
    #[must_use]
    pub fn read_on(&self) -> &'static str {
        self.row.read_on
    }

    /// Returns the names of the values that the server has one of for each customer, with an example or the default.
    /// Those without a default must be set.
    pub fn values(&self) -> impl Iterator<Item = PresetValue> {
        self.row.values.iter().copied()
    }

    /// Returns a field as it will be used: with what is [`set`](Preset::set), or as the table has it. `None` if the
    /// preset does not fill it, or if a value in it is missing.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        if self.value(name).is_none()
            && let Some(set) = self.set.get(name)
        {
            return Some(set.clone());
        }
        let (_, text) = self.row.fields().find(|(it, _)| *it == name)?;
        self.filled(text).ok()
    }

    /// Returns the fields that the preset fills and their values, by their names in a profile of the command
    /// `auth-all`: `token_endpoint`, `scope`, `response.access_token`, `params.NAME`. A value that must be set stands in
    /// braces.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let fields = self.row.fields();
        fields
            .map(|(name, text)| {
                let filled = self.field(name).unwrap_or_else(|| text.to_owned());
                (name, filled)
            })
            .collect()
    }

    /// Makes the server.
    ///
    /// ```
    /// use oauth2_generic::Preset;
    ///
    /// let server = Preset::named("okta")?.set("domain", "acme.okta.com").server()?;
    /// assert_eq!(server.token_endpoint(), "https://acme.okta.com/oauth2/default/v1/token");
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`] if a value that the server requires is not set, or if the preset has no field of a
    /// name that was set.
    pub fn server(&self) -> Result<Server> {
        let fields = self.checked()?;
        let text = |name: &str| fields.get(name).cloned();
        let mut server = Server::new(text("token_endpoint").unwrap_or_default());
        if let Some(url) = text("authorization_endpoint") {
            server = server.authorization_endpoint(url);
        }
        if let Some(url) = text("device_authorization_endpoint") {
            server = server.device_authorization_endpoint(url);
        }
        if let Some(url) = text("revocation_endpoint") {
            server = server.revocation_endpoint(url);
        }
        if text("body").as_deref() == Some("json") {
            server = server.encoding(Encoding::Json);
        }
        if text("client_auth").as_deref() == Some("basic") {
            server = server.secret_by_basic();
        }
        Ok(server.response(format(&fields)))
    }

    /// Makes a client of the server, without authentication unless the preset has a place for it; set the client's
    /// secret or key.
    ///
    /// # Errors
    /// As [`server`](Preset::server).
    pub fn client(&self, client_id: impl Into<String>) -> Result<Client> {
        let mut client = Client::new(self.server()?, client_id);
        for (name, value) in self.checked()? {
            client = match name.as_str() {
                "scope" => client.scope(value),
                "audience" => client.audience(value),
                "api" => value.split(' ').fold(client, Client::api),
                "token_header" => client.token_header(value),
                "token_scheme" => client.token_scheme(value),
                "client_id_in_body" => client.client_id_in_body(),
                "client_assertion.file" => client.auth(ClientAuth::assertion(secret::file(value))),
                _ => match name.split_once('.') {
                    Some(("params", name)) => client.param(name, value),
                    Some(("login_params", name)) => client.login_param(name, value),
                    _ => client,
                },
            };
        }
        Ok(client)
    }

    /// Makes the grant of a client that signs for itself or a user, with the audience and the claims that the server
    /// requires.
    ///
    /// ```
    /// use oauth2_generic::{Preset, Session, SigningKey, secret};
    ///
    /// # fn session() -> oauth2_generic::Result<Session> {
    /// let salesforce = Preset::named("salesforce-jwt")?.set("subject", "jsmith@example.com");
    /// let key = SigningKey::from_pem(secret::file("client.pem"))?;
    /// let grant = salesforce.jwt_bearer(salesforce.client("3MVG9…")?, key)?;
    /// Ok(Session::new(grant))
    /// # }
    /// # let _ = session;
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`server`](Preset::server).
    #[cfg(feature = "jwt")]
    pub fn jwt_bearer(&self, client: Client, key: crate::SigningKey) -> Result<crate::JwtBearer> {
        let fields = self.checked()?;
        let grant = crate::JwtBearer::new(client, key);
        let mut grant = match fields.get("subject") {
            Some(subject) => grant.subject(subject),
            None => grant.without_subject(),
        };
        if let Some(audience) = fields.get("assertion_audience") {
            grant = grant.audience(audience);
        }
        if fields.contains_key("scope_in_claims") {
            grant = grant.scope_in_claims();
        }
        Ok(grant)
    }

    /// The value of a placeholder in the table.
    fn value(&self, name: &str) -> Option<&'static PresetValue> {
        self.row.values.iter().find(|value| value.name == name)
    }

    /// Every field with its value.
    fn checked(&self) -> Result<BTreeMap<String, String>> {
        let mut fields = BTreeMap::new();
        for (name, text) in self.row.fields() {
            fields.insert(name.to_owned(), self.filled(text)?);
        }
        for (name, value) in &self.set {
            if self.value(name).is_some() {
                continue;
            }
            if !is_field(name) {
                let mut known: Vec<_> = self.row.values.iter().map(|value| value.name).collect();
                known.extend(FIELDS);
                return Err(Error::configuration(format!(
                    "the preset `{}` has no `{}`; it has {}, `params.NAME` and `login_params.NAME`",
                    self.name(),
                    name.escape_default(),
                    known.join(", ")
                )));
            }
            fields.insert(name.clone(), value.clone());
        }
        Ok(fields)
    }

    /// A text of the table with the values in the places of their names.
    fn filled(&self, text: &str) -> Result<String> {
        let mut filled = text.to_owned();
        for value in self.row.values {
            let place = format!("{{{}}}", value.name);
            if !filled.contains(&place) {
                continue;
            }
            let set = self.set.get(value.name).map(String::as_str);
            let set = set.or(value.default).ok_or_else(|| {
                Error::configuration(format!(
                    "the preset `{}` requires `{}`, for instance `{}`",
                    self.name(),
                    value.name,
                    value.example
                ))
            })?;
            let is_whole = text == place;
            if set.is_empty() || (!is_whole && !set.bytes().all(is_part_of_url)) {
                return Err(Error::configuration(format!(
                    "`{}` of the preset `{}` is a part of a URL, for instance `{}`",
                    value.name,
                    self.name(),
                    value.example
                )));
            }
            filled = filled.replace(&place, set);
        }
        Ok(filled)
    }
}

/// Value that a server has one of for each customer, such as a tenant.
///
/// ```
/// use oauth2_generic::Preset;
///
/// let values: Vec<_> = Preset::named("keycloak")?.values().map(|value| value.name).collect();
/// assert_eq!(values, ["host", "realm"]);
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresetValue {
    /// The name, for [`Preset::set`].
    pub name: &'static str,
    /// An example.
    pub example: &'static str,
    /// The value if none is set; `None` if one must be set.
    pub default: Option<&'static str>,
}

/// The format of token responses that the fields describe.
fn format(fields: &BTreeMap<String, String>) -> ResponseFormat {
    let seconds = |text: &String| text.parse().map(Duration::from_secs).ok();
    let mut format = ResponseFormat::new();
    if let Some(member) = fields.get("response.access_token") {
        format = format.access_token(member.clone());
    }
    if let Some(member) = fields.get("response.refresh_token") {
        format = format.refresh_token(member.clone());
    }
    if let Some(member) = fields.get("response.expires_in") {
        format = format.expires(member.clone(), ExpiryFormat::Seconds);
    }
    if let Some(member) = fields.get("response.expires_at") {
        format = format.expires(member.clone(), ExpiryFormat::Rfc3339);
    }
    if let Some(life) = fields.get("response.lifetime").and_then(seconds) {
        format = format.lifetime(life);
    }
    if let Some(life) = fields
        .get("response.refresh_token_lifetime")
        .and_then(seconds)
    {
        format = format.refresh_token_lifetime(life);
    }
    match fields.get("response.token_type").map(String::as_str) {
        None => format,
        Some("any") => format.token_type_optional(),
        Some(words) => words
            .split(", ")
            .fold(format, |format, word| format.token_type(word.to_owned())),
    }
}

/// Returns `true` for a field that a preset may fill.
fn is_field(name: &str) -> bool {
    let is_param = |prefix: &str| name.strip_prefix(prefix).is_some_and(|it| !it.is_empty());
    FIELDS.contains(&name) || is_param("params.") || is_param("login_params.")
}

/// The characters of host names, ports and segments of a path; no other can lead to another host.
fn is_part_of_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte)
}

/// The fields, in words of a profile of the command.
const FIELDS: [&str; 25] = [
    "grant",
    "grant_type",
    "token_endpoint",
    "authorization_endpoint",
    "device_authorization_endpoint",
    "revocation_endpoint",
    "body",
    "client_auth",
    "client_assertion.file",
    "client_id_in_body",
    "scope",
    "scope_in_claims",
    "subject",
    "assertion_audience",
    "audience",
    "api",
    "token_header",
    "token_scheme",
    "response.access_token",
    "response.refresh_token",
    "response.expires_in",
    "response.expires_at",
    "response.lifetime",
    "response.refresh_token_lifetime",
    "response.token_type",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_source_a_day_and_known_fields() {
        for row in ROWS {
            assert!(row.source.starts_with("https://"), "{}", row.name);
            assert_eq!(row.read_on.len(), "2026-11-28".len(), "{}", row.name);
            for (name, text) in row.fields() {
                assert!(is_field(name), "{}: {name}", row.name);
                let mut rest = text.to_owned();
                for value in row.values {
                    rest = rest.replace(&format!("{{{}}}", value.name), "");
                }
                assert!(!rest.contains(['{', '}']), "{}: {text}", row.name);
            }
            for value in row.values {
                let place = format!("{{{}}}", value.name);
                let is_used = row.fields().any(|(_, text)| text.contains(&place));
                assert!(is_used, "{}: {place}", row.name);
            }
        }
    }

    #[test]
    fn rows_are_sorted_and_have_names_of_their_own() {
        assert!(ROWS.windows(2).all(|two| two[0].name < two[1].name));
    }
}
