//! `auth-all discover`: a profile made from the metadata of a server, or of the server that an API announces.

use std::fmt::Write as _;

use auth_all::Error;
use auth_all::generic::{Metadata, ProtectedResource, Server};
use auth_all::http::Uri;
use auth_all::transport::HttpTransport;

use crate::args;
use crate::failure::{Failure, Result};
use crate::output;

pub(super) fn run(options: &args::Discover) -> Result<()> {
    let http = HttpTransport::new();
    let url = options.url.as_str();
    let (server, api) = match Server::discover_with(url, &http) {
        Ok(server) => (server, None),
        // It publishes nothing as a server, so it may be an API.
        Err(error @ Error::Configuration { .. }) => match ProtectedResource::discover(url, &http) {
            Ok(api) => {
                let issuer = api.authorization_servers.first().cloned();
                let server = Server::discover_with(&issuer.unwrap_or_default(), &http)?;
                (server, Some(api))
            }
            Err(Error::Configuration { .. }) => return Err(error.into()),
            Err(other) => return Err(other.into()),
        },
        Err(error) => return Err(error.into()),
    };
    let Some(metadata) = server.metadata() else {
        return Err(Failure::configuration("the server announces nothing"));
    };
    output::result(&profile(metadata, api.as_ref()))
}

/// The profile, with a comment beside each line that a person completes.
fn profile(metadata: &Metadata, api: Option<&ProtectedResource>) -> String {
    let name = name(&metadata.issuer);
    let grants = grants(metadata);
    let secrets = format!("{{ file = \"/run/secrets/{name}\" }}");
    let methods = &metadata.token_endpoint_auth_methods_supported;
    let scopes = match api {
        Some(api) if !api.scopes_supported.is_empty() => &api.scopes_supported,
        _ => &metadata.scopes_supported,
    };
    let mut text = format!(
        "# Replace CLIENT_ID, and the other lines where their comment says so. A person then runs: auth-all login {name}\n\
         [profile.{name}]\nissuer = {}\n",
        quoted(&metadata.issuer)
    );
    let _ = writeln!(
        text,
        "grant = \"{}\"  # the server offers: {}",
        grants[0],
        grants.join(", ")
    );
    text.push_str("client_id = \"CLIENT_ID\"  # the name of your program at this server\n");
    let takes = |method: &&String| SECRETS.contains(&method.as_str());
    if methods.is_empty() || methods.iter().any(|method| takes(&method)) {
        let _ = writeln!(
            text,
            "# client_secret = {secrets}  # if the server gave your program a secret"
        );
    }
    if methods.iter().any(|method| method == "private_key_jwt") {
        let _ = writeln!(
            text,
            "# private_key = {secrets}  # or a key; `auth-all jwk {name}` prints its public half"
        );
    }
    match scopes.is_empty() {
        true => text.push_str("# scope = \"\"  # what the token is for\n"),
        false => {
            let listed: Vec<_> = scopes.iter().map(|scope| plain(scope)).collect();
            let _ = writeln!(
                text,
                "# scope = {}  # choose from these",
                quoted(&listed.join(" "))
            );
        }
    }
    match api {
        None => text.push_str(
            "# api = [\"https://api.example.com\"]  # the APIs that `proxy` and helpers send the token to\n",
        ),
        Some(api) => {
            let origin = origin(&api.resource);
            let _ = writeln!(
                text,
                "resource = {}\napi = [{}]",
                quoted(&api.resource),
                quoted(&origin)
            );
            for other in api.authorization_servers.iter().skip(1) {
                let _ = writeln!(text, "# issuer = {}  # announced, too", quoted(other));
            }
        }
    }
    text
}

/// The grants of the server that a profile can have, the likeliest first.
fn grants(metadata: &Metadata) -> Vec<&'static str> {
    let offered = &metadata.grant_types_supported;
    let has = |name: &str| offered.iter().any(|grant| grant == name);
    let browser = metadata.authorization_endpoint.is_some()
        && (offered.is_empty() || has("authorization_code"));
    let device = metadata.device_authorization_endpoint.is_some();
    let rows = [
        ("browser", browser),
        ("device", device),
        ("client_credentials", has("client_credentials")),
        ("password", has("password")),
        (
            "jwt_bearer",
            has("urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ),
        (
            "token_exchange",
            has("urn:ietf:params:oauth:grant-type:token-exchange"),
        ),
    ];
    let found = rows.into_iter().filter(|(_, is_offered)| *is_offered);
    let found: Vec<_> = found.map(|(name, _)| name).collect();
    match found.is_empty() {
        // The server announces none, so all are tried.
        true => vec!["client_credentials"],
        false => found,
    }
}

/// A name for the profile: the letters and digits of the host.
fn name(issuer: &str) -> String {
    let uri = issuer.parse::<Uri>().ok();
    let host = uri.and_then(|uri| uri.host().map(str::to_owned));
    let host = host.unwrap_or_default();
    let letters = host.chars().map(|letter| match letter {
        letter if letter.is_ascii_alphanumeric() => letter,
        _ => '-',
    });
    let name: String = letters.collect();
    match name.trim_matches('-') {
        "" => "server".to_owned(),
        name => name.to_owned(),
    }
}

/// Scheme, host and port.
fn origin(url: &str) -> String {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find('/').map_or(url.len(), |end| host + end);
    url[..end].to_owned()
}

/// A text of TOML. What a server sends cannot end it, nor a line.
fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(text))
}

/// A text without what has a meaning in TOML.
fn plain(text: &str) -> String {
    let fine = |letter: &char| !letter.is_control() && !matches!(letter, '"' | '\\');
    text.chars().filter(fine).collect()
}

/// Authentication by a secret, in words of metadata.
const SECRETS: [&str; 3] = [
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
];
