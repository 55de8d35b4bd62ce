//! The servers that can be simulated: the four of this crate, and your own.

use std::time::Duration;

use crate::tokens::{ALPHANUMERIC, random};
use crate::{Login, Realm, Received, Rejection, Response, aerion, aeris, ermeo, generic};

/// A vendor's server, run by a [`Simulator`](crate::Simulator).
///
/// Implement it to test your own vendor as the vendors of this workspace are tested: with faults,
/// gates, a clock, counted refresh tokens and `vendor_contract!`. The [`Realm`]
/// issues, expires, rotates and revokes tokens; the implementation accepts or refuses requests and builds
/// the responses.
///
/// ```
/// use std::time::Duration;
/// use auth_sim::{Login, Pair, Realm, Received, Rejection, Response, Simulator, VendorServer};
/// use serde_json::json;
///
/// struct Acme;
///
/// impl VendorServer for Acme {
///     fn name(&self) -> &str {
///         "acme"
///     }
///     fn token_path(&self) -> &str {
///         "/login"
///     }
///     fn account(&self) -> Login {
///         Login::new("my-app", "ada")
///     }
///     fn token(&self, realm: &mut Realm, request: &Received) -> Response {
///         let field = |name: &str| request.field(name).unwrap_or_default();
///         let granted = match request.grant_type().as_str() {
///             "password" if field("password") == "s3cret" && !realm.is_locked() => Ok(realm.log_in(&self.account())),
///             "refresh_token" => realm.refresh(&field("refresh_token"), None),
///             _ => Err(Rejection::Invalid),
///         };
///         match granted {
///             Ok(Pair { access_token, refresh_token, .. }) => Response::json(200, &json!({
///                 "access_token": access_token,
///                 "refresh_token": refresh_token,
///                 "expires_in": realm.expires_in(),
///                 "token_type": "bearer",
///             })),
///             Err(_) => Response::json(400, &json!({"error": "invalid_grant"})),
///         }
///     }
///     fn needs_token(&self, path: &str) -> bool {
///         path != "/introspect"
///     }
///     fn api(&self, realm: &mut Realm, request: &Received) -> Response {
///         if request.path == "/introspect" {
///             let token = request.field("token").unwrap_or_default();
///             return Response::json(200, &json!({"active": realm.access(&token).is_ok()}));
///         }
///         Response::json(200, &json!({"orders": []}))
///     }
///     fn reject(&self, why: Option<Rejection>) -> Response {
///         let code = if why == Some(Rejection::Expired) { "TOKEN_EXPIRED" } else { "UNAUTHORIZED" };
///         Response::json(401, &json!({"code": code}))
///     }
/// }
///
/// let acme = Simulator::builder(Acme).start()?;
/// let login = [("grant_type", "password"), ("password", "s3cret")];
/// let tokens = ureq::post(acme.token_url()).send_form(login)?.into_body().read_to_string()?;
/// let token = tokens.split('"').nth(3).ok_or("no token")?; // the members are sorted
/// let is_active = || -> Result<bool, ureq::Error> {
///     let answer = ureq::post(format!("{}/introspect", acme.url())).send_form([("token", token)])?;
///     Ok(answer.into_body().read_to_string()? == r#"{"active":true}"#)
/// };
/// assert!(is_active()?);
/// acme.advance(Duration::from_secs(3600));
/// assert!(!is_active()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait VendorServer: Send + Sync + 'static {
    /// Returns the name, in lower case.
    fn name(&self) -> &str;

    /// Returns the path of the token endpoint, with a leading slash.
    fn token_path(&self) -> &str;

    /// Returns the account that tests log in with;
    /// [`Simulator::issue_refresh_token`](crate::Simulator::issue_refresh_token) issues tokens for it.
    fn account(&self) -> Login;

    /// Answers a request to the token endpoint.
    fn token(&self, realm: &mut Realm, request: &Received) -> Response;

    /// Answers a request to any other path. If the path needs a token, the request had a valid one.
    fn api(&self, realm: &mut Realm, request: &Received) -> Response;

    /// Returns `true` if requests to this path need a token. Default: all do.
    fn needs_token(&self, path: &str) -> bool {
        let _ = path;
        true
    }

    /// Answers a request that needs a token and had none (`None`) or an invalid one. Default: 401.
    fn reject(&self, why: Option<Rejection>) -> Response {
        let _ = why;
        Response::new(401)
    }

    /// Returns the access token that a request presents. Default: that of `Authorization: Bearer`.
    fn presented<'a>(&self, request: &'a Received) -> Option<&'a str> {
        request.bearer()
    }

    /// Returns the secret of the client of [`account`](Self::account). Default: none; the client is not checked.
    fn client_secret(&self) -> Option<&str> {
        None
    }

    /// Returns the lifetime of an access token. Default: an hour.
    fn access_token_lifetime(&self) -> Duration {
        Duration::from_secs(3600)
    }

    /// Returns the lifetime of a refresh token. Default: 14 days.
    fn refresh_token_lifetime(&self) -> Duration {
        Duration::from_secs(14 * 24 * 3600)
    }

    /// Returns `true` if the reuse of a spent refresh token revokes every token of its login
    /// (RFC 9700 §4.14.2). Default: `false`.
    fn revokes_family_on_reuse(&self) -> bool {
        false
    }

    /// Makes a token. Default: 40 letters and digits.
    fn fresh_token(&self) -> String {
        random(ALPHANUMERIC, 40)
    }

    /// Answers any request. Default: by [`token`](Self::token), [`api`](Self::api) or
    /// [`reject`](Self::reject); `POST /echo` with a valid token returns the body.
    fn answer(&self, realm: &mut Realm, request: &Received) -> Response {
        route(self, realm, request)
    }
}

