//! The URL that users are sent to, with what makes it safe: `state` and PKCE.
//!
//! The only file that knows the `oauth2` crate.

use auth_core::grant::TokenRequest;
use auth_core::transport::is_loopback;
use auth_core::{Error, Result, Secret};
use oauth2::basic::BasicClient;
use oauth2::url::Url;
use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};

use crate::client::{Client, optional, repeated};
use crate::metadata::Endpoint;
use crate::place::query;

/// Content of the redirect.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'a> {
    /// A code, which only the holder of this verifier can use (RFC 7636).
    Code { code_verifier: &'a Secret },
    /// An access token.
    Token,
}

/// The authorization URL (RFC 6749 §4.1.1 and §4.2.1).
pub(crate) fn url(
    client: &Client,
    redirect_uri: &str,
    params: &[(String, String)],
    state: &str,
    wanted: Wanted<'_>,
) -> Result<String> {
    client.server().check()?;
    let params = &client.login_params(params)[..];
    // The endpoint does not matter: this finds values that cannot be sent, also in a URL.
    let values = TokenRequest::form(redirect_uri).param("client_id", client.id());
    let values = optional(values, "scope", client.wanted_scope());
    let values = optional(values, "audience", client.wanted_audience());
    let resources = client.resources().iter();
    let values = resources.fold(values, |values, it| values.param("resource", it));
    values.param("redirect_uri", redirect_uri).check()?;
    client.check_login(wanted)?;
    let flow = BasicClient::new(ClientId::new(client.id().to_owned()))
        .set_auth_uri(endpoint(client)?)
        .set_redirect_uri(redirect(redirect_uri, client.allows_http_login())?);
    let mut request = flow.authorize_url(|| CsrfToken::new(state.to_owned()));
    request = match wanted {
        Wanted::Code { code_verifier } => {
            // A code that is bound to the key as well (RFC 9449 §10).
            if let Some(thumbprint) = client.thumbprint() {
                request = request.add_extra_param("dpop_jkt", thumbprint);
            }
            request.set_pkce_challenge(challenge(code_verifier)?)
        }
        Wanted::Token => request.use_implicit_flow(),
    };
    if let Some(scope) = client.wanted_scope() {
        request = request.add_scope(Scope::new(scope.to_owned()));
    }
    if let Some(audience) = client.wanted_audience() {
        request = request.add_extra_param("audience", audience);
    }
    for resource in client.resources() {
        request = request.add_extra_param("resource", resource);
    }
    let is_given = params.iter().any(|(name, _)| name == "nonce");
    if let Some(nonce) = nonce(client, params, state, wanted).filter(|_| !is_given) {
        request = request.add_extra_param("nonce", nonce);
    }
    for (name, value) in params {
        if SECRETS.contains(&name.as_str()) {
            return Err(Error::configuration(format!(
                "`{name}` is a secret, which no URL may show; take it out of `param`"
            )));
        }
        if is_set(client, name, wanted) {
            return Err(repeated(name, "param"));
        }
        request = request.add_extra_param(name, value.as_str());
    }
    Ok(request.url().0.into())
}

/// Returns `true` if the URL has a parameter by itself.
fn is_set(client: &Client, name: &str, wanted: Wanted<'_>) -> bool {
    match name {
        "response_type" | "client_id" | "redirect_uri" | "state" | "request_uri" => true,
        "code_challenge" | "code_challenge_method" => matches!(wanted, Wanted::Code { .. }),
        "dpop_jkt" => client.is_bound(),
        "scope" => client.wanted_scope().is_some(),
        "audience" => client.wanted_audience().is_some(),
        "resource" => !client.resources().is_empty(),
        _ => false,
    }
}

/// The `nonce` that ties an ID token to this login (OpenID Connect Core §3.1.2.1); `None` where no ID token is asked for.
///
/// It is a hash of what is new with each login, so that a resumed login has the same again.
pub(crate) fn nonce(
    client: &Client,
    params: &[(String, String)],
    state: &str,
    wanted: Wanted<'_>,
) -> Option<String> {
    let params = client.login_params(params);
    let given = |name| params.iter().find(|(it, _)| it == name);
    if let Some((_, nonce)) = given("nonce") {
        return Some(nonce.clone());
    }
    let scope = given("scope").map(|(_, scope)| scope.as_str());
    let scope = scope.or(client.wanted_scope()).unwrap_or_default();
    if !scope.split(' ').any(|word| word == "openid") {
        return None;
    }
    let new = match wanted {
        Wanted::Code { code_verifier } => code_verifier.expose(),
        Wanted::Token => state,
    };
    let ascii: String = new.chars().filter(char::is_ascii).collect();
    // The crate hashes texts of 43 to 128 bytes.
    let text = PkceCodeVerifier::new(format!("nonce.{ascii:.<43.122}"));
    let hash = PkceCodeChallenge::from_code_verifier_sha256(&text);
    Some(hash.as_str().to_owned())
}