/// Routes a request by its path, and checks its token unless the path is the token endpoint's.
pub(crate) fn route<S: VendorServer + ?Sized>(
    server: &S,
    realm: &mut Realm,
    request: &Received,
) -> Response {
    if request.path == server.token_path() {
        return server.token(realm, request);
    }
    let echoes = (request.method.as_str(), request.path.as_str()) == ("POST", "/echo");
    if !echoes && !server.needs_token(&request.path) {
        return server.api(realm, request);
    }
    let Some(token) = server.presented(request) else {
        return server.reject(None);
    };
    match realm.access(token) {
        Err(why) => server.reject(Some(why)),
        Ok(_) if echoes => echo(request),
        Ok(_) => server.api(realm, request),
    }
}

/// Returns the body that arrived, for tests that send a body twice.
fn echo(request: &Received) -> Response {
    let content_type = request.header("content-type");
    let content_type = content_type.unwrap_or("application/octet-stream");
    Response::new(200).body(content_type, request.body.clone())
}

/// The servers of this crate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Vendor {
    /// Password and refresh grants in forms, and a tenant header.
    Aerion,
    /// A GET with the secrets in its query, and an absolute expiry.
    Aeris,
    /// JSON bodies, and refresh tokens that work once.
    Ermeo,
    /// An OAuth 2.0 authorization server with five grants.
    Generic,
}

impl Vendor {
    /// All vendors.
    pub const ALL: [Self; 4] = [Self::Aerion, Self::Aeris, Self::Ermeo, Self::Generic];
}

impl Vendor {
    fn server(self) -> &'static dyn VendorServer {
        match self {
            Self::Aerion => &aerion::Server,
            Self::Aeris => &aeris::Server,
            Self::Ermeo => &ermeo::Server,
            Self::Generic => &generic::Server,
        }
    }
}

impl VendorServer for Vendor {
    fn name(&self) -> &str {
        self.server().name()
    }

    fn token_path(&self) -> &str {
        self.server().token_path()
    }

    fn account(&self) -> Login {
        self.server().account()
    }

    fn token(&self, realm: &mut Realm, request: &Received) -> Response {
        self.server().token(realm, request)
    }

    fn api(&self, realm: &mut Realm, request: &Received) -> Response {
        self.server().api(realm, request)
    }

    fn needs_token(&self, path: &str) -> bool {
        self.server().needs_token(path)
    }

    fn reject(&self, why: Option<Rejection>) -> Response {
        self.server().reject(why)
    }

    fn client_secret(&self) -> Option<&str> {
        self.server().client_secret()
    }

    fn access_token_lifetime(&self) -> Duration {
        self.server().access_token_lifetime()
    }

    fn refresh_token_lifetime(&self) -> Duration {
        self.server().refresh_token_lifetime()
    }

    fn revokes_family_on_reuse(&self) -> bool {
        self.server().revokes_family_on_reuse()
    }

    fn fresh_token(&self) -> String {
        self.server().fresh_token()
    }

    fn answer(&self, realm: &mut Realm, request: &Received) -> Response {
        self.server().answer(realm, request)
    }
}