/// The parameters of a URL made here, without those of the endpoint's own query.
pub(crate) fn question(client: &Client, url: &str) -> Vec<(String, String)> {
    let endpoint = client.endpoint(Endpoint::Authorization);
    let own = query(endpoint.unwrap_or_default()).len();
    query(url).split_off(own)
}

/// The authorization URL of a login that was announced to the server (RFC 9126 §4).
pub(crate) fn pushed_url(client: &Client, request_uri: &str) -> Result<String> {
    let mut url = endpoint(client)?.url().clone();
    url.query_pairs_mut()
        .append_pair("client_id", client.id())
        .append_pair("request_uri", request_uri);
    Ok(url.into())
}

/// A short hash of a text of any length.
pub(crate) fn hash(text: &str) -> String {
    let mut hash = String::new();
    let characters: Vec<char> = text.chars().collect();
    // The crate hashes texts of 43 to 128 bytes, so this one is hashed piece by piece, each with the hash so far.
    for piece in characters.chunks(20) {
        let piece: String = piece.iter().collect();
        let text = PkceCodeVerifier::new(format!("{hash:.<43}{piece}"));
        let digest = PkceCodeChallenge::from_code_verifier_sha256(&text);
        digest.as_str().clone_into(&mut hash);
    }
    hash.truncate(16);
    hash
}

/// A new `state`: 128 random bits, which tie the redirect to its login.
pub(crate) fn new_state() -> String {
    CsrfToken::new_random().into_secret()
}

/// A new code verifier: 256 random bits (RFC 7636 §4.1).
pub(crate) fn new_code_verifier() -> Secret {
    Secret::new(PkceCodeChallenge::new_random_sha256().1.into_secret())
}

/// An absolute URL in the one spelling that browsers use.
pub(crate) fn normal(url: &str) -> Option<String> {
    Url::parse(url).ok().map(String::from)
}

fn keeps_private(url: &Url, allow_http: bool) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => allow_http || is_here(url),
        _ => false,
    }
}

fn endpoint(client: &Client) -> Result<AuthUrl> {
    let endpoint = AuthUrl::new(client.url(Endpoint::Authorization)?.to_owned()).map_err(|_| {
        Error::configuration("`authorization_endpoint` is not a URL; write it as https://host/path")
    })?;
    let url = endpoint.url();
    if url.fragment().is_some() {
        return Err(Error::configuration(
            "`authorization_endpoint` must not have a fragment",
        ));
    }
    if !keeps_private(url, client.allows_http_login()) {
        return Err(Error::configuration(
            "`authorization_endpoint` must begin with https://; plain http is for 127.0.0.1 and [::1] only",
        ));
    }
    Ok(endpoint)
}

fn redirect(redirect_uri: &str, allow_http: bool) -> Result<RedirectUrl> {
    // It is sent as it is, and no server has one registered with these.
    if redirect_uri.contains(|it: char| it.is_whitespace() || it.is_control()) {
        return Err(Error::configuration(
            "`redirect_uri` has a space or a line break in it; remove it",
        ));
    }
    let redirect = RedirectUrl::new(redirect_uri.to_owned())
        .map_err(|_| Error::configuration("`redirect_uri` is not an absolute URL"))?;
    let url = redirect.url();
    if url.fragment().is_some() {
        return Err(Error::configuration(
            "`redirect_uri` must not have a fragment",
        ));
    }
    // RFC 9700 §2.6. An app's own scheme stays on the device, and so does a name that only it can have.
    let is_local = is_here(url) || url.host_str() == Some("localhost");
    if url.scheme() == "http" && !is_local && !allow_http {
        return Err(Error::configuration(
            "`redirect_uri` must begin with https://; plain http is for 127.0.0.1, [::1] and localhost only",
        ));
    }
    Ok(redirect)
}

fn challenge(code_verifier: &Secret) -> Result<PkceCodeChallenge> {
    let text = code_verifier.expose();
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    // The crate panics for other lengths.
    if !(43..=128).contains(&text.len()) || !text.bytes().all(unreserved) {
        return Err(Error::configuration(
            "the code verifier is not one that `AuthorizationCode::begin` made",
        ));
    }
    let code_verifier = PkceCodeVerifier::new(text.to_owned());
    Ok(PkceCodeChallenge::from_code_verifier_sha256(&code_verifier))
}

fn is_here(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback)
}

/// Parameters that must not be in a URL, which browsers keep and send on.
const SECRETS: &[&str] = &[
    "client_secret",
    "code_verifier",
    "password",
    "refresh_token",
];
